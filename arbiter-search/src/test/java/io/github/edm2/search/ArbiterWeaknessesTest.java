package io.github.edm2.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.deeplearning4j.arbiter.optimize.api.Candidate;
import org.deeplearning4j.arbiter.optimize.api.CandidateGenerator;
import org.deeplearning4j.arbiter.optimize.api.OptimizationResult;
import org.deeplearning4j.arbiter.optimize.generator.GridSearchCandidateGenerator;
import org.deeplearning4j.arbiter.optimize.parameter.continuous.ContinuousParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.discrete.DiscreteParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.integer.IntegerParameterSpace;
import org.deeplearning4j.arbiter.optimize.runner.IOptimizationRunner;
import org.deeplearning4j.arbiter.optimize.runner.listener.BaseStatusListener;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/**
 * What Arbiter does badly, each with what this module does instead. That Arbiter cannot resume, and
 * overwrites its results when it starts again, is covered by {@link
 * PostHocEmaSearchTest#aSecondRunRepeatsNothing} and {@link
 * PostHocEmaSearchTest#anInterruptedTrainingContinuesFromItsCheckpoint}, and in other processes by
 * {@link KilledStudyTest}.
 */
@Timeout(
        value = 120,
        threadMode = Timeout.ThreadMode.SEPARATE_THREAD) // Arbiter ignores interruption.
class ArbiterWeaknessesTest {

    /** One candidate a training, after eight steps. */
    private static final PostHocSpace ONE = PostHocSpace.of(EmaLengthSpace.of(0.1), Toy.SNAPSHOT);

    private static final double BEST_RATE = 0.02;

    @TempDir Path folder;

    @Test
    void anExhaustedGridEndsTheSearch() {
        SearchSummary found = search().build().run();
        assertTrue(found.complete());
        assertEquals(4, found.study().results().size());
    }

    @Test
    void aSpaceThatAlwaysThrowsEndsTheSearchWithItsMessage() {
        TrainingSpace broken = TrainingSpace.builder().axis("lr", List.of(0.1)).build();
        for (SearchStrategy strategy : all()) {
            SearchException failed =
                    assertThrows(
                            SearchException.class,
                            () ->
                                    search(folder.resolve(strategy.toString()))
                                            .space(broken)
                                            .strategy(strategy)
                                            .build()
                                            .run());
            assertEquals(
                    "The space gave no hyperparameters at all (Axis lr must have numbers, texts or booleans, got [0.1]; search over a name of it); correct the axes",
                    failed.getMessage());
        }
    }

    /** Points of a space that cannot be are left out. */
    @Test
    void aSpaceThatThrowsSometimesEndsTheSearchWithTheRest() {
        TrainingSpace partly =
                TrainingSpace.builder().axis("lr", 0.01, List.of(0.1), 0.02, List.of(0.2)).build();
        for (SearchStrategy strategy : all()) {
            SearchSummary found =
                    search(folder.resolve(strategy.toString()))
                            .space(partly)
                            .strategy(strategy)
                            .build()
                            .run();
            assertTrue(found.complete());
            assertEquals(
                    List.of(0.01, 0.02),
                    found.study().results().stream()
                            .map(r -> r.training().get("lr"))
                            .sorted()
                            .toList());
        }
    }

    private static List<SearchStrategy> all() {
        return List.of(
                new GridSearch(2, false),
                new GridSearch(2, true),
                new RandomSearch(10),
                new GeneticSearch(10, 3, 0.5));
    }

    @Test
    void aTrainingThatThrowsIsAFailedResult() {
        assertFailsOnce(
                trainingThrows(() -> new IllegalStateException("the data is gone")),
                "The training of lr=0.01 failed after 0 images (the data is gone)");
    }

    @Test
    void aTrainingWithoutMemoryIsAFailedResult() {
        assertFailsOnce(
                trainingThrows(() -> new OutOfMemoryError("no heap")),
                "The training of lr=0.01 failed after 0 images (no heap)");
    }

    @Test
    void aNetworkThatCannotBeMadeIsAFailedResult() {
        Toy toy = new Toy();
        assertFailsOnce(
                search().recipe(
                                Recipe.of(
                                        "toy",
                                        h -> {
                                            failAtOneRate(h, () -> new Failure("too deep"));
                                            return Toy.network(h);
                                        },
                                        toy::data)),
                "too deep");
    }

    @Test
    void aScoreThatThrowsIsAFailedResult() {
        assertFailsOnce(scoreThrows(() -> new Failure("no classifier")), "no classifier");
    }

