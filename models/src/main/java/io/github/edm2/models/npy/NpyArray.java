package io.github.edm2.models.npy;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;

/**
 * An array in the NPY format of NumPy, as the statistics of features have them: a vector, a matrix
 * that is symmetric, so that the order of its elements does not matter, or a number.
 *
 * <p>Not read by ND4J (M2.1), which believes the header: of an array that is cut short it gives
 * what lies behind it in memory, and it puts the elements of column-major ones in the wrong places.
 *
 * <p>Safe to share between threads that do not change its values.
 */
public final class NpyArray {

    private static final int PIECE = 1 << 20;
    private static final Pattern TYPE = Pattern.compile("[<>][fi][48]");

    private final List<Integer> shape;
    private final double[] values;

    /**
     * Takes the numbers of an array.
     *
     * @param shape empty for a number
     * @param values as many as the shape tells
     */
    public NpyArray(long[] shape, double[] values) {
        this(Arrays.stream(shape).mapToObj(Math::toIntExact).toList(), values);
    }

    private NpyArray(List<Integer> shape, double[] values) {
        this.shape = shape;
        this.values = values;
    }

    /** Empty for a number. */
    public long[] shape() {
        return shape.stream().mapToLong(Integer::longValue).toArray();
    }

    /** As many as the shape tells, not copied. */
    public double[] values() {
        return values;
    }

    /** Writes it as float64. */
    public void writeTo(OutputStream out) throws IOException {
        ByteBuffer piece = ByteBuffer.allocate(PIECE).order(ByteOrder.LITTLE_ENDIAN);
        out.write(new NpyHeader("<f8", false, shape).bytes());
        for (int begin = 0; begin < values.length; begin += PIECE / Double.BYTES) {
            int count = Math.min(PIECE / Double.BYTES, values.length - begin);
            piece.asDoubleBuffer().put(values, begin, count);
            out.write(piece.array(), 0, count * Double.BYTES);
        }
    }

    /** Writes its only number as int64. */
    public void writeIntegerTo(OutputStream out) throws IOException {
        out.write(new NpyHeader("<i8", false, shape).bytes());
        ByteBuffer number = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        out.write(number.putLong((long) values[0]).array());
    }

    /**
     * Reads an array of floats or integers of 4 or 8 bytes.
     *
     * @throws IOException if it holds something else or ends too early; the message completes a
     *     sentence that begins with the array's name
     */
    public static NpyArray readFrom(InputStream in) throws IOException {
        NpyHeader header = NpyHeader.readFrom(in);
        String type = header.type();
        if (!TYPE.matcher(type).matches()) {
            throw new IOException(
                    "has elements of the type %s, where floats or integers of 4 or 8 bytes are needed"
                            .formatted(type));
        }
        double[] values = new double[header.elements()];
        ByteOrder order = type.startsWith(">") ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
        read(in, order, type.substring(1), values);
        return new NpyArray(header.shape(), values);
    }

    private static void read(InputStream in, ByteOrder order, String type, double[] values)
            throws IOException {
        int width = type.endsWith("4") ? Integer.BYTES : Long.BYTES;
        for (int begin = 0; begin < values.length; begin += PIECE / width) {
            int end = Math.min(begin + PIECE / width, values.length);
            byte[] bytes = in.readNBytes((end - begin) * width);
            if (bytes.length < (end - begin) * width) {
                throw new EOFException("is cut short");
            }
            ByteBuffer piece = ByteBuffer.wrap(bytes).order(order);
            for (int i = begin; i < end; i++) {
                values[i] =
                        switch (type) {
                            case "f4" -> piece.getFloat();
                            case "f8" -> piece.getDouble();
                            case "i4" -> piece.getInt();
                            default -> piece.getLong();
                        };
            }
        }
    }
}
