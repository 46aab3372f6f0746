package io.github.edm2.ema;

import java.util.List;
import java.util.function.Function;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.scalar.ScalarMultiplication;
import org.nd4j.linalg.api.ops.impl.transforms.pairwise.arithmetic.Axpy;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A running average a &larr; beta a + (1 - beta) w, kept as a = f s with one factor f for all
 * weights: f &larr; beta f, s &larr; s + (1 - beta) / f w. That is one operation on the weights,
 * which ND4J has for no interpolation: multiplying a before adding to it takes half as long again,
 * a matrix product ten times as long. Beta is the profile's ({@link PowerFunction}, Karras et al.,
 * arXiv:2312.02696, section 3.1).
 */
final class RunningAverage {

    /** Below it, the factor is multiplied into the sums, long before they could overflow. */
    private static final double LEAST_FACTOR = 0x1p-20;

    private final Weights sums;
    private double factor = 1;

    /**
     * @param sums zeros to start from
     */
    RunningAverage(Weights sums) {
        this.sums = sums;
    }

    /**
     * Adds the present weights to the average.
     *
     * @param weights vectors of the same lengths and types as the average's storage
     * @param beta factor of the average before, in [0, 1]
     */
    void add(List<INDArray> weights, double beta) {
        if (beta == 1) {
            return;
        }
        double next = beta * factor;
        boolean rescaled = next < LEAST_FACTOR;
        factor = rescaled ? 1 : next;
        for (int i = 0; i < weights.size(); i++) {
            INDArray sum = sums.storage().get(i);
            if (rescaled) {
                sum.muli(next);
            }
            Nd4j.getExecutioner().exec(new Axpy(weights.get(i), sum, sum, (1 - beta) / factor));
        }
    }

    /** The average in new arrays. */
    Weights value() {
        Weights value = sums.zerosLike();
        for (int i = 0; i < value.storage().size(); i++) {
            INDArray sum = sums.storage().get(i);
            Nd4j.getExecutioner()
                    .exec(new ScalarMultiplication(sum, null, value.storage().get(i), factor));
        }
        return value;
    }

    /** What the factor is multiplied with: the arrays themselves. */
    Weights sums() {
        return sums;
    }

    double factor() {
        return factor;
    }

    /**
     * Continues from an earlier state.
     *
     * @param saved sums by name, of the same shapes
     * @param savedFactor their factor
     */
    void restore(Function<String, INDArray> saved, double savedFactor) {
        sums.asMap().forEach((name, sum) -> sum.assign(saved.apply(name)));
        factor = savedFactor;
    }
}