    @Test
    void aScoreWithoutMemoryIsAFailedResult() {
        assertFailsOnce(scoreThrows(() -> new OutOfMemoryError("no heap")), "no heap");
    }

    private static final class Failure extends RuntimeException {
        private static final long serialVersionUID = 1;

        Failure(String message) {
            super(message);
        }
    }

    private PostHocEmaSearch.Builder trainingThrows(Supplier<Throwable> problem) {
        Toy toy = new Toy();
        return search().recipe(
                        Recipe.of(
                                "toy",
                                Toy::network,
                                (h, from) -> {
                                    failAtOneRate(h, problem);
                                    return toy.data(h, from);
                                }));
    }

    private PostHocEmaSearch.Builder scoreThrows(Supplier<Throwable> problem) {
        return search().scores(
                        Toy.score(
                                trial -> {
                                    failAtOneRate(trial.training(), problem);
                                    return 1;
                                }));
    }

    private static void failAtOneRate(Hyperparameters training, Supplier<Throwable> problem) {
        if (training.number("lr") == 0.01) {
            Throwable thrown = problem.get();
            if (thrown instanceof Error error) {
                throw error;
            }
            throw (RuntimeException) thrown;
        }
    }

    private void assertFailsOnce(PostHocEmaSearch.Builder search, String message) {
        SearchSummary found = search.build().run();
        assertTrue(found.complete());
        assertEquals(
                List.of("COMPLETE", "FAILED", "COMPLETE", "COMPLETE"),
                found.study().results().stream().map(r -> r.status().toString()).toList());
        assertEquals(message, found.study().results().get(1).message());
    }

    @Test
    void aListenerThatThrowsEndsTheSearch() {
        SearchListener full =
                new SearchListener() {
                    @Override
                    public void scored(TrialResult result) {
                        throw new Failure("the report cannot be written");
                    }
                };
        Failure failed = assertThrows(Failure.class, () -> search().listener(full).build().run());
        assertEquals("the report cannot be written", failed.getMessage());
        assertEquals(4, search().build().run().study().results().size());
    }

    /** A folder stands where a snapshot is written first. */
    @Test
    void aDiskThatTakesNoSnapshotsEndsTheSearch() throws IOException {
        Path inTheWay =
                StudyFolder.run(study(), new Hyperparameters(Map.of("lr", 0.01)))
                        .resolve("snapshots/.snapshot.tmp/file");
        Files.createDirectories(inTheWay);
        UncheckedIOException failed =
                assertThrows(UncheckedIOException.class, () -> search().build().run());
        assertTrue(
                failed.getMessage().startsWith("The training in " + study()), failed.getMessage());
        assertEquals(1, StudyFolder.results(study()).size());
        Files.delete(inTheWay);
        Files.delete(inTheWay.getParent());
        assertEquals(0.1, search().build().run().study().results().get(3).training().get("lr"));
    }

    @Test
    void aFirstScoreThatIsNoNumberIsNotArbitersBest() {
        AtomicReference<IOptimizationRunner> arbiter = new AtomicReference<>();
        search().scores(Toy.score(trial -> trial.training().number("lr") < 0.01 ? Double.NaN : 1))
                .statusListeners(
                        new BaseStatusListener() {
                            @Override
                            public void onInitialization(IOptimizationRunner runner) {
                                arbiter.set(runner);
                            }
                        })
                .build()
                .run();
        assertEquals(1, arbiter.get().bestScore());
        assertEquals(1, arbiter.get().bestScoreCandidateIndex());
        assertEquals(1, arbiter.get().numCandidatesFailed());
        assertEquals(3, arbiter.get().numCandidatesCompleted());
    }

    @Test
    void theSeedOfARandomSearchHoldsWhenAStudyIsOpenedAgain() {
        List<TrialResult> whole = random(study(), 7).build().run().study().results();
        assertEquals(4, whole.size());
        Path other = folder.resolve("other");
        random(other, 7).maxCandidates(2).build().run();
        assertEquals(whole, random(other, 7).build().run().study().results());
        assertNotEquals(
                whole.get(0).training(),
                random(folder.resolve("seed"), 8)
                        .maxCandidates(1)
                        .build()
                        .run()
                        .study()
                        .results()
                        .get(0)
                        .training());
    }

    private static PostHocEmaSearch.Builder random(Path study, long seed) {
        return search(study).space(rates()).strategy(new RandomSearch(4)).seed(seed);
    }

