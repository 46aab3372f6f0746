package io.github.edm2.models.sampling;

import java.util.function.Supplier;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Noise of a batch of images in which every image has a generator of its own, so that a seed gives
 * the same image in any batch. Each call of {@link #get} draws further N(0,1) noise [batch,
 * channels, height, width] in single precision.
 *
 * <p>For one thread at a time.
 */
public interface SeededNoise extends Supplier<INDArray>, AutoCloseable {

    /**
     * Draws a class for every image, uniformly; between the first noise and any further noise.
     *
     * @param classes number of classes, positive
     * @return numbers from 0 to {@code classes - 1}
     */
    int[] randomClasses(int classes);

    @Override
    void close();

    /** Makes the noise of a batch. */
    @FunctionalInterface
    interface Factory {

        /**
         * Makes generators.
         *
         * @param seeds one per image
         * @param shape {channels, height, width}
         */
        SeededNoise of(long[] seeds, long... shape);
    }
}
