package io.github.edm2.tests.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.edm2.models.Golden;
import io.github.edm2.models.metrics.FeatureAccumulator;
import io.github.edm2.models.metrics.FeatureStatistics;
import io.github.edm2.models.metrics.FrechetDistance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Proves that statistics of features and their distance are those of the reference. */
class FrechetGoldenTest {

    private static final Golden GOLDEN = Golden.read("frechet");
    private static final double STATISTICS = 1e-9;
    private static final double DISTANCE = 1e-6;

    private static FeatureStatistics statistics(INDArray features) {
        FeatureAccumulator accumulator = new FeatureAccumulator((int) features.size(1));
        accumulator.add(features);
        return accumulator.statistics();
    }

    @ParameterizedTest
    @ValueSource(strings = {"small", "medium", "rankdef"})
    void statisticsAndDistance(String which) {
        FeatureStatistics a = statistics(GOLDEN.get(which + "/features_a"));
        FeatureStatistics b = statistics(GOLDEN.get(which + "/features_b"));
        Golden.assertClose(GOLDEN.get(which + "/mu_a"), a.mean(), STATISTICS, "mean a");
        Golden.assertClose(GOLDEN.get(which + "/sigma_a"), a.covariance(), STATISTICS, "sigma a");
        Golden.assertClose(GOLDEN.get(which + "/mu_b"), b.mean(), STATISTICS, "mean b");
        Golden.assertClose(GOLDEN.get(which + "/sigma_b"), b.covariance(), STATISTICS, "sigma b");
        double expected =
                GOLDEN.get(which + "/distance")
                        .castTo(DataType.DOUBLE)
                        .reshape(1)
                        .sumNumber()
                        .doubleValue();
        assertEquals(expected, FrechetDistance.between(a, b), DISTANCE * expected);
        assertEquals(expected, FrechetDistance.between(b, a), DISTANCE * expected);
        FeatureStatistics given =
                new FeatureStatistics(GOLDEN.get(which + "/mu_a"), GOLDEN.get(which + "/sigma_a"));
        assertEquals(expected, FrechetDistance.between(given, b), DISTANCE * expected);
    }
}
