package io.github.edm2.ema;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Mean and variance of each channel over batches of activations, whatever their sizes: those of all
 * values together (Chan, Golub, LeVeque, 1979). In double precision.
 */
final class ChannelMoments {

    private final INDArray mean;
    private final INDArray squares;
    private long count;

    ChannelMoments(long channels) {
        mean = Nd4j.zeros(DataType.DOUBLE, channels);
        squares = Nd4j.zeros(DataType.DOUBLE, channels);
    }

    /**
     * Adds a batch.
     *
     * @param activations of any shape
     * @param others all dimensions but that of the channels
     */
    void add(INDArray activations, int... others) {
        INDArray values = activations.castTo(DataType.DOUBLE);
        long added = values.length() / mean.length();
        // Where there is one value, ND4J (M2.1) reduces nothing and gives the values or their
        // shape.
        INDArray difference = values.mean(others).reshape(mean.shape()).sub(mean);
        INDArray variance = values.var(false, others).reshape(mean.shape());
        long before = count;
        count += added;
        double share = (double) added / count;
        mean.addi(difference.mul(share));
        squares.addi(variance.mul(added)).addi(difference.muli(difference).muli(before * share));
    }

    /** Values of each channel. */
    long count() {
        return count;
    }

    /** Mean of each channel. */
    INDArray mean() {
        return mean;
    }

    /** Variance of each channel, of the values and not of what they were drawn from. */
    INDArray variance() {
        return squares.div(count);
    }
}
