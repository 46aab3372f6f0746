package io.github.edm2.models.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Proves the Fréchet distance where it is known otherwise, singular covariances included. */
class FrechetDistanceTest {

    private static final double TOLERANCE = 1e-10;

    private static FeatureStatistics centred(INDArray covariance) {
        return new FeatureStatistics(Nd4j.zeros(DataType.DOUBLE, covariance.size(0)), covariance);
    }

    private static INDArray squared(INDArray factor) {
        return factor.mmul(factor.transpose());
    }

    private static double trace(INDArray matrix) {
        return Nd4j.diag(matrix).sumNumber().doubleValue();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5, 40, 100})
    void equalStatisticsHaveDistanceZero(int rank) {
        INDArray covariance = squared(Normal.vectors(40, rank, 1));
        FeatureStatistics statistics = centred(covariance);
        assertEquals(0, FrechetDistance.between(statistics, statistics), 1e-13 * trace(covariance));
    }

    @Test
    void meansAddTheirSquaredDistance() {
        INDArray covariance = squared(Normal.vectors(3, 3, 2));
        INDArray mean = Nd4j.createFromArray(1.0, 2, 3);
        INDArray moved = Nd4j.createFromArray(1.0, 5, -1);
        double distance =
                FrechetDistance.between(
                        new FeatureStatistics(mean, covariance),
                        new FeatureStatistics(moved, covariance));
        assertEquals(25, distance, TOLERANCE);
    }

    /** Of covariances with the same eigenvectors, the roots of the eigenvalues are compared. */
    @Test
    void commutingCovariances() {
        INDArray vectors = rotation(4);
        double[] a = {0, 0, 4, 9};
        double[] b = {0, 1, 0, 16};
        double expected = 1 + 4 + 1; // (0 - 1)² + (2 - 0)² + (3 - 4)²
        FeatureStatistics first =
                centred(vectors.mulRowVector(Nd4j.createFromArray(a)).mmul(vectors.transpose()));
        FeatureStatistics second =
                centred(vectors.mulRowVector(Nd4j.createFromArray(b)).mmul(vectors.transpose()));
        assertEquals(expected, FrechetDistance.between(first, second), TOLERANCE);
        assertEquals(expected, FrechetDistance.between(second, first), TOLERANCE);
    }

    /** An orthogonal matrix: a reflection. */
    private static INDArray rotation(int dimensions) {
        INDArray axis = Normal.vectors(dimensions, 1, 3);
        double length = axis.norm2Number().doubleValue();
        INDArray reflected = squared(axis.div(length)).muli(-2);
        return reflected.addi(Nd4j.eye(dimensions).castTo(DataType.DOUBLE));
    }

    /** Of 2 x 2 matrices, tr M^(1/2) = (tr M + 2 det^(1/2) M)^(1/2). */
    @Test
    void covariancesThatDoNotCommute() {
        INDArray a = Nd4j.createFromArray(new double[][] {{2, 1}, {1, 3}});
        INDArray b = Nd4j.createFromArray(new double[][] {{5, -2}, {-2, 1}});
        double root = Math.sqrt(trace(a.mmul(b)) + 2 * Math.sqrt(5 * 1));
        assertEquals(5 + 6 - 2 * root, FrechetDistance.between(centred(a), centred(b)), TOLERANCE);
    }

    /** Of u u^T and v v^T, the trace of the root is |u . v|: all other eigenvalues must be 0. */
    @ParameterizedTest
    @CsvSource({"3, 0", "200, 0", "200, 0.3"})
    void covariancesOfRankOne(int dimensions, double overlap) {
        INDArray u = Normal.vectors(dimensions, 1, 4);
        u.divi(u.norm2Number().doubleValue());
        INDArray v = Normal.vectors(dimensions, 1, 5);
        v.subi(u.mul(v.mul(u).sumNumber().doubleValue()));
        v.divi(v.norm2Number().doubleValue()).addi(u.mul(overlap));
        double expected = 1 + (1 + overlap * overlap) - 2 * overlap;
        assertEquals(
                expected,
                FrechetDistance.between(centred(squared(u)), centred(squared(v))),
                TOLERANCE);
    }

    /** Covariances of ranks 30 and 100 whose factors meet in 10 directions. */
    @Test
    void subspacesThatMeetInPart() {
        INDArray q = rotation(120);
        INDArray first = q.get(NDArrayIndex.all(), NDArrayIndex.interval(0, 30));
        INDArray second = q.get(NDArrayIndex.all(), NDArrayIndex.interval(20, 120));
        double distance =
                FrechetDistance.between(centred(squared(first)), centred(squared(second).muli(4)));
        assertEquals(30 + 4 * 100 - 2 * 2 * 10, distance, 430 * TOLERANCE);
    }

    @Test
    void oneDimension() {
        FeatureStatistics narrow = centred(Nd4j.createFromArray(new double[][] {{4}}));
        FeatureStatistics wide = centred(Nd4j.createFromArray(new double[][] {{25}}));
        assertEquals(9, FrechetDistance.between(narrow, wide), TOLERANCE);
    }

    /** Eigenvalues over twelve decades, as those of a network's features. */
    @Test
    void smallEigenvaluesCount() {
        int d = 60;
        INDArray q = rotation(d);
        double[] a = new double[d];
        double[] b = new double[d];
        double expected = 0;
        for (int i = 0; i < d; i++) {
            a[i] = Math.pow(10, -12.0 * i / d);
            b[i] = 1.1 * a[i];
            expected += Math.pow(Math.sqrt(a[i]) - Math.sqrt(b[i]), 2);
        }
        FeatureStatistics first =
                centred(q.mulRowVector(Nd4j.createFromArray(a)).mmul(q.transpose()));
        FeatureStatistics second =
                centred(q.mulRowVector(Nd4j.createFromArray(b)).mmul(q.transpose()));
        assertEquals(expected, FrechetDistance.between(first, second), 1e-9 * expected);
    }

    @Test
    void noImageDiffersFromAnother() {
        INDArray zero = Nd4j.zeros(DataType.DOUBLE, 5, 5);
        INDArray covariance = squared(Normal.vectors(5, 5, 6));
        assertEquals(0, FrechetDistance.between(centred(zero), centred(zero)));
        assertEquals(
                trace(covariance),
                FrechetDistance.between(centred(zero), centred(covariance)),
                TOLERANCE);
    }

    @Test
    void badStatisticsAreRefused() {
        FeatureStatistics two = centred(Nd4j.eye(2).castTo(DataType.DOUBLE));
        FeatureStatistics three = centred(Nd4j.eye(3).castTo(DataType.DOUBLE));
        FeatureStatisticsTest.assertMessage(
                "got vectors of 2 and 3 elements", () -> FrechetDistance.between(two, three));
        FeatureStatistics negative = centred(Nd4j.createFromArray(new double[][] {{1, 2}, {2, 1}}));
        FeatureStatisticsTest.assertMessage(
                "no negative eigenvalues, got -1", () -> FrechetDistance.between(two, negative));
    }
}
