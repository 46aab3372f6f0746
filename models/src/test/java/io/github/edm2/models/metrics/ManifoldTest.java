package io.github.edm2.models.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Proves that precision, recall, density and coverage are those of their definitions. */
class ManifoldTest {

    private static final double EXACT = 1e-12;

    private static double distance(double[] x, double[] y) {
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            sum += (x[i] - y[i]) * (x[i] - y[i]);
        }
        return Math.sqrt(sum);
    }

    /** Distance to the k-th nearest other vector; the nearest of all is the vector itself. */
    private static double[] radii(double[][] set, int k) {
        return Arrays.stream(set)
                .mapToDouble(
                        x ->
                                Arrays.stream(set)
                                        .mapToDouble(y -> distance(x, y))
                                        .sorted()
                                        .toArray()[k])
                .toArray();
    }

    private static Manifold direct(double[][] real, double[][] generated, int k, int densityK) {
        double[] realRadii = radii(real, k);
        double[] densityRadii = radii(real, densityK);
        double[] generatedRadii = radii(generated, k);
        boolean[] precise = new boolean[generated.length];
        boolean[] recalled = new boolean[real.length];
        boolean[] covered = new boolean[real.length];
        double inside = 0;
        for (int i = 0; i < real.length; i++) {
            for (int j = 0; j < generated.length; j++) {
                double distance = distance(real[i], generated[j]);
                precise[j] |= distance <= realRadii[i];
                recalled[i] |= distance <= generatedRadii[j];
                covered[i] |= distance <= densityRadii[i];
                inside += distance <= densityRadii[i] ? 1 : 0;
            }
        }
        return new Manifold(
                share(precise),
                share(recalled),
                inside / densityK / generated.length,
                share(covered));
    }

    private static double share(boolean[] which) {
        double count = 0;
        for (boolean one : which) {
            count += one ? 1 : 0;
        }
        return count / which.length;
    }

    private static void assertManifold(Manifold expected, Manifold actual) {
        assertEquals(expected.precision(), actual.precision(), EXACT, "precision");
        assertEquals(expected.recall(), actual.recall(), EXACT, "recall");
        assertEquals(expected.density(), actual.density(), EXACT, "density");
        assertEquals(expected.coverage(), actual.coverage(), EXACT, "coverage");
    }

    @ParameterizedTest
    @CsvSource({"2, 2, 1, 1, 1", "30, 40, 1, 3, 5", "200, 90, 4, 5, 5", "60, 60, 3, 20, 1"})
    void smallSetsAreAsByTheDefinition(
            int real, int generated, int dimensions, int k, int densityK) {
        INDArray x = Normal.vectors(real, dimensions, 1);
        INDArray y = Normal.vectors(generated, dimensions, 2).muli(0.7).addi(0.4);
        assertManifold(
                direct(x.toDoubleMatrix(), y.toDoubleMatrix(), k, densityK),
                Manifold.of(x, y, k, densityK));
    }

    /** More vectors than fit in one block, so that neighbours are found across blocks. */
    @Test
    void severalBlocksAreAsByTheDefinition() {
        INDArray x = Normal.vectors(Features.BLOCK + 200, 2, 3);
        INDArray y = Normal.vectors(2 * Features.BLOCK + 3, 2, 4).muli(0.5);
        assertManifold(direct(x.toDoubleMatrix(), y.toDoubleMatrix(), 5, 5), Manifold.of(x, y));
    }

    /** Each ball has in it its own vector and k others. */
    @Test
    void identicalSetsShareEverything() {
        INDArray x = Normal.vectors(1100, 7, 5).addi(30);
        assertManifold(new Manifold(1, 1, 6 / 5.0, 1), Manifold.of(x, x.dup()));
        INDArray floats = x.castTo(DataType.FLOAT);
        assertManifold(new Manifold(1, 1, 6 / 5.0, 1), Manifold.of(floats, floats, 3, 5));
    }

    @Test
    void distantSetsShareNothing() {
        INDArray x = Normal.vectors(40, 3, 6);
        assertManifold(new Manifold(0, 0, 0, 0), Manifold.of(x, x.add(1000)));
    }

    @Test
    void vectorsOnTheSurfaceAreInside() {
        INDArray real = Nd4j.createFromArray(0.0, 1, 10, 11).reshape(4, 1);
        INDArray generated = Nd4j.createFromArray(2.0, 9, 20, 40).reshape(4, 1);
        // Radius 1 around the real ones: 2 and 9 are on the surface of the balls of 1 and 10.
        // Radii 7, 7, 11, 20 around the generated ones: all real ones are inside.
        assertManifold(new Manifold(0.5, 1, 0.5, 0.5), Manifold.of(real, generated, 1, 1));
    }

    /** Balls of radius 0 have equal vectors in them, whatever the rounding of the products. */
    @Test
    void duplicatesAreInsideOfOneAnother() {
        INDArray one = Normal.vectors(1, 50, 7).addi(100);
        INDArray x = Nd4j.concat(0, one, one, one, Normal.vectors(2, 50, 8));
        INDArray y = Nd4j.concat(0, one, one, one);
        // Of the other two, the second neighbour is one of the equal ones: on the surface of their
        // balls.
        assertManifold(new Manifold(1, 3 / 5.0, 15 / 6.0, 1), Manifold.of(x, y, 2, 2));
    }

    @Test
    void fewerDimensionsOfGeneratedImagesCostRecallAndCoverage() {
        INDArray x = Normal.vectors(500, 4, 9);
        INDArray collapsed = Normal.vectors(500, 4, 10).muli(0.05);
        Manifold manifold = Manifold.of(x, collapsed, Manifold.PRECISION_NEIGHBOURS, 5);
        assertEquals(1, manifold.precision(), 0.02);
        assertEquals(0, manifold.recall(), 0.02);
        assertEquals(0, manifold.coverage(), 0.2);
    }

    @Test
    void badArgumentsAreRefused() {
        INDArray x = Normal.vectors(6, 3, 11);
        FeatureStatisticsTest.assertMessage(
                "at least 6 images in each set, got 6 real and 5 generated",
                () -> Manifold.of(x, Normal.vectors(5, 3, 12)));
        FeatureStatisticsTest.assertMessage(
                "got 0", () -> Manifold.of(x, Normal.vectors(5, 3, 12), 0, 3));
        FeatureStatisticsTest.assertMessage(
                "Generated features must be of at least 2 images",
                () -> Manifold.of(x, Normal.vectors(1, 3, 12)));
        FeatureStatisticsTest.assertMessage(
                "Real features must be finite", () -> Manifold.of(x.div(0), x));
        FeatureStatisticsTest.assertMessage(
                "got vectors of 3 and 4 elements", () -> Manifold.of(x, Normal.vectors(6, 4, 12)));
    }
}
