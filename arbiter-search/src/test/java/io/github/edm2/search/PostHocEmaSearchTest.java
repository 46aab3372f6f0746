package io.github.edm2.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.edm2.ema.SnapshotStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class PostHocEmaSearchTest {

    @TempDir Path folder;

    @Test
    void trainsOnceForEachLearningRateAndScoresLikeReconstructionsOneByOne() throws IOException {
        Toy toy = new Toy();
        Path study = folder.resolve("study");
        SearchSummary found = toy.search(study).build().run();
        assertTrue(found.complete());
        assertEquals(200, found.study().results().size());
        assertEquals(4, toy.trainings.get());
        assertEquals(4 * Toy.TIMES[1] / Toy.BATCH, toy.steps.get());

        for (TrialResult result : found.study().results()) {
            Trial trial = result.trial();
            ComputationGraph graph = Toy.network(trial.training());
            SnapshotStore.open(StudyFolder.run(study, trial.training()).resolve("snapshots"))
                    .reconstructAt(trial.postHoc().images(), trial.postHoc().sigmaRel())
                    .get(trial.postHoc().sigmaRel())
                    .applyTo(graph);
            assertEquals(Toy.error(graph), result.scores().get("error"), 1e-6);
        }

        TrialResult best = found.best().orElseThrow();
        ComputationGraph exported =
                ModelSerializer.restoreComputationGraph(
                        study.resolve("best/network.zip").toFile(), false);
        assertEquals(best.scores().get("error"), Toy.error(exported), 1e-6);
        assertTrue(
                found.study().results().stream()
                        .allMatch(r -> r.scores().get("error") >= best.scores().get("error")));
    }

    @Test
    void aSecondRunRepeatsNothing() throws IOException {
        Path study = folder.resolve("study");
        new Toy().search(study).build().run();
        byte[] results = Files.readAllBytes(study.resolve(StudyFolder.RESULTS));
        Toy again = new Toy();
        SearchSummary found = again.search(study).build().run();
        assertEquals(200, found.study().results().size());
        assertEquals(0, again.steps.get());
        assertEquals(new String(results), Files.readString(study.resolve(StudyFolder.RESULTS)));
    }

    /** Ends where the training of the third learning rate is on its way. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anInterruptedTrainingContinuesFromItsCheckpoint(boolean isOfAnEarlierVersion)
            throws IOException {
        Path whole = folder.resolve("whole");
        new Toy().search(whole).build().run();
        Path study = folder.resolve("study");
        Toy first = new Toy();
        SearchListener fails =
                new SearchListener() {
                    @Override
                    public void trained(Hyperparameters t, long images, long total, double loss) {
                        if (t.number("lr") == 0.03 && images == Toy.TIMES[0] + Toy.SNAPSHOT + 8) {
                            throw new Killed();
                        }
                    }
                };
        assertThrows(Killed.class, () -> first.search(study).listener(fails).build().run());
        if (isOfAnEarlierVersion) {
            deleteTablesOfContents(study);
        }
        Toy second = new Toy();
        SearchSummary found = second.search(study).build().run();
        assertEquals(200, found.study().results().size());
        assertEquals(1, second.trainings.get());
        assertEquals(
                Files.readString(whole.resolve(StudyFolder.RESULTS)),
                Files.readString(study.resolve(StudyFolder.RESULTS)));
        int repeated = 1;
        assertEquals(
                4 * Toy.TIMES[1] / Toy.BATCH + repeated, first.steps.get() + second.steps.get());
    }

    private static void deleteTablesOfContents(Path study) throws IOException {
        List<Path> tables;
        try (Stream<Path> files = Files.walk(study)) {
            tables = files.filter(file -> file.endsWith("checkpoint.json")).toList();
        }
        assertEquals(3, tables.size());
        for (Path table : tables) {
            Files.delete(table);
        }
    }

    private static final class Killed extends Error {
        private static final long serialVersionUID = 1;
    }

    @Test
    void severalTasksGiveTheScoresOfOne() {
        SearchSummary one = new Toy().search(folder.resolve("one")).build().run();
        SearchSummary two = new Toy().search(folder.resolve("two")).tasks(2).build().run();
        assertEquals(one.study().results(), two.study().results());
    }

    @Test
    void theTimeStopsATrainingAtItsNextCheckpoint() {
        Path study = folder.resolve("study");
        Toy toy = new Toy();
        SearchSummary begun = toy.search(study).maxTime(Duration.ofNanos(1)).build().run();
        assertEquals(List.of(), begun.study().results());
        assertTrue(toy.steps.get() == 0);
        assertEquals(200, new Toy().search(study).build().run().study().results().size());
    }

    @Test
    void failuresAndScoresThatAreNoNumbersNeverBecomeTheBest() {
        AtomicInteger count = new AtomicInteger();
        Score bad =
                Score.of(
                        "error",
                        graph ->
                                switch (count.getAndIncrement()) {
                                    case 0 -> Double.NaN;
                                    case 1 -> throw new IllegalStateException("no luck");
                                    case 2 -> Double.NEGATIVE_INFINITY;
                                    default -> Toy.error(graph);
                                });
        SearchSummary found = new Toy().search(folder.resolve("study")).scores(bad).build().run();
        assertEquals(200, found.study().results().size());
        assertEquals(TrialResult.Status.FAILED, found.study().results().get(0).status());
        assertEquals("The score error is NaN", found.study().results().get(0).message());
        assertEquals("no luck", found.study().results().get(1).message());
        assertEquals("The score error is -Infinity", found.study().results().get(2).message());
        assertTrue(found.best().orElseThrow().index() > 2);
    }

    /** The rate makes weights of NaN in the first step, and the loss NaN from the second on. */
    @Test
    void aTrainingWithoutAFiniteLossFailsAfterFiveStepsAndTheOthersGoOn() {
        Toy toy = new Toy();
        SearchSummary found =
                toy.search(folder.resolve("study"))
                        .space(TrainingSpace.builder().axis("lr", 1e38, 0.01).build())
                        .build()
                        .run();
        assertTrue(found.complete());
        assertEquals(6 + Toy.TIMES[1] / Toy.BATCH, toy.steps.get());
        List<TrialResult> results = found.study().results();
        assertEquals(100, results.size());
        for (TrialResult result : results) {
            boolean diverged = result.trial().training().number("lr") == 1e38;
            assertEquals(
                    diverged ? TrialResult.Status.FAILED : TrialResult.Status.COMPLETE,
                    result.status());
            assertEquals(
                    diverged
                            ? "The training of lr=1.0E38 failed after 48 images (the loss is not a number (NaN) in 5 steps in a row; search lower learning rates or check the data)"
                            : null,
                    result.message());
        }
    }

    @Test
    void anotherConfigurationIsRefusedWithTheDifference() {
        Path study = folder.resolve("study");
        new Toy().search(study).maxCandidates(1).build().run();
        SearchException refused =
                assertThrows(
                        SearchException.class, () -> new Toy().search(study).seed(3).build().run());
        assertEquals(
                "The study %s has seed 0, not 3; give the same configuration to continue it, or another folder"
                        .formatted(study),
                refused.getMessage());
        // The folder is free again.
        assertEquals(
                1, new Toy().search(study).maxCandidates(1).build().run().study().results().size());
    }
}
