package io.github.edm2.models.pickle;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.apache.commons.compress.utils.SeekableInMemoryByteChannel;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A tensor of PyTorch, whose numbers stay in the file until they are read.
 *
 * <p>For one thread at a time.
 */
public final class TorchTensor {

    private static final int DEEPEST = 16;

    private final TorchStorage storage;
    private final long offset;
    private final long[] shape;
    private final long[] stride;

    private TorchTensor(TorchStorage storage, long offset, long[] shape, long[] stride) {
        this.storage = storage;
        this.offset = offset;
        this.shape = shape;
        this.stride = stride;
        long reach = offset;
        long count = 1;
        for (int i = 0; i < shape.length; i++) {
            if (shape[i] < 1 || stride[i] < 0) {
                throw outside();
            }
            try {
                reach = Math.addExact(reach, Math.multiplyExact(shape[i] - 1, stride[i]));
                count = Math.multiplyExact(count, shape[i]);
            } catch (ArithmeticException e) {
                throw outside();
            }
        }
        if (offset < 0 || reach >= storage.length() || count > storage.length()) {
            throw outside();
        }
    }

    private PickleException outside() {
        return new PickleException(
                "is damaged: a tensor of shape %s and strides %s at %d is not inside its storage of %d elements"
                        .formatted(
                                Arrays.toString(shape),
                                Arrays.toString(stride),
                                offset,
                                storage.length()));
    }

    /** From the arguments (storage, offset, shape, stride, ...) of PyTorch's function. */
    static TorchTensor rebuild(List<?> arguments) {
        long[] shape = longs((List<?>) arguments.get(2));
        long[] stride = longs((List<?>) arguments.get(3));
        if (shape.length != stride.length || shape.length > DEEPEST) {
            throw new PickleException("is damaged: a tensor whose strides do not fit its shape");
        }
        return new TorchTensor(
                (TorchStorage) arguments.get(0), (Long) arguments.get(1), shape, stride);
    }

    private static long[] longs(List<?> numbers) {
        return numbers.stream().mapToLong(n -> (Long) n).toArray();
    }

    /** Data type of its elements. */
    public DataType type() {
        return storage.type();
    }

    /** Its shape; empty for a scalar. */
    public long[] shape() {
        return shape.clone();
    }

    /** Number of elements. */
    public long length() {
        return Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    }

    /**
     * Reads elements in row-major order; only of a {@link #contiguous} tensor.
     *
     * @param firstElement number of the first one
     * @param target filled with little-endian elements
     * @throws PickleException if the file cannot be read
     */
    public void read(long firstElement, ByteBuffer target) {
        storage.data().read((offset + firstElement) * type().width(), target);
    }

    /** This tensor if its elements follow one another in row-major order, or else such a copy. */
    public TorchTensor contiguous() {
        return isContiguous() ? this : copy();
    }

    /** Bytes of the file that it needs: its own if they are contiguous, or else its storage. */
    public long bytes() {
        return isContiguous() ? length() * type().width() : storage.bytes();
    }

    private boolean isContiguous() {
        long expected = 1;
        boolean contiguous = true;
        for (int i = shape.length - 1; i >= 0; i--) {
            contiguous &= shape[i] == 1 || stride[i] == expected;
            expected *= shape[i];
        }
        return contiguous;
    }

    private TorchTensor copy() {
        if (storage.bytes() > Integer.MAX_VALUE) {
            throw new PickleException(
                    "has a tensor of %d bytes whose elements do not follow one another, too large"
                            .formatted(storage.bytes()));
        }
        INDArray all = Nd4j.createUninitialized(type(), storage.length());
        storage.data().read(0, all.data().asNio());
        INDArray rowMajor = Nd4j.create(all.data(), shape, stride, offset, 'c', type()).dup('c');
        ByteBuffer elements = rowMajor.data().asNio();
        byte[] bytes = new byte[elements.remaining()];
        elements.get(bytes);
        Reference.reachabilityFence(rowMajor); // the buffer alone does not keep its memory
        TorchStorage own = new TorchStorage(type(), length());
        own.setData(new FileSlice(new SeekableInMemoryByteChannel(bytes)));
        return new TorchTensor(own, 0, shape, rowMajorStride());
    }

    private long[] rowMajorStride() {
        long[] result = new long[shape.length];
        long next = 1;
        for (int i = shape.length - 1; i >= 0; i--) {
            result[i] = next;
            next *= shape[i];
        }
        return result;
    }
}
