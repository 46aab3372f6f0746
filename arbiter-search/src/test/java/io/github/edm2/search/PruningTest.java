package io.github.edm2.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(
        value = 120,
        threadMode = Timeout.ThreadMode.SEPARATE_THREAD) // Arbiter ignores interruption.
class PruningTest {

    @TempDir Path folder;

    @Test
    void nothingIsHopelessWithoutARule() {
        assertFalse(Pruning.NONE.isHopeless(100, List.of(1.0, 2.0, 3.0), true));
    }

    @Test
    void theMedianOfThreeIsTheMiddleOne() {
        List<Double> others = List.of(3.0, 1.0, 2.0);
        assertFalse(Pruning.MEDIAN.isHopeless(2, others, true));
        assertTrue(Pruning.MEDIAN.isHopeless(2.1, others, true));
        assertFalse(Pruning.MEDIAN.isHopeless(2, others, false));
        assertTrue(Pruning.MEDIAN.isHopeless(1.9, others, false));
    }

    @Test
    void theMedianOfFourIsBetweenTheMiddleOnes() {
        List<Double> others = List.of(4.0, 1.0, 2.0, 3.0);
        assertFalse(Pruning.MEDIAN.isHopeless(2.5, others, true));
        assertTrue(Pruning.MEDIAN.isHopeless(2.6, others, true));
    }

    @Test
    void theMedianNeedsTwoOthers() {
        assertFalse(Pruning.MEDIAN.isHopeless(100, List.of(1.0), true));
        assertTrue(Pruning.MEDIAN.isHopeless(100, List.of(1.0, 2.0), true));
    }

    /** Of six, itself included, the best two go on. */
    @Test
    void theBestThirdGoesOn() {
        List<Double> others = List.of(5.0, 1.0, 3.0, 2.0, 4.0);
        assertFalse(Pruning.SUCCESSIVE_HALVING.isHopeless(1.5, others, true));
        assertTrue(Pruning.SUCCESSIVE_HALVING.isHopeless(2.5, others, true));
        assertFalse(Pruning.SUCCESSIVE_HALVING.isHopeless(4.5, others, false));
        assertTrue(Pruning.SUCCESSIVE_HALVING.isHopeless(3.5, others, false));
    }

    @Test
    void ofLessThanSixTheBestGoesOn() {
        assertFalse(Pruning.SUCCESSIVE_HALVING.isHopeless(100, List.of(), true));
        assertTrue(Pruning.SUCCESSIVE_HALVING.isHopeless(2, List.of(1.0), true));
        assertFalse(Pruning.SUCCESSIVE_HALVING.isHopeless(0.5, List.of(1.0, 2.0, 3.0, 4.0), true));
    }

    @Test
    void rulesAreFoundByName() {
        assertEquals(Pruning.SUCCESSIVE_HALVING, Pruning.of("successive-halving"));
        assertEquals(Pruning.NONE, Pruning.of("none"));
        IllegalArgumentException unknown =
                assertThrows(IllegalArgumentException.class, () -> Pruning.of("often"));
        assertEquals(
                "Pruning must be one of [none, median, successive-halving], got often",
                unknown.getMessage());
    }

    @Test
    void nothingIsPrunedByDefault() {
        Toy toy = new Toy();
        SearchSummary found = search(toy, "study").build().run();
        assertEquals(16, found.study().results().size());
        assertEquals(
                List.of(),
                found.study().results().stream()
                        .filter(r -> r.status() != TrialResult.Status.COMPLETE)
                        .toList());
        assertEquals(4 * Toy.TIMES[1] / Toy.BATCH, toy.steps.get());
    }

    /**
     * Scores are the rates, so that the third, worse than the median of 0.01 and 0.02, and the
     * fourth, worse than that of 0.01, 0.02 and 0.03, end at the first time.
     */
    @Test
    void aTrainingWorseThanTheMedianEndsEarly() {
        Toy toy = new Toy();
        SearchSummary found =
                search(toy, "study", 0.01, 0.02, 0.03, 0.04).pruning(Pruning.MEDIAN).build().run();
        assertTrue(found.complete());
        assertEquals(16, found.study().results().size());
        List<TrialResult> pruned =
                found.study().results().stream()
                        .filter(r -> r.status() == TrialResult.Status.PRUNED)
                        .toList();
        assertEquals(List.of(10, 11, 14, 15), pruned.stream().map(r -> r.index()).toList());
        assertEquals("given up after 256 images with error 0.03", pruned.get(0).message());
        assertEquals("given up after 256 images with error 0.03", pruned.get(1).message());
        assertEquals("given up after 256 images with error 0.04", pruned.get(2).message());
        assertEquals((2 * Toy.TIMES[1] + 2 * Toy.TIMES[0]) / Toy.BATCH, toy.steps.get());
        assertEquals(0.01, found.best().orElseThrow().training().get("lr"));
    }

    @Test
    void successiveHalvingEndsAllThatAreWorseThanTheFirst() {
        Toy toy = new Toy();
        SearchSummary found =
                search(toy, "study", 0.02, 0.03, 0.01, 0.04)
                        .pruning(Pruning.SUCCESSIVE_HALVING)
                        .build()
                        .run();
        assertEquals(
                List.of(6, 7, 14, 15),
                found.study().results().stream()
                        .filter(r -> r.status() == TrialResult.Status.PRUNED)
                        .map(TrialResult::index)
                        .toList());
        assertEquals((2 * Toy.TIMES[1] + 2 * Toy.TIMES[0]) / Toy.BATCH, toy.steps.get());
    }

    @Test
    void aPrunedStudyContinuesWithTheSameResults() {
        List<TrialResult> whole =
                search(new Toy(), "whole").pruning(Pruning.MEDIAN).build().run().study().results();
        search(new Toy(), "study").pruning(Pruning.MEDIAN).maxCandidates(11).build().run();
        Toy again = new Toy();
        assertEquals(
                whole,
                search(again, "study").pruning(Pruning.MEDIAN).build().run().study().results());
        assertEquals(1, again.trainings.get());
    }

    private PostHocEmaSearch.Builder search(Toy toy, String study) {
        return search(toy, study, 0.01, 0.02, 0.03, 0.04);
    }

    /** Two EMA lengths at two times for each rate. */
    private PostHocEmaSearch.Builder search(Toy toy, String study, Object... rates) {
        return toy.search(folder.resolve(study))
                .space(TrainingSpace.builder().axis("lr", rates).build())
                .choices(PostHocSpace.of(EmaLengthSpace.of(0.05, 0.1), Toy.TIMES))
                .scores(Toy.score(trial -> trial.training().number("lr")));
    }
}
