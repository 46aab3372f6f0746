package io.github.edm2.ema;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Named tensors in an open file that are read piece by piece, so that no network need fit into
 * memory twice. For one thread at a time.
 */
public interface TensorFile extends AutoCloseable {

    /**
     * What is known of a tensor before it is read.
     *
     * @param type data type of its elements
     * @param shape its shape, empty for a scalar
     */
    record Info(DataType type, List<Long> shape) {

        /** A tensor of this type and shape. */
        public static Info of(DataType type, long... shape) {
            return new Info(type, Arrays.stream(shape).boxed().toList());
        }

        /** Number of elements. */
        public long length() {
            return ParameterLayout.elements(shape);
        }
    }

    /** The file, for messages. */
    Path path();

    /** The tensors by name, in the order in which they are best read. */
    Map<String, Info> tensors();

    /**
     * Reads elements of a tensor.
     *
     * @param name one of {@link #tensors()}
     * @param firstElement number of the first one in row-major order
     * @param target filled with little-endian elements
     */
    void read(String name, long firstElement, ByteBuffer target);

    /**
     * Reads a whole tensor.
     *
     * @param name one of {@link #tensors()}
     * @param target receives the elements, converted to its data type; of the tensor's shape
     */
    default void read(String name, INDArray target) {
        Info info = tensors().get(name);
        INDArray rowMajor = target.ordering() == 'c' ? target : target.dup('c');
        long length = info.length();
        try (TensorBuffer buffer = new TensorBuffer(info.type(), length)) {
            INDArray vector = rowMajor.reshape('c', new long[] {length});
            for (long begin = 0; begin < length; begin += buffer.capacity()) {
                long count = Math.min(buffer.capacity(), length - begin);
                read(name, begin, buffer.bytes(count));
                buffer.bytesChanged();
                TensorBuffer.piece(vector, begin, count).assign(buffer.vector(count));
            }
        }
        if (rowMajor != target) {
            target.assign(rowMajor);
        }
    }

    @Override
    void close();
}
