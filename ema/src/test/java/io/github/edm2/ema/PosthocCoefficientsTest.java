package io.github.edm2.ema;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PosthocCoefficientsTest {

    private static final Golden GOLDEN = new Golden("phema.npz");

    @ParameterizedTest
    @CsvSource({
        "solve4, out_ofs, coefs",
        "solve16, out_ofs, coefs",
        "solve64, out_ofs, coefs",
        "solve16, mid_out_ofs, mid_coefs"
    })
    void coefficientsMatchReference(String run, String targetTime, String expectedName) {
        List<ProfileAt> stored = stored(run);
        List<ProfileAt> targets = new ArrayList<>();
        for (double sigmaRel : GOLDEN.vector(run + "/out_std")) {
            targets.add(at(sigmaRel, GOLDEN.scalar(run + "/" + targetTime)));
        }
        double[][] expected = GOLDEN.matrix(run + "/" + expectedName);

        List<PosthocCoefficients> found = PosthocCoefficients.solve(stored, targets);

        for (int t = 0; t < targets.size(); t++) {
            assertEquals(stored.size(), found.get(t).count());
            for (int i = 0; i < stored.size(); i++) {
                double reference = i < expected.length ? expected[i][t] : 0;
                assertEquals(reference, found.get(t).get(i), Golden.TOLERANCE);
            }
        }
    }

    @Test
    void innerProductsMatchReference() {
        double[] times = GOLDEN.vector("corr/ofs");
        double[][] expected = GOLDEN.matrix("corr/value");
        for (int i = 0; i < times.length; i++) {
            for (int j = 0; j < times.length; j++) {
                double found = at(0.05, (long) times[i]).innerProduct(at(0.10, (long) times[j]));
                assertEquals(expected[i][j], found, Golden.TOLERANCE * expected[i][j]);
            }
        }
    }

    /** The table of relative profile errors and largest coefficients for equally spaced times. */
    @ParameterizedTest
    @CsvSource({
        "8, 0.015, 0.36, 4.4",
        "8, 0.25, 0.17, 0.5",
        "16, 0.03, 0.039, 2.9",
        "32, 0.075, 9.0e-4, 0.9",
        "64, 0.015, 0.023, 25",
        "64, 0.15, 5.8e-4, 0.8"
    })
    void predictedErrorMatchesMeasuredTable(
            int times, double sigmaRel, double error, double largest) {
        List<ProfileAt> stored = new ArrayList<>();
        for (int i = 1; i <= times; i++) {
            stored.add(at(0.05, i * 8192L));
            stored.add(at(0.10, i * 8192L));
        }
        PosthocCoefficients found =
                PosthocCoefficients.solve(stored, List.of(at(sigmaRel, times * 8192L))).get(0);
        assertEquals(error, found.predictedError(), 0.06 * error);
        assertEquals(largest, found.largestMagnitude(), 0.1 * largest);
    }

    @Test
    void storedProfileReconstructsItself() {
        List<ProfileAt> stored = stored("solve16");
        PosthocCoefficients found =
                PosthocCoefficients.solve(stored, List.of(at(0.1, 98304))).get(0);
        int self = stored.indexOf(at(0.1, 98304));
        for (int i = 0; i < stored.size(); i++) {
            assertEquals(i == self ? 1 : 0, found.get(i), Golden.TOLERANCE);
        }
        assertEquals(0, found.predictedError(), 1e-6);
    }

    @Test
    void targetBeforeTheFirstSnapshotIsRefused() {
        IllegalArgumentException e =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> PosthocCoefficients.solve(stored("solve4"), List.of(at(0.05, 8191))));
        assertEquals("no average is stored at or before image 8191", e.getMessage());
    }

    @Test
    void repeatedAverageIsRefused() {
        assertThrows(
                IllegalArgumentException.class,
                () ->
                        PosthocCoefficients.solve(
                                List.of(at(0.05, 10), at(0.05, 10)), List.of(at(0.05, 10))));
    }

    private static List<ProfileAt> stored(String run) {
        double[] times = GOLDEN.vector(run + "/in_ofs");
        double[] sigmaRels = GOLDEN.vector(run + "/in_std");
        List<ProfileAt> stored = new ArrayList<>();
        for (int i = 0; i < times.length; i++) {
            stored.add(at(sigmaRels[i], (long) times[i]));
        }
        return stored;
    }

    private static ProfileAt at(double sigmaRel, long imageCount) {
        return new ProfileAt(new PowerFunction(sigmaRel), imageCount);
    }
}