    /** Java specifies the generator, so that every process draws these; six digits are kept. */
    @Test
    void theSeedOfARandomSearchIsThatOfJavasGenerator() {
        java.util.Random expected = new java.util.Random(7);
        ContinuousParameterSpace axis = new ContinuousParameterSpace(0, 1);
        TrainingSpace unit = TrainingSpace.builder().axis("lr", axis).build();
        CandidateGenerator generator = new RandomSearch(9).generator(unit, true, 7);
        for (int i = 0; i < 9; i++) {
            assertEquals(
                    SignificantDigits.round(expected.nextDouble(), 6),
                    rate(generator.getCandidate()),
                    1e-15);
        }
    }

    @Test
    void theSeedOfAShuffledGridDecidesItsOrder() {
        List<Double> order = order(new GridSearch(25, true).generator(rates(), true, 1));
        assertEquals(order, order(new GridSearch(25, true).generator(rates(), true, 1)));
        assertNotEquals(order, order(new GridSearch(25, true).generator(rates(), true, 2)));
        List<Double> sorted = order(new GridSearch(25, false).generator(rates(), true, 1));
        assertNotEquals(sorted, order);
        assertEquals(sorted, order.stream().sorted().toList());
        // Arbiter's own has drawn one of 25! orders before it is told the seed.
        assertNotEquals(order(arbitersShuffledGrid()), order(arbitersShuffledGrid()));
    }

    private static CandidateGenerator arbitersShuffledGrid() {
        CandidateGenerator grid =
                new GridSearchCandidateGenerator(
                        rates(), 25, GridSearchCandidateGenerator.Mode.RandomOrder, null);
        grid.setRngSeed(1);
        return grid;
    }

    private static List<Double> order(CandidateGenerator generator) {
        List<Double> rates = new ArrayList<>();
        while (generator.hasMoreCandidates()) {
            rates.add(rate(generator.getCandidate()));
        }
        return rates;
    }

    private static double rate(Candidate<?> candidate) {
        return ((Hyperparameters) candidate.getValue()).number("lr");
    }

    @Test
    void theSeedOfAGeneticSearchDecidesAllItsProposals() {
        List<Double> distances = distances(bred(1));
        assertEquals(distances, distances(bred(1)));
        assertNotEquals(distances, distances(bred(2)));
    }

    @Test
    void aGeneticSearchComesNearerToTheBest() {
        for (long seed = 1; seed <= 3; seed++) {
            List<Double> distances = distances(bred(seed));
            double early = mean(distances.subList(0, 20));
            double late = mean(distances.subList(80, 100));
            assertTrue(late < 0.7 * early, "from " + early + " to " + late);
        }
    }

    /** Arbiter's mutation works on the genes of the parent itself where nothing is crossed. */
    @Test
    void whatHasAFitnessIsNotMutated() {
        for (Bred one : bred(1)) {
            assertEquals(one.genes, genes(one.candidate));
        }
    }

    private record Bred(Candidate<?> candidate, List<Double> genes, double distance) {}

    private static List<Double> genes(Candidate<?> candidate) {
        return Arrays.stream(candidate.getFlatParameters()).boxed().toList();
    }

    private static List<Double> distances(List<Bred> all) {
        return all.stream().map(Bred::distance).toList();
    }

