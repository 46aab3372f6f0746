package io.github.edm2.models.metrics;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Mean and covariance of feature vectors that come in batches, in double. With n vectors of mean m
 * and scatter matrix S = sum (x - m) (x - m)^T so far, a batch of n', m' and S' makes
 *
 * <pre>
 * m + n' / (n + n') (m' - m),    S + S' + n n' / (n + n') (m' - m) (m' - m)^T
 * </pre>
 *
 * (Chan, Golub and LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample
 * Variances", 1979), which loses no digits where the mean is large. Vectors are collected into
 * blocks of one size, so that small batches do not take longer and the division into batches does
 * not matter at all. One thread at a time.
 */
public final class FeatureAccumulator {

    private final INDArray mean;
    private final INDArray scatter;
    private final INDArray vectors;
    private int collected;
    private long count;

    /**
     * Begins with no vectors.
     *
     * @param dimensions elements of a feature vector
     * @throws IllegalArgumentException if not positive
     */
    public FeatureAccumulator(int dimensions) {
        if (dimensions < 1) {
            throw new IllegalArgumentException(
                    "Feature vectors must have at least 1 element, got " + dimensions);
        }
        mean = Nd4j.zeros(DataType.DOUBLE, dimensions);
        scatter = Nd4j.create(DataType.DOUBLE, new long[] {dimensions, dimensions}, 'f');
        vectors = Nd4j.createUninitialized(DataType.DOUBLE, Features.BLOCK + 1, dimensions);
    }

    /**
     * Adds the vectors of a batch.
     *
     * @param batch [vectors, dimensions] of floats or doubles
     * @throws IllegalArgumentException if it has another shape or numbers that are not finite; then
     *     nothing is added
     */
    public void add(INDArray batch) {
        Features features = new Features(batch, "Features", 1, count());
        if (features.dimensions() != mean.length()) {
            throw new IllegalArgumentException(
                    "Feature vectors must have %d elements like those before, got %d"
                            .formatted(mean.length(), features.dimensions()));
        }
        int begin = 0;
        while (begin < features.count()) {
            int end = Math.min(begin + Features.BLOCK - collected, features.count());
            features.copy(begin, end, rows(collected, collected + end - begin));
            collected += end - begin;
            begin = end;
            if (collected == Features.BLOCK) {
                addCollected();
            }
        }
    }

    private INDArray rows(int begin, int end) {
        return vectors.get(NDArrayIndex.interval(begin, end), NDArrayIndex.all());
    }

    private void addCollected() {
        INDArray block = rows(0, collected);
        double share = (double) collected / (count + collected);
        INDArray blockMean = block.mean(0);
        INDArray step = blockMean.sub(mean);
        block.subiRowVector(blockMean);
        // The step between the means as one more row: the whole update is one product.
        vectors.getRow(collected).assign(step.mul(Math.sqrt(count * share)));
        INDArray deviations = rows(0, collected + 1);
        Nd4j.gemm(deviations, deviations, scatter, true, false, 1, 1);
        mean.addi(step.muli(share));
        count += collected;
        collected = 0;
    }

    /** How many vectors were added. */
    public long count() {
        return count + collected;
    }

    /**
     * What was added so far.
     *
     * @throws IllegalStateException if that is less than two vectors
     */
    public FeatureStatistics statistics() {
        if (count() < 2) {
            throw new IllegalStateException(
                    "Statistics need features of at least 2 images, got " + count());
        }
        if (collected > 0) {
            addCollected();
        }
        return new FeatureStatistics(count, mean.dup(), scatter.div(count - 1));
    }
}
