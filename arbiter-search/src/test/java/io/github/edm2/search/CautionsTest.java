package io.github.edm2.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/** What is said of a best candidate that may not be the best one. */
class CautionsTest {

    private static final List<Double> RATES = List.of(0.01, 0.02, 0.04);
    private static final List<Double> LENGTHS = List.of(0.05, 0.1, 0.15);
    private static final long[] TIMES = {100, 200, 300};

    /** All combinations, of which the best are those of the wanted values. */
    private static Study study(double rate, double length, long time, double error)
            throws Exception {
        List<TrialResult> results = new ArrayList<>();
        for (double lr : RATES) {
            for (double sigmaRel : LENGTHS) {
                for (long images : TIMES) {
                    double score =
                            Math.abs(Math.log(lr / rate))
                                    + Math.abs(sigmaRel - length)
                                    + Math.abs(images - time) / 100.0;
                    results.add(
                            TrialResult.complete(
                                    results.size(),
                                    new Trial(
                                            new Hyperparameters(
                                                    Map.of("lr", lr, "seed", rate == lr ? 9 : 1)),
                                            new PostHoc(sigmaRel, images, 1, 2)),
                                    error,
                                    Map.of("loss", score)));
                }
            }
        }
        return study(results);
    }

    private static Study study(List<TrialResult> results) throws Exception {
        JsonNode configuration =
                new ObjectMapper()
                        .readTree("{\"objective\": {\"score\": \"loss\", \"minimize\": true}}");
        return new Study(Path.of("study"), configuration, results);
    }

    @Test
    void aBestCandidateInsideAllAxesNeedsNoCaution() throws Exception {
        assertEquals(List.of(), Cautions.of(study(0.02, 0.1, 200, 0.05)));
    }

    @Test
    void eachEdgeIsNamedWithItsValueAndDirection() throws Exception {
        List<String> all = Cautions.of(study(0.04, 0.05, 300, 0.01));
        assertEquals(
                List.of(
                        "The best candidate lies at the edge of lr: 0.04 is the highest value tried, and higher ones may be better.",
                        "The best candidate lies at the edge of EMA length (sigma_rel): 0.05 is the lowest value tried, and lower ones may be better.",
                        "The best candidate lies at the edge of time (images): 300 is the highest value tried, and higher ones may be better."),
                all);
    }

    /** A value beyond the best that was tried and failed is tried, too. */
    @Test
    void failedCandidatesCountAsTried() throws Exception {
        List<TrialResult> results = new ArrayList<>(study(0.04, 0.1, 200, 0.01).results());
        results.add(
                TrialResult.without(
                        results.size(),
                        new Trial(
                                new Hyperparameters(Map.of("lr", 0.08, "seed", 1)),
                                new PostHoc(0.1, 200, 1, 2)),
                        TrialResult.Status.FAILED,
                        "diverged"));
        assertEquals(List.of(), Cautions.of(study(results)));
    }

    @Test
    void aPoorReconstructionIsNamedWithItsError() throws Exception {
        List<String> all = Cautions.of(study(0.02, 0.1, 200, 0.0731234));
        assertEquals(1, all.size());
        assertTrue(all.get(0).contains("0.073, is above 0.05"), all.get(0));
    }

    @Test
    void aStudyOfFailuresHasNoBest() throws Exception {
        Trial trial = new Trial(new Hyperparameters(Map.of("lr", 1)), new PostHoc(0.1, 9, 1, 2));
        List<String> all =
                Cautions.of(
                        study(
                                List.of(
                                        TrialResult.without(
                                                0, trial, TrialResult.Status.FAILED, "no luck"))));
        assertEquals(
                List.of(
                        "Every candidate failed: 1 candidate without a score, and there is no best network. The first failure: no luck."),
                all);
    }
}
