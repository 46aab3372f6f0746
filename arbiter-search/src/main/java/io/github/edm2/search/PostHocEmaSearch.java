package io.github.edm2.search;

import io.github.edm2.ema.AtomicFile;
import io.github.edm2.ema.ReconstructedWeights;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.deeplearning4j.arbiter.optimize.config.OptimizationConfiguration;
import org.deeplearning4j.arbiter.optimize.runner.LocalOptimizationRunner;
import org.deeplearning4j.arbiter.optimize.runner.listener.StatusListener;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/**
 * A hyperparameter search by Arbiter in which EMA length is free: it trains once for each choice of
 * hyperparameters, and reads every EMA length at every time from the snapshots of that training
 * (Karras et al., arXiv:2312.02696, section 3.2). For EDM2 networks ({@link Edm2Recipe}) and any
 * {@code ComputationGraph} ({@link Recipe#of}):
 *
 * <pre>{@code
 * SearchSummary found = PostHocEmaSearch.builder()
 *         .study(Path.of("study"))
 *         .space(TrainingSpace.builder().axis("lr", 0.001, 0.01).build())
 *         .choices(PostHocSpace.of(EmaLengthSpace.linear(0.02, 0.25, 24), 10_000, 20_000))
 *         .recipe(Recipe.of("mine", h -> net(h.number("lr")), (h, from) -> data(from)))
 *         .scores(Score.of("loss", net -> net.score(test)))
 *         .objective(Objective.lowest("loss"))
 *         .snapshotEvery(1_000)
 *         .build()
 *         .run();
 * }</pre>
 *
 * <p>A study is a folder; run again, the search continues there and repeats nothing.
 */
public final class PostHocEmaSearch {

    private static final String FORMAT = "edm2-study-1";
    private static final String BEST = "best";

    private static final ObjectMapper JSON = new ObjectMapper();

    private final Builder options;

    private PostHocEmaSearch(Builder options) {
        this.options = options;
    }

    /** Starts the configuration. */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Searches until no candidate is left or the time is over.
     *
     * @throws SearchException if the study cannot be opened, or no configuration of the space can
     *     be made
     * @throws UncheckedIOException if the study cannot be kept on disk
     */
    public SearchSummary run() {
        try (StudyFolder study = new StudyFolder(options.study, configuration())) {
            BooleanSupplier timeIsOver = deadline(options.maxTime);
            BlockGenerator generator =
                    new BlockGenerator(
                            options.strategy.generator(
                                    options.space, options.objective.minimize(), options.seed),
                            options.strategy,
                            options.choices,
                            options.objective,
                            options.pruning != Pruning.NONE,
                            options.maxCandidates);
            TrainOnceTaskCreator tasks =
                    new TrainOnceTaskCreator(
                            study,
                            generator,
                            training -> run(study, training, timeIsOver),
                            options.scores,
                            options.objective,
                            options.pruning,
                            options.tasks,
                            options.listener);
            LocalOptimizationRunner runner =
                    new LocalOptimizationRunner(
                            options.tasks,
                            new OptimizationConfiguration.Builder()
                                    .candidateGenerator(generator)
                                    .scoreFunction(new Direction(options.objective.minimize()))
                                    .terminationConditions(
                                            new EndOfSearch(timeIsOver),
                                            new EndOfSearch(generator::isExhausted),
                                            new EndOfSearch(() -> tasks.fatal() != null))
                                    .build(),
                            tasks);
            runner.addListeners(options.statusListeners.toArray(StatusListener[]::new));
            runner.execute();
            rethrow(tasks.fatal());
            if (generator.failure() != null) {
                throw new SearchException(
                        "The space gave no hyperparameters at all (%s); correct the axes"
                                .formatted(generator.failure().getMessage()),
                        generator.failure());
            }
            SearchSummary summary =
                    new SearchSummary(Study.read(options.study), generator.isComplete());
            exportBest(study, summary);
            return summary;
        }
    }

    private static void rethrow(Throwable fatal) {
        if (fatal instanceof Error error) {
            throw error;
        }
        if (fatal instanceof RuntimeException exception) {
            throw exception;
        }
    }

    private static BooleanSupplier deadline(Duration maxTime) {
        if (maxTime == null) {
            return () -> false;
        }
        long end = System.nanoTime() + maxTime.toNanos();
        return () -> System.nanoTime() - end > 0;
    }

    private TrainingRun run(
            StudyFolder study, Hyperparameters training, BooleanSupplier timeIsOver) {
        return new TrainingRun(
                training,
                options.recipe,
                study.run(training),
                options.snapshotEvery,
                options.choices.lastTime(),
                timeIsOver,
                options.listener);
    }

