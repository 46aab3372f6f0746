package io.github.edm2.models.pickle;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A NumPy array of numbers, unread until somebody asks for them. */
public final class NumpyArray {

    static final PickledClass TYPE = new PickledClass("numpy", "dtype");

    /** Positions in the tuple that NumPy gives for an array's state. */
    private static final int SHAPE = 1;

    private static final int DTYPE = 2;

    private static final int DATA = 4;

    private static final int MOST_NUMBERS = 1 << 12;

    private List<?> state = List.of();

    NumpyArray() {}

    void setState(Object state) {
        if (!(state instanceof List<?> list) || list.size() <= DATA) {
            throw new PickleException("is damaged: a NumPy array without data");
        }
        this.state = list;
    }

    /** From the arguments (bytes, type, shape, order) of protocol 5. */
    static NumpyArray ofBuffer(List<?> arguments) {
        NumpyArray array = new NumpyArray();
        array.setState(
                Arrays.asList(null, arguments.get(2), arguments.get(1), null, arguments.get(0)));
        return array;
    }

    /** A NumPy number, which becomes Long, Double or Boolean. */
    static Object scalar(List<?> arguments) {
        FileSlice data = (FileSlice) arguments.get(1);
        Element element = Element.of(arguments.get(0));
        if (data.length() != element.bytes) {
            throw new PickleException("is damaged: a NumPy number of another size than its type");
        }
        return element.next(ByteBuffer.wrap(data.bytes()).order(ByteOrder.LITTLE_ENDIAN));
    }

    /**
     * Its numbers in the order of storage.
     *
     * @throws PickleException if it has other elements than numbers, is large or damaged
     */
    public List<Object> numbers() {
        Element element = element();
        long count = count(element);
        if (count > MOST_NUMBERS) {
            throw misfit();
        }
        ByteBuffer bytes = bytes();
        List<Object> numbers = new ArrayList<>();
        for (long i = 0; i < count; i++) {
            numbers.add(element.next(bytes));
        }
        return numbers;
    }

    /**
     * Its floating-point numbers in the order of storage, however many.
     *
     * @throws PickleException if it has other elements or is damaged
     */
    public double[] doubles() {
        Element element = element();
        if (element.kind != 'f') {
            throw new PickleException("has a NumPy array of other elements than floats");
        }
        double[] doubles = new double[Math.toIntExact(count(element))];
        ByteBuffer bytes = bytes();
        for (int i = 0; i < doubles.length; i++) {
            doubles[i] = element.nextFloat(bytes);
        }
        return doubles;
    }

    /**
     * Lengths of its dimensions, of which {@link #doubles} has as many elements as they tell.
     *
     * @throws PickleException if they are none or do not fit the data
     */
    public long[] shape() {
        if (state.isEmpty() || !(state.get(SHAPE) instanceof List<?> lengths)) {
            throw new PickleException("has a NumPy array without a shape");
        }
        long left = count(element());
        long[] shape = new long[lengths.size()];
        for (int i = 0; i < shape.length; i++) {
            if (!(lengths.get(i) instanceof Long length) || length < 1 || left % length != 0) {
                throw misfit();
            }
            shape[i] = length;
            left /= length;
        }
        if (left != 1) {
            throw misfit();
        }
        return shape;
    }

    private Element element() {
        if (state.isEmpty()) {
            throw new PickleException("has a NumPy array without numbers");
        }
        return Element.of(state.get(DTYPE));
    }

    private FileSlice data() {
        if (!(state.get(DATA) instanceof FileSlice data)) {
            throw new PickleException("has a NumPy array without numbers");
        }
        return data;
    }

    private ByteBuffer bytes() {
        return ByteBuffer.wrap(data().bytes()).order(ByteOrder.LITTLE_ENDIAN);
    }

    private long count(Element element) {
        if (data().length() % element.bytes != 0) {
            throw misfit();
        }
        return data().length() / element.bytes;
    }

    private static PickleException misfit() {
        return new PickleException("has a NumPy array that does not fit its data");
    }

    /** A data type, for instance f4: a float of 4 bytes. */
    private record Element(char kind, int bytes) {

        private static final String BIG_ENDIAN = ">";

        static Element of(Object dtype) {
            if (!(dtype instanceof PickledObject object)
                    || object.arguments().isEmpty()
                    || !(object.arguments().get(0) instanceof String code)
                    || !code.matches("[fiub][1248]")) {
                throw new PickleException("has NumPy elements that are not numbers");
            }
            if (object.state() instanceof List<?> state && state.contains(BIG_ENDIAN)) {
                throw new PickleException("has big-endian NumPy numbers, which are not supported");
            }
            return new Element(code.charAt(0), code.charAt(1) - '0');
        }

        double nextFloat(ByteBuffer in) {
            return switch (bytes) {
                case Float.BYTES -> in.getFloat();
                case Double.BYTES -> in.getDouble();
                default ->
                        throw new PickleException(
                                "has NumPy floats of " + bytes + " bytes, which are not supported");
            };
        }

        Object next(ByteBuffer in) {
            if (kind == 'f') {
                return nextFloat(in);
            }
            long value =
                    switch (bytes) {
                        case Byte.BYTES -> in.get();
                        case Short.BYTES -> in.getShort();
                        case Integer.BYTES -> in.getInt();
                        default -> in.getLong();
                    };
            if (kind == 'b') {
                return value != 0;
            }
            boolean wraps = kind == 'u' && bytes < Long.BYTES;
            return wraps ? value & (1L << bytes * Byte.SIZE) - 1 : value;
        }
    }
}
