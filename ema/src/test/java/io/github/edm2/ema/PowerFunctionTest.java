package io.github.edm2.ema;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PowerFunctionTest {

    private static final Golden GOLDEN = new Golden("phema.npz");
    private static final double[] SIGMA_REL = GOLDEN.vector("std");

    @Test
    void exponentMatchesReferenceInBothDirections() {
        double[] gamma = GOLDEN.vector("exp");
        double[] back = GOLDEN.vector("std_back");
        for (int i = 0; i < SIGMA_REL.length; i++) {
            double found = new PowerFunction(SIGMA_REL[i]).gamma();
            assertEquals(gamma[i], found, Golden.TOLERANCE * gamma[i]);
            assertEquals(back[i], PowerFunction.ofGamma(found).sigmaRel(), Golden.TOLERANCE);
        }
    }

    @Test
    void betaMatchesReference() {
        double[] next = GOLDEN.vector("beta/t_next");
        double[] delta = GOLDEN.vector("beta/t_delta");
        double[][] beta = GOLDEN.matrix("beta/value");
        for (int i = 0; i < SIGMA_REL.length; i++) {
            for (int j = 0; j < next.length; j++) {
                double found =
                        new PowerFunction(SIGMA_REL[i]).beta((long) next[j], (long) delta[j]);
                assertEquals(beta[i][j], found, Golden.TOLERANCE);
            }
        }
    }

    @Test
    void responseMatchesReference() {
        int length = (int) GOLDEN.scalar("response/len");
        double now = GOLDEN.scalar("response/ofs");
        double[][] expected = GOLDEN.matrix("response/value");
        for (int i = 0; i < SIGMA_REL.length; i++) {
            PowerFunction profile = new PowerFunction(SIGMA_REL[i]);
            double[] found =
                    IntStream.range(0, length).mapToDouble(t -> profile.response(t, now)).toArray();
            // The reference samples the density at whole times and normalizes the samples.
            double sum = IntStream.range(0, length).mapToDouble(t -> found[t]).sum();
            for (int t = 0; t < length; t++) {
                assertEquals(expected[i][t], found[t] / sum, Golden.TOLERANCE);
            }
        }
    }

    @Test
    void betasOfManyShortIntervalsMultiplyToThatOfOneLongInterval() {
        PowerFunction profile = new PowerFunction(0.1);
        double product = 1;
        for (long t = 1001; t <= 2000; t++) {
            product *= profile.beta(t, 1);
        }
        assertEquals(profile.beta(2000, 1000), product, 1e-12);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, -0.1, 0.2887, 0.4, Double.NaN})
    void sigmaRelOutsideItsRangeIsRefused(double sigmaRel) {
        String message =
                assertThrows(IllegalArgumentException.class, () -> new PowerFunction(sigmaRel))
                        .getMessage();
        assertTrue(message.startsWith("sigmaRel must be in (0, 0.289), got " + sigmaRel), message);
    }

    @Test
    void halfLifeHalvesTheOldAverage() {
        HalfLife profile = new HalfLife(1000);
        assertEquals(0.5, profile.beta(5000, 1000), 1e-15);
        assertEquals(0, profile.beta(16, 16), "the first update starts the average");
        assertThrows(IllegalArgumentException.class, () -> new HalfLife(0));
    }
}