    /** Writes the best candidate's network and what it is. */
    private void exportBest(StudyFolder study, SearchSummary summary) {
        Optional<TrialResult> best = summary.best();
        if (best.isEmpty()) {
            return;
        }
        Trial trial = best.get().trial();
        TrainingRun run = run(study, trial.training(), () -> false);
        ReconstructedWeights weights = run.weights(trial.postHoc());
        ComputationGraph network = run.borrow();
        weights.applyTo(network);
        Path folder = options.study.resolve(BEST);
        try {
            Files.createDirectories(folder);
            AtomicFile.write(
                    folder.resolve(TrainingRun.NETWORK),
                    out -> options.recipe.write(network, trial.training(), out));
            byte[] json =
                    JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(best.get().rounded());
            AtomicFile.write(folder.resolve("candidate.json"), out -> out.write(json));
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "The best network cannot be written to %s (%s)"
                            .formatted(folder, AtomicFile.reason(e)),
                    e);
        }
    }

    private ObjectNode configuration() {
        ObjectNode tree = JSON.createObjectNode();
        tree.put("format", FORMAT);
        tree.set("recipe", JSON.valueToTree(options.recipe.description()));
        ObjectNode axes = tree.putObject("axes");
        options.space.axes().forEach((name, space) -> axes.put(name, space.toString()));
        tree.set("ema-lengths", JSON.valueToTree(options.choices.lengths().values()));
        tree.set("times", JSON.valueToTree(options.choices.times()));
        tree.set("guidance", JSON.valueToTree(options.choices.guidance()));
        tree.set("steps", JSON.valueToTree(options.choices.steps()));
        tree.put("strategy", options.strategy.toString());
        tree.set(
                "scores",
                JSON.valueToTree(
                        options.scores.stream().flatMap(s -> s.names().stream()).toList()));
        tree.set("objective", JSON.valueToTree(options.objective));
        tree.put("snapshot-every", options.snapshotEvery);
        tree.put("pruning", options.pruning.toString());
        tree.put("seed", options.seed);
        return tree;
    }

    /** Options of a search; those without a default are needed. */
    public static final class Builder {

        private Path study;
        private TrainingSpace space;
        private PostHocSpace choices;
        private Recipe recipe;
        private SearchStrategy strategy = new GridSearch(4, false);
        private List<Score> scores = List.of();
        private Objective objective;
        private long snapshotEvery;
        private long seed;
        private int tasks = 1;
        private int maxCandidates = Integer.MAX_VALUE;
        private Duration maxTime;
        private Pruning pruning = Pruning.NONE;
        private SearchListener listener = new SearchListener() {};
        private List<StatusListener> statusListeners = List.of();

        private Builder() {}

        /** Folder of the study, made if need be. */
        public Builder study(Path folder) {
            study = folder;
            return this;
        }

        /** Hyperparameters that need a training of their own. */
        public Builder space(TrainingSpace trainings) {
            space = trainings;
            return this;
        }

        /** Choices that need no training. */
        public Builder choices(PostHocSpace postHoc) {
            choices = postHoc;
            return this;
        }

        /** How networks are made and trained. */
        public Builder recipe(Recipe training) {
            recipe = training;
            return this;
        }

        /** How hyperparameters are proposed; the whole grid by default, 4 points an axis. */
        public Builder strategy(SearchStrategy proposals) {
            strategy = proposals;
            return this;
        }

        /** What is found out about each candidate; names must differ. */
        public Builder scores(Score... all) {
            scores = List.of(all);
            return this;
        }

        /** The score that drives the search, one of {@link #scores}. */
        public Builder objective(Objective driving) {
            objective = driving;
            return this;
        }

        /** Images between snapshots, which are checkpoints, too. */
        public Builder snapshotEvery(long images) {
            snapshotEvery = images;
            return this;
        }

        /** Of the proposals; 0 by default. */
        public Builder seed(long value) {
            seed = value;
            return this;
        }

        /** Candidates that are trained or scored at the same time; 1 by default. */
        public Builder tasks(int count) {
            tasks = count;
            return this;
        }

        /** Candidates at most, those scored before included; unlimited by default. */
        public Builder maxCandidates(int count) {
            maxCandidates = count;
            return this;
        }

        /** Time after which nothing is begun and trainings stop at their next checkpoint. */
        public Builder maxTime(Duration time) {
            maxTime = time;
            return this;
        }

        /** When trainings are given up early; never by default. */
        public Builder pruning(Pruning rule) {
            pruning = rule;
            return this;
        }

        /** Follows the search. */
        public Builder listener(SearchListener follower) {
            listener = follower;
            return this;
        }

        /** Listeners of Arbiter's, such as its web page's. */
        public Builder statusListeners(StatusListener... listeners) {
            statusListeners = List.of(listeners);
            return this;
        }

        /**
         * The search.
         *
         * @throws IllegalArgumentException if an option is missing, out of range, or does not fit
         *     another
         */
        public PostHocEmaSearch build() {
            Objects.requireNonNull(study, "study");
            Objects.requireNonNull(space, "space");
            Objects.requireNonNull(choices, "choices");
            Objects.requireNonNull(recipe, "recipe");
            Objects.requireNonNull(objective, "objective");
            requireAtLeastOne("snapshotEvery", snapshotEvery);
            requireAtLeastOne("tasks", tasks);
            requireAtLeastOne("maxCandidates", maxCandidates);
            requireScores();
            for (long time : choices.times()) {
                if (time % snapshotEvery != 0) {
                    throw new IllegalArgumentException(
                            "times must be multiples of snapshotEvery, %d, got %d"
                                    .formatted(snapshotEvery, time));
                }
            }
            return new PostHocEmaSearch(this);
        }

        private void requireScores() {
            String[] names =
                    scores.stream().flatMap(s -> s.names().stream()).toArray(String[]::new);
            if (Arrays.stream(names).distinct().count() < names.length) {
                throw new IllegalArgumentException(
                        "Scores must have different names, got " + Arrays.toString(names));
            }
            if (!List.of(names).contains(objective.score())) {
                throw new IllegalArgumentException(
                        "The objective must be one of the scores %s, got %s"
                                .formatted(Arrays.toString(names), objective.score()));
            }
        }

        private static void requireAtLeastOne(String name, long value) {
            if (value < 1) {
                throw new IllegalArgumentException(
                        "%s must be at least 1, got %d".formatted(name, value));
            }
        }
    }
}