    /** A hundred proposals, scored by their mean distance from the best rate along six axes. */
    private static List<Bred> bred(long seed) {
        TrainingSpace.Builder space = TrainingSpace.builder();
        for (int axis = 0; axis < 6; axis++) {
            space.axis("lr" + axis, new ContinuousParameterSpace(0, 0.1));
        }
        CandidateGenerator generator =
                new GeneticSearch(100, 15, 0.05).generator(space.build(), true, seed);
        List<Bred> all = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            Candidate<?> candidate = generator.getCandidate();
            double distance =
                    ((Hyperparameters) candidate.getValue())
                            .values().values().stream()
                                    .mapToDouble(rate -> Math.abs((Double) rate - BEST_RATE))
                                    .average()
                                    .orElseThrow();
            all.add(new Bred(candidate, genes(candidate), distance));
            generator.reportResults(
                    new OptimizationResult(candidate, distance, i, null, null, null));
        }
        return all;
    }

    private static double mean(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
    }

    @Test
    void aGeneticStudyContinuesWithTheSameProposals() {
        List<TrialResult> whole = genetic(study(), 0.1).build().run().study().results();
        assertEquals(8, whole.size());
        Path other = folder.resolve("other");
        genetic(other, 0.1).maxCandidates(5).build().run();
        assertEquals(whole, genetic(other, 0.1).build().run().study().results());
        SearchException refused =
                assertThrows(SearchException.class, () -> genetic(other, 0.2).build().run());
        assertEquals(
                "The study %s has strategy %s, not %s; give the same configuration to continue it, or another folder"
                        .formatted(
                                other,
                                "genetic {maxTrainings=8, population=3, mutation=0.1}",
                                "genetic {maxTrainings=8, population=3, mutation=0.2}"),
                refused.getMessage());
    }

    private static PostHocEmaSearch.Builder genetic(Path study, double mutation) {
        return search(study)
                .space(rates())
                .strategy(new GeneticSearch(8, 3, mutation))
                .scores(Toy.score(trial -> Math.abs(trial.training().number("lr") - BEST_RATE)));
    }

    /** Steps of 20 ms, of which more are due than there is time. */
    @Test
    void theTimeInterruptsATrainingAtItsNextCheckpoint() {
        long images = 32 * Toy.SNAPSHOT;
        PostHocSpace late = PostHocSpace.of(EmaLengthSpace.of(0.1), images);
        Toy slow = new Toy();
        SearchSummary begun =
                search().choices(late)
                        .recipe(Recipe.of("toy", Toy::network, (h, from) -> slowly(slow, h, from)))
                        .maxTime(Duration.ofSeconds(3))
                        .build()
                        .run();
        assertEquals(List.of(), begun.study().results());
        int steps = slow.steps.get();
        assertTrue(0 < steps && steps < images / Toy.BATCH, "steps: " + steps);
        assertEquals(0, steps % (Toy.SNAPSHOT / Toy.BATCH));

        Toy fast = new Toy();
        SearchSummary found =
                search().choices(late).recipe(fast.recipe()).maxCandidates(1).build().run();
        assertEquals(TrialResult.Status.COMPLETE, found.study().results().get(0).status());
        assertEquals(0, fast.trainings.get());
        assertEquals(images / Toy.BATCH, steps + fast.steps.get());
    }

    private static Iterator<MultiDataSet> slowly(Toy toy, Hyperparameters h, long from) {
        Iterator<MultiDataSet> data = toy.data(h, from);
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return data.hasNext();
            }

            @Override
            public MultiDataSet next() {
                try {
                    Thread.sleep(20);
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
                return data.next();
            }
        };
    }

    /** Arbiter's own task would sleep for 400 seconds. */
    @Test
    void aCandidateTakesNoLongerThanItsScore() {
        AtomicInteger scored = new AtomicInteger();
        Supplier<PostHocEmaSearch.Builder> search =
                () ->
                        search().choices(
                                        PostHocSpace.of(
                                                EmaLengthSpace.linear(0.01, 0.25, 50),
                                                Toy.SNAPSHOT))
                                .scores(Toy.score(trial -> scored.getAndIncrement()));
        assertEquals(200, search.get().build().run().study().results().size());
        long start = System.nanoTime();
        assertEquals(200, search.get().build().run().study().results().size());
        assertTrue(Duration.ofNanos(System.nanoTime() - start).toSeconds() < 10);
        assertEquals(200, scored.get());
    }

    /** They have no coordinate in Arbiter's grid, but an index, and so have others a wrong one. */
    @Test
    void axesOfOneValueStandBesideOthersInAGrid() {
        TrainingSpace space =
                TrainingSpace.builder()
                        .axis("one", new DiscreteParameterSpace<>("only"))
                        .axis("depth", new IntegerParameterSpace(3, 3))
                        .axis("lr", 0.01, 0.02)
                        .build();
        CandidateGenerator grid = new GridSearch(4, false).generator(space, true, 0);
        assertEquals(
                List.of("one=only depth=3 lr=0.01", "one=only depth=3 lr=0.02"),
                IntStream.range(0, 2)
                        .mapToObj(i -> String.valueOf(grid.getCandidate().getValue()))
                        .toList());
        assertTrue(!grid.hasMoreCandidates());
    }

    private Path study() {
        return folder.resolve("study");
    }

    private PostHocEmaSearch.Builder search() {
        return search(study());
    }

    private static PostHocEmaSearch.Builder search(Path study) {
        return new Toy().search(study).choices(ONE);
    }

    private static TrainingSpace rates() {
        return TrainingSpace.builder().axis("lr", new ContinuousParameterSpace(0.001, 0.1)).build();
    }
}
