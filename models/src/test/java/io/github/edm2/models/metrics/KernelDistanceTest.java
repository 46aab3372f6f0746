package io.github.edm2.models.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Proves that the kernel distance is the unbiased estimate of its definition. */
class KernelDistanceTest {

    private static double kernel(double[] x, double[] y) {
        double product = 0;
        for (int i = 0; i < x.length; i++) {
            product += x[i] * y[i];
        }
        return Math.pow(product / x.length + 1, 3);
    }

    private static double within(double[][] x) {
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            for (int j = 0; j < x.length; j++) {
                sum += i == j ? 0 : kernel(x[i], x[j]);
            }
        }
        return sum / x.length / (x.length - 1);
    }

    private static double direct(double[][] x, double[][] y) {
        double between = 0;
        for (double[] a : x) {
            for (double[] b : y) {
                between += kernel(a, b);
            }
        }
        return within(x) + within(y) - 2 * between / x.length / y.length;
    }

    @ParameterizedTest
    @CsvSource({"2, 1", "2, 3", "17, 1", "17, 5", "60, 64"})
    void wholeSetsHaveTheDistanceOfTheDefinition(int count, int dimensions) {
        INDArray x = Normal.vectors(count, dimensions, 1);
        INDArray y = Normal.vectors(count, dimensions, 2).muli(1.5).addi(0.2);
        double expected = direct(x.toDoubleMatrix(), y.toDoubleMatrix());
        KernelDistance actual = KernelDistance.between(x, y, 0);
        assertEquals(expected, actual.mean(), 1e-12 * Math.max(1, Math.abs(expected)));
        assertTrue(Double.isNaN(actual.standardError()));
        INDArray floats = x.castTo(DataType.FLOAT);
        assertEquals(expected, KernelDistance.between(floats, y, 0).mean(), 1e-4);
    }

    /** All subsets of two of three vectors: the mean over many draws is the mean over them. */
    @Test
    void subsetsAreDrawnFromAllOfASetWithoutReplacement() {
        INDArray x = Normal.vectors(3, 4, 3).addi(0.5);
        INDArray y = Normal.vectors(2, 4, 4);
        double expected = 0;
        for (int[] pair : new int[][] {{0, 1}, {0, 2}, {1, 2}}) {
            expected += direct(x.getRows(pair).toDoubleMatrix(), y.toDoubleMatrix()) / 3;
        }
        KernelDistance actual = KernelDistance.between(x, y, 800, 1000, 5);
        assertTrue(actual.standardError() > 0);
        assertEquals(expected, actual.mean(), 4 * actual.standardError());
    }

    /** Subsets that rarely have vectors in common; of a biased estimate all would be positive. */
    @Test
    void sameDistributionHasDistanceZeroWithinTheError() {
        int negative = 0;
        for (int seed = 0; seed < 6; seed++) {
            INDArray x = Normal.vectors(4000, 16, 10 + seed);
            INDArray y = Normal.vectors(4000, 16, 50 + seed);
            KernelDistance actual = KernelDistance.between(x, y, 40, 40, seed);
            assertEquals(0, actual.mean(), 4 * actual.standardError());
            negative += actual.mean() < 0 ? 1 : 0;
        }
        assertTrue(negative > 0 && negative < 6, negative + " of 6 are negative");
        INDArray x = Normal.vectors(4000, 16, 10);
        INDArray shifted = Normal.vectors(4000, 16, 50).addi(0.3);
        KernelDistance other = KernelDistance.between(x, shifted, 40, 40, 0);
        assertTrue(other.mean() > 10 * other.standardError(), other.toString());
    }

    @Test
    void seedDecidesTheSubsets() {
        INDArray x = Normal.vectors(50, 8, 6);
        INDArray y = Normal.vectors(60, 8, 7);
        KernelDistance first = KernelDistance.between(x, y, 10, 20, 1);
        assertEquals(first, KernelDistance.between(x, y, 10, 20, 1));
        assertNotEquals(first, KernelDistance.between(x, y, 10, 20, 2));
    }

    @Test
    void badArgumentsAreRefused() {
        INDArray x = Normal.vectors(5, 3, 8);
        FeatureStatisticsTest.assertMessage(
                "Real features must be of at least 2 images, got 1",
                () -> KernelDistance.between(Normal.vectors(1, 3, 9), x, 0));
        FeatureStatisticsTest.assertMessage(
                "Generated features must be finite", () -> KernelDistance.between(x, x.div(0), 0));
        FeatureStatisticsTest.assertMessage(
                "got vectors of 3 and 2 elements",
                () -> KernelDistance.between(x, Normal.vectors(5, 2, 9), 0));
        FeatureStatisticsTest.assertMessage(
                "at least 2 subsets", () -> KernelDistance.between(x, x, 1, 5, 0));
    }
}
