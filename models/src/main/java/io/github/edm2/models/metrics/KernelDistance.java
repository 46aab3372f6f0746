package io.github.edm2.models.metrics;

import java.util.SplittableRandom;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.transforms.same.Cube;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Kernel (Inception) distance KID of Bińkowski et al., "Demystifying MMD GANs" (arXiv:1801.01401):
 * the squared maximum mean discrepancy of features x and y of two sets,
 *
 * <pre>
 * mean of k(x, x') over pairs x, x' of one real set, without those of a vector and itself
 *     + the same of k(y, y') of the generated set  -  2 mean k(x, y),    k(x, y) = (x . y / d + 1)^3,
 * </pre>
 *
 * whose expectation is that of the distributions, whatever the number of images: it is 0 where they
 * are the same, and then negative as often as positive. Averaged over subsets, which are drawn
 * without replacement from each set.
 *
 * @param mean over the subsets
 * @param standardError of that mean, from the spread over the subsets, as if no two of them had
 *     images in common; NaN where each subset is the whole of both sets and there is no spread
 */
public record KernelDistance(double mean, double standardError) {

    /** Usual number of subsets. */
    public static final int SUBSETS = 100;

    /** Usual number of images in a subset. */
    public static final int SUBSET_SIZE = 1000;

    /**
     * Distance by the usual subsets.
     *
     * @param real features [n, d], of at least 2 images
     * @param generated features [m, d], of at least 2 images
     * @param seed of the drawing
     * @throws IllegalArgumentException as for the other method
     */
    public static KernelDistance between(INDArray real, INDArray generated, long seed) {
        return between(real, generated, SUBSETS, SUBSET_SIZE, seed);
    }

    /**
     * Distance by given subsets.
     *
     * @param real features [n, d], of at least 2 images
     * @param generated features [m, d], of at least 2 images
     * @param subsets how many, at least 2
     * @param subsetSize images in each, at least 2; all of the smaller set if it has fewer
     * @param seed of the drawing
     * @throws IllegalArgumentException if features are too few or not finite, or their shapes do
     *     not fit, or there are too few subsets or images in them
     */
    public static KernelDistance between(
            INDArray real, INDArray generated, int subsets, int subsetSize, long seed) {
        if (subsets < 2 || subsetSize < 2) {
            throw new IllegalArgumentException(
                    "Kernel distance needs at least 2 subsets of at least 2 images, got %d of %d"
                            .formatted(subsets, subsetSize));
        }
        Features x = new Features(real, "Real features", 2);
        Features y = new Features(generated, "Generated features", 2);
        Features.requireSameDimensions(x, y);
        int size = Math.min(subsetSize, Math.min(x.count(), y.count()));
        boolean whole = size == x.count() && size == y.count();
        double[] distances = new double[whole ? 1 : subsets];
        SplittableRandom random = new SplittableRandom(seed);
        try (INDArray products =
                Nd4j.createUninitialized(DataType.DOUBLE, new long[] {size, size}, 'f')) {
            for (int i = 0; i < distances.length; i++) {
                try (INDArray a = x.rows(RandomSubset.draw(x.count(), size, random));
                        INDArray b = y.rows(RandomSubset.draw(y.count(), size, random))) {
                    distances[i] = unbiased(a, b, products);
                }
            }
        }
        return of(distances);
    }

    private static KernelDistance of(double[] distances) {
        double mean = 0;
        for (double distance : distances) {
            mean += distance / distances.length;
        }
        double squares = 0;
        for (double distance : distances) {
            squares += (distance - mean) * (distance - mean);
        }
        double variance = squares / (distances.length - 1); // NaN of a single one
        return new KernelDistance(mean, Math.sqrt(variance / distances.length));
    }

    private static double unbiased(INDArray x, INDArray y, INDArray products) {
        double size = x.size(0);
        double within =
                kernelSum(x, x, products)
                        + kernelSum(y, y, products)
                        - ownKernelSum(x)
                        - ownKernelSum(y);
        double between = kernelSum(x, y, products);
        return within / (size * (size - 1)) - 2 * between / (size * size);
    }

    private static double kernelSum(INDArray x, INDArray y, INDArray products) {
        Nd4j.gemm(x, y, products, false, true, 1.0 / x.size(1), 0);
        return Nd4j.getExecutioner().exec(new Cube(products.addi(1))).sumNumber().doubleValue();
    }

    /** Sum of k(x, x). */
    private static double ownKernelSum(INDArray x) {
        double sum = 0;
        for (double squaredLength : Features.squaredLengths(x)) {
            double base = squaredLength / x.size(1) + 1;
            sum += base * base * base;
        }
        return sum;
    }
}
