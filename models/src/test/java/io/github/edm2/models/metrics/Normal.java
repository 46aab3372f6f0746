package io.github.edm2.models.metrics;

import java.util.Random;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Normally distributed vectors for tests, the same for the same seed. */
final class Normal {

    private Normal() {}

    static INDArray vectors(int count, int dimensions, long seed) {
        double[] values = new double[count * dimensions];
        Random random = new Random(seed);
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextGaussian();
        }
        return Nd4j.createFromArray(values).reshape(count, dimensions);
    }
}
