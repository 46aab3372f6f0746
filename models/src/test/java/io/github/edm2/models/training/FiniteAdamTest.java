package io.github.edm2.models.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.schedule.FixedSchedule;

/** Elements of the gradient that are not finite count as zero, and no others do. */
class FiniteAdamTest {

    private static final int LENGTH = 1000;

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
    void notFiniteCountsAsZero(float odd) {
        assertEquals(update(gradientWith(0)), update(gradientWith(odd)));
    }

    /** The sum of their squares overflows. */
    @ParameterizedTest
    @ValueSource(floats = {1.5e19f, -1.5e19f})
    void largeButFiniteIsKept(float large) {
        assertNotEquals(update(gradientWith(0)), update(gradientWith(large)));
    }

    private static INDArray gradientWith(float value) {
        INDArray gradient = Nd4j.linspace(DataType.FLOAT, -3, 0.01, LENGTH);
        for (int place : new int[] {0, LENGTH / 2, LENGTH - 1}) {
            gradient.putScalar(place, value);
        }
        return gradient;
    }

    private static INDArray update(INDArray gradient) {
        GradientUpdater<?> updater =
                new FiniteAdam(new FixedSchedule(1e-2))
                        .instantiate(Nd4j.create(DataType.FLOAT, 1, 2 * LENGTH), true);
        updater.applyUpdater(gradient, 0, 0);
        return gradient;
    }
}
