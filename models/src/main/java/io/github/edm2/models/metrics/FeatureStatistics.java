package io.github.edm2.models.metrics;

import java.util.Arrays;
import java.util.OptionalLong;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Mean and covariance of the feature vectors of a set of images, all that the Fréchet distance
 * needs to know of it. The covariance is the unbiased one, sum (x - m) (x - m)^T / (n - 1).
 *
 * <p>Safe to share between threads that change none of its arrays.
 */
public final class FeatureStatistics {

    /** What single precision leaves of symmetry. */
    private static final double ASYMMETRY = 1e-4;

    private static final long UNKNOWN = 0;

    private final long count;
    private final INDArray mean;
    private final INDArray covariance;

    /**
     * Statistics of a known number of images.
     *
     * @param count number of images, at least 2
     * @param mean [d]
     * @param covariance [d, d]
     * @throws IllegalArgumentException if the shapes do not fit, a number is not finite, or the
     *     covariance is not symmetric
     */
    public FeatureStatistics(long count, INDArray mean, INDArray covariance) {
        this(mean, covariance, count);
        if (count < 2) {
            throw new IllegalArgumentException(
                    "Statistics need features of at least 2 images, got " + count);
        }
    }

    /**
     * Statistics of an unknown number of images, as other programs store them: they can be compared
     * but not merged.
     *
     * @param mean [d]
     * @param covariance [d, d]
     * @throws IllegalArgumentException as for the other constructor
     */
    public FeatureStatistics(INDArray mean, INDArray covariance) {
        this(mean, covariance, UNKNOWN);
    }

    private FeatureStatistics(INDArray mean, INDArray covariance, long count) {
        if (mean.rank() != 1
                || covariance.rank() != 2
                || covariance.size(0) != mean.length()
                || covariance.size(1) != mean.length()) {
            throw new IllegalArgumentException(
                    "Mean and covariance must have the shapes [d] and [d, d], got %s and %s"
                            .formatted(
                                    Arrays.toString(mean.shape()),
                                    Arrays.toString(covariance.shape())));
        }
        this.count = count;
        this.mean = mean.castTo(DataType.DOUBLE);
        this.covariance = covariance.castTo(DataType.DOUBLE);
        double largest = this.covariance.amaxNumber().doubleValue();
        double sums =
                this.mean.sumNumber().doubleValue() + this.covariance.sumNumber().doubleValue();
        if (!Double.isFinite(largest + sums)) {
            throw new IllegalArgumentException(
                    "Mean and covariance must be finite numbers, some are not; make the statistics again");
        }
        double asymmetry =
                this.covariance.sub(this.covariance.transpose()).amaxNumber().doubleValue();
        if (asymmetry > ASYMMETRY * largest) {
            throw new IllegalArgumentException(
                    "A covariance must be symmetric, this one differs from its transpose by %.3g; its largest element is %.3g"
                            .formatted(asymmetry, largest));
        }
    }

    /** Number of images, if known. */
    public OptionalLong count() {
        return count == UNKNOWN ? OptionalLong.empty() : OptionalLong.of(count);
    }

    /** Elements of a feature vector. */
    public int dimensions() {
        return (int) mean.length();
    }

    /** Mean of the vectors, DOUBLE [d]. */
    public INDArray mean() {
        return mean;
    }

    /** Covariance of the vectors, DOUBLE [d, d]. */
    public INDArray covariance() {
        return covariance;
    }

    /**
     * Statistics of the images of both, as if they had been counted together; formulas at {@link
     * FeatureAccumulator}.
     *
     * @param other of other images
     * @throws IllegalArgumentException if the number of images of one is unknown, or the vectors
     *     have other lengths
     */
    public FeatureStatistics plus(FeatureStatistics other) {
        requireSameDimensions(other);
        if (count == UNKNOWN || other.count == UNKNOWN) {
            throw new IllegalArgumentException(
                    "Statistics of an unknown number of images cannot be merged; make them again with this program, which stores the number");
        }
        long total = count + other.count;
        double share = (double) other.count / total;
        INDArray step = other.mean.sub(mean);
        INDArray merged = covariance.mul(count - 1).addi(other.covariance.mul(other.count - 1));
        INDArray row = step.reshape(1, step.length());
        merged.addi(Nd4j.gemm(row, row, true, false).muli(count * share)).divi(total - 1);
        return new FeatureStatistics(total, mean.add(step.mul(share)), merged);
    }

    /** Checks that both are of vectors of one length. */
    void requireSameDimensions(FeatureStatistics other) {
        if (dimensions() != other.dimensions()) {
            throw new IllegalArgumentException(
                    "Statistics must be of features of one network, got vectors of %d and %d elements"
                            .formatted(dimensions(), other.dimensions()));
        }
    }
}
