package io.github.edm2.ema;

import java.util.ArrayList;
import java.util.List;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.transforms.pairwise.arithmetic.Axpy;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Several weighted sums of networks' weights in float, grown together while each network passes by
 * once. Memory: one network per sum.
 */
final class WeightedSums {

    private final List<Weights> sums = new ArrayList<>();

    WeightedSums(ParameterLayout layout, int count) {
        for (int i = 0; i < count; i++) {
            sums.add(Weights.zeros(layout, DataType.FLOAT));
        }
    }

    /**
     * Adds a piece of one network.
     *
     * @param firstElement where the piece begins in the network's row-major vector
     * @param piece float vector
     * @param coefficients factor of this network in each sum
     */
    void add(long firstElement, INDArray piece, double[] coefficients) {
        for (int i = 0; i < coefficients.length; i++) {
            if (coefficients[i] != 0) {
                INDArray sum =
                        sums.get(i)
                                .storage()
                                .get(0)
                                .get(
                                        NDArrayIndex.interval(
                                                firstElement, firstElement + piece.length()));
                Nd4j.getExecutioner().exec(new Axpy(piece, sum, sum, coefficients[i]));
            }
        }
    }

    Weights get(int i) {
        return sums.get(i);
    }
}
