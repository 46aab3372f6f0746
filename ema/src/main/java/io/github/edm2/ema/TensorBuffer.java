package io.github.edm2.ema;

import java.nio.ByteBuffer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.concurrency.AffinityManager.Location;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * A piece of memory that files and arrays are exchanged through: seen as bytes by a channel, as a
 * vector by ND4J. All platforms of ND4J are little-endian, as the files are.
 */
final class TensorBuffer implements AutoCloseable {

    /**
     * Elements per piece: large enough to hide the cost of an operation, small beside a network.
     */
    private static final int CAPACITY = 1 << 20;

    private final INDArray array;

    TensorBuffer(DataType type, long atMost) {
        long length = Math.max(1, Math.min(CAPACITY, atMost));
        array = Weights.outsideWorkspaces(() -> Nd4j.createUninitialized(type, length));
    }

    /** Elements that fit. */
    long capacity() {
        return array.length();
    }

    /** The first elements as a vector. */
    INDArray vector(long length) {
        return array.get(NDArrayIndex.interval(0, length));
    }

    /** Memory of the first elements as last computed by ND4J. */
    ByteBuffer bytes(long length) {
        Nd4j.getAffinityManager().ensureLocation(array, Location.HOST);
        return array.data().asNio().slice(0, Math.toIntExact(length * array.dataType().width()));
    }

    /** A piece of a vector, as a view. */
    static INDArray piece(INDArray vector, long begin, long length) {
        return vector.get(NDArrayIndex.interval(begin, begin + length));
    }

    /** Tells ND4J that the bytes were changed, so that a device copies them. */
    void bytesChanged() {
        Nd4j.getAffinityManager().tagLocation(array, Location.HOST);
    }

    @Override
    public void close() {
        array.close();
    }
}
