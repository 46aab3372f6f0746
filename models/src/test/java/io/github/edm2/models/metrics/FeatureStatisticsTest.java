package io.github.edm2.models.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Proves that mean and covariance are those of all vectors, however these are divided. */
class FeatureStatisticsTest {

    private static final double TOLERANCE = 1e-9;

    /** Correlated vectors far from the origin. */
    static INDArray vectors(int count, int dimensions, long seed) {
        INDArray noise = Normal.vectors(count, dimensions, seed);
        return noise.add(noise.sum(true, 1).muli(0.3)).addi(1000);
    }

    static FeatureStatistics statistics(INDArray vectors) {
        FeatureAccumulator accumulator = new FeatureAccumulator((int) vectors.size(1));
        accumulator.add(vectors);
        return accumulator.statistics();
    }

    private static INDArray part(INDArray vectors, long begin, long end) {
        return vectors.get(NDArrayIndex.interval(begin, end), NDArrayIndex.all());
    }

    private static void assertClose(INDArray expected, INDArray actual) {
        double error = expected.sub(actual).amaxNumber().doubleValue();
        double scale = expected.amaxNumber().doubleValue();
        assertTrue(error <= TOLERANCE * scale, "relative error " + error / scale);
    }

    /** By the definition, with another order of operations. */
    private static void assertStatistics(INDArray vectors, FeatureStatistics actual) {
        INDArray mean = vectors.mean(0);
        INDArray deviations = vectors.subRowVector(mean);
        INDArray covariance = deviations.transpose().mmul(deviations).divi(vectors.size(0) - 1);
        assertEquals(OptionalLong.of(vectors.size(0)), actual.count());
        assertClose(mean, actual.mean());
        assertClose(covariance, actual.covariance());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 64, 1500, 2600})
    void batchesMakeTheStatisticsOfAll(int batch) {
        INDArray vectors = vectors(2600, 12, 1);
        FeatureAccumulator accumulator = new FeatureAccumulator(12);
        for (int begin = 0; begin < 2600; begin += batch) {
            accumulator.add(part(vectors, begin, Math.min(begin + batch, 2600)));
        }
        assertEquals(2600, accumulator.count());
        assertStatistics(vectors, accumulator.statistics());
    }

    @Test
    void divisionIntoBatchesDoesNotMatter() {
        INDArray vectors = vectors(2600, 12, 9);
        FeatureAccumulator accumulator = new FeatureAccumulator(12);
        for (int begin = 0; begin < 2600; begin += 100) {
            accumulator.add(part(vectors, begin, begin + 100));
        }
        FeatureStatistics whole = statistics(vectors);
        assertEquals(
                0, whole.mean().sub(accumulator.statistics().mean()).amaxNumber().doubleValue());
        assertEquals(
                0,
                whole.covariance()
                        .sub(accumulator.statistics().covariance())
                        .amaxNumber()
                        .doubleValue());
    }

    @Test
    void fourPartsMergedAreTheWhole() {
        INDArray vectors = vectors(1000, 20, 2);
        int[] ends = {0, 2, 300, 303, 1000};
        FeatureStatistics merged = statistics(part(vectors, 0, 2));
        for (int i = 1; i < 4; i++) {
            merged = merged.plus(statistics(part(vectors, ends[i], ends[i + 1])));
        }
        assertStatistics(vectors, merged);
    }

    @Test
    void floatsAndColumnMajorViewsAreTaken() {
        INDArray floats = vectors(40, 5, 3).castTo(DataType.FLOAT);
        assertStatistics(floats.castTo(DataType.DOUBLE), statistics(floats));
        assertStatistics(floats.castTo(DataType.DOUBLE), statistics(floats.dup('f')));
    }

    @Test
    void accumulatorGoesOnAfterStatistics() {
        INDArray vectors = vectors(30, 4, 4);
        FeatureAccumulator accumulator = new FeatureAccumulator(4);
        accumulator.add(part(vectors, 0, 10));
        FeatureStatistics first = accumulator.statistics();
        accumulator.add(part(vectors, 10, 30));
        assertStatistics(part(vectors, 0, 10), first);
        assertStatistics(vectors, accumulator.statistics());
    }

    @Test
    void unknownCountCannotBeMerged() {
        FeatureStatistics known = statistics(vectors(10, 3, 5));
        FeatureStatistics unknown = new FeatureStatistics(known.mean(), known.covariance());
        assertEquals(OptionalLong.empty(), unknown.count());
        for (Runnable merge :
                new Runnable[] {() -> known.plus(unknown), () -> unknown.plus(known)}) {
            assertMessage("unknown number of images cannot be merged", merge);
        }
    }

    @Test
    void badFeaturesAreRefusedAndNothingIsAdded() {
        FeatureAccumulator accumulator = new FeatureAccumulator(3);
        INDArray vectors = vectors(1300, 3, 6);
        accumulator.add(vectors);
        FeatureStatistics before = accumulator.statistics();
        for (double bad : new double[] {Double.NaN, Double.NEGATIVE_INFINITY}) {
            INDArray broken = vectors.dup();
            broken.putScalar(1200, 1, bad);
            assertMessage("those of image 2500 (counted from 0)", () -> accumulator.add(broken));
        }
        assertMessage("must have 3 elements", () -> accumulator.add(vectors(4, 2, 7)));
        assertMessage("of shape [vectors, dimensions]", () -> accumulator.add(Nd4j.ones(3)));
        assertMessage("floating-point", () -> accumulator.add(Nd4j.ones(DataType.INT32, 4, 3)));
        assertEquals(1300, accumulator.count());
        assertEquals(before.covariance(), accumulator.statistics().covariance());
    }

    @Test
    void oneImageHasNoStatistics() {
        FeatureAccumulator accumulator = new FeatureAccumulator(3);
        accumulator.add(vectors(1, 3, 8));
        String message =
                assertThrows(IllegalStateException.class, accumulator::statistics).getMessage();
        assertEquals("Statistics need features of at least 2 images, got 1", message);
    }

    @Test
    void numbersThatAreNoStatisticsAreRefused() {
        INDArray mean = Nd4j.zeros(DataType.DOUBLE, 2);
        INDArray identity = Nd4j.eye(2).castTo(DataType.DOUBLE);
        assertMessage(
                "got [2] and [3, 3]",
                () -> new FeatureStatistics(9, mean, Nd4j.eye(3).castTo(DataType.DOUBLE)));
        assertMessage("got 1", () -> new FeatureStatistics(1, mean, identity));
        assertMessage(
                "must be finite",
                () -> new FeatureStatistics(9, Nd4j.createFromArray(0, Double.NaN), identity));
        assertMessage(
                "must be finite",
                () -> new FeatureStatistics(9, mean, identity.mul(Double.POSITIVE_INFINITY)));
        INDArray skewed = Nd4j.createFromArray(new double[][] {{1, 0.5}, {0, 1}});
        assertMessage("must be symmetric", () -> new FeatureStatistics(9, mean, skewed));
    }

    static void assertMessage(String expected, Runnable bad) {
        String message = assertThrows(IllegalArgumentException.class, bad::run).getMessage();
        assertTrue(message.contains(expected), message);
    }
}
