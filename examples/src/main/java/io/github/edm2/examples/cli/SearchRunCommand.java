package io.github.edm2.examples.cli;

import io.github.edm2.models.Count;
import io.github.edm2.models.Edm2;
import io.github.edm2.models.Preset;
import io.github.edm2.models.checkpoint.NetworkFile;
import io.github.edm2.models.data.EmbeddedImages;
import io.github.edm2.models.data.ImageDataset;
import io.github.edm2.models.metrics.EmbeddedDetector;
import io.github.edm2.models.metrics.Evaluation;
import io.github.edm2.models.unet.FrozenNetwork;
import io.github.edm2.search.Cautions;
import io.github.edm2.search.Edm2Recipe;
import io.github.edm2.search.FrechetScore;
import io.github.edm2.search.HeldOutScore;
import io.github.edm2.search.PostHocEmaSearch;
import io.github.edm2.search.Score;
import io.github.edm2.search.SearchReport;
import io.github.edm2.search.SearchSummary;
import io.github.edm2.search.SignificantDigits;
import io.github.edm2.search.TrialResult;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** {@code edm2 search run}: begins or continues a study. */
final class SearchRunCommand implements Command {

    static final Setting<Path> STUDY =
            Setting.required(
                    "study", Kind.OUTPUT_FOLDER, "folder of the study; created if need be");
    private static final Setting<Path> CONFIG =
            Setting.derived(
                    "config",
                    Kind.FILE,
                    "the example: 4 learning rates and 25 EMA lengths on the embedded images",
                    "JSON file with what differs from the example (--print shows it)");
    private static final Setting<Integer> TASKS =
            Setting.of("tasks", Kind.SMALL_COUNT, 1, "candidates at the same time");
    private static final Setting<Integer> MAX_CANDIDATES =
            Setting.derived(
                    "max-candidates",
                    Kind.SMALL_COUNT,
                    "all",
                    "candidates of the study at most, those scored before included");
    private static final Setting<Double> MAX_MINUTES =
            Setting.derived(
                    "max-minutes",
                    Kind.NUMBER,
                    "unlimited",
                    "time after which a training stops at its next checkpoint");
    private static final Setting<Boolean> UI =
            Setting.of(
                    "ui",
                    Kind.SWITCH,
                    false,
                    "show the running search on Arbiter's page, http://localhost:9000/arbiter, which other machines can reach too and which ends with the command");
    private static final Setting<Boolean> PRINT =
            Setting.of("print", Kind.SWITCH, false, "print the configuration and do nothing");

    private static final int HELD_OUT_BATCH = 64;
    private static final int HELD_OUT_BATCHES = 2;
    private static final int SAMPLE_BATCH = 200;

    @Override
    public String name() {
        return "search run";
    }

    @Override
    public String summary() {
        return "Search hyperparameters and EMA length, training once for all EMA lengths";
    }

    @Override
    public String details() {
        return "The same command again continues the study where it was: no candidate is scored twice, and an"
                + " interrupted training goes on from its last checkpoint. The folder gets the best network"
                + " (best/network.zip) and report.html. Losses are means per element: channel of a pixel.";
    }

    @Override
    public List<Setting<?>> settings() {
        return List.of(STUDY, CONFIG, TASKS, MAX_CANDIDATES, MAX_MINUTES, UI, PRINT);
    }

    @Override
    public void run(Arguments arguments, PrintStream out) throws IOException {
        Path file = arguments.get(CONFIG);
        SearchConfig config = file == null ? SearchConfig.example() : SearchConfig.read(file);
        if (arguments.get(PRINT)) {
            out.println(config.toJson());
            return;
        }
        Double minutes = arguments.get(MAX_MINUTES);
        if (minutes != null && !(minutes > 0)) {
            throw new UsageException("--max-minutes must be greater than 0, got " + minutes);
        }
        try (SearchPage page = arguments.get(UI) ? page(config, arguments, out) : null;
                ImageDataset data = open(config.data(), config.cond(), true);
                ImageDataset heldOut = open(config.heldOut(), config.cond(), false);
                EmbeddedDetector detector = EmbeddedDetector.load();
                SearchProgress progress = new SearchProgress(out)) {
            Edm2Recipe recipe = new Edm2Recipe(config.presetOptions(), data);
            PostHocEmaSearch.Builder search =
                    PostHocEmaSearch.builder()
                            .study(arguments.get(STUDY))
                            .space(config.trainingSpace())
                            .choices(config.choices())
                            .recipe(recipe)
                            .strategy(config.searchStrategy())
                            .scores(scores(config, recipe, heldOut, detector, out))
                            .objective(config.searchObjective())
                            .snapshotEvery(config.snapshotEvery())
                            .pruning(config.searchPruning())
                            .seed(config.seed())
                            .tasks(arguments.get(TASKS))
                            .maxCandidates(arguments.get(MAX_CANDIDATES, Integer.MAX_VALUE))
                            .listener(progress);
            if (minutes != null) {
                search.maxTime(Duration.ofMillis(Math.round(minutes * 60_000)));
            }
            if (page != null) {
                search.statusListeners(page);
            }
            print(search.build().run(), out);
        }
    }

    private static SearchPage page(SearchConfig config, Arguments arguments, PrintStream out) {
        SearchPage page = SearchPage.start(config, arguments.get(STUDY));
        out.printf("page: %s%n", page.address());
        return page;
    }

    private static ImageDataset open(String name, boolean cond, boolean train) {
        if (!name.equals(SearchConfig.EMBEDDED)) {
            return ImageDataset.open(Path.of(name), cond);
        }
        return train ? EmbeddedImages.train(cond) : EmbeddedImages.heldOut(cond);
    }

    private static Score[] scores(
            SearchConfig config,
            Edm2Recipe recipe,
            ImageDataset heldOut,
            EmbeddedDetector detector,
            PrintStream out) {
        Preset preset = config.presetOptions();
        List<Score> scores = new ArrayList<>();
        for (String name : config.scores()) {
            scores.add(
                    switch (name) {
                        case "loss" ->
                                new HeldOutScore(
                                        heldOut,
                                        preset,
                                        HELD_OUT_BATCH,
                                        HELD_OUT_BATCHES,
                                        config.seed());
                        case "frechet" -> frechet(config, recipe, heldOut, detector, out);
                        default ->
                                throw new CommandException(
                                        "scores must be loss or frechet, got " + name);
                    });
        }
        return scores.toArray(Score[]::new);
    }

    private static Score frechet(
            SearchConfig config,
            Edm2Recipe recipe,
            ImageDataset heldOut,
            EmbeddedDetector detector,
            PrintStream out) {
        FrozenNetwork guide = guide(config);
        Evaluation real =
                ScoredImages.evaluate(heldOut, List.of(detector), SAMPLE_BATCH, false, out).get(0);
        return new FrechetScore(
                recipe, detector, real.statistics(), guide, config.samples(), SAMPLE_BATCH);
    }

    /** The guide of the configuration, or null. */
    private static FrozenNetwork guide(SearchConfig config) {
        if (config.guide() == null) {
            if (config.guidance().stream().anyMatch(strength -> strength != 1)) {
                throw new CommandException(
                        "guidance other than 1 needs a guide, the path of a network file, got guidance "
                                + config.guidance());
            }
            return null;
        }
        NetworkFile guide = Edm2.read(Path.of(config.guide()));
        return new FrozenNetwork(guide.options(), guide.graph());
    }

    private static void print(SearchSummary found, PrintStream out) throws IOException {
        long failed = found.study().count(TrialResult.Status.FAILED);
        out.printf(
                "%s after %s%s and %s trained%n",
                found.complete() ? "done" : "stopped",
                Count.of(found.study().results().size(), "candidate", "candidates"),
                failed == 0 ? "" : " (%,d failed)".formatted(failed),
                Count.images(found.study().imagesTrained()));
        if (found.best().isPresent()) {
            TrialResult best = found.best().get();
            String objective = found.study().objective().score();
            out.printf(
                    "best: candidate %d, %s %s: sigma_rel %s after %s, %s%n",
                    best.index(),
                    found.study().named(objective),
                    SignificantDigits.text(best.scores().get(objective)),
                    EmaLengths.format(best.postHoc().sigmaRel()),
                    Count.images(best.postHoc().images()),
                    best.trial().training());
            out.printf(
                    "images of it: %s generate --net %s --steps %d --seeds 0-63 --outdir images%n",
                    Program.name(),
                    Program.quoted(found.study().folder().resolve("best/network.zip")),
                    best.postHoc().steps());
        }
        List<String> cautions = Cautions.of(found.study());
        out.printf("report: %s%n", SearchReport.write(found.study(), Program.name()));
        if (found.study().hasOnlyFailures()) {
            throw new CommandException(cautions.get(0));
        }
        cautions.forEach(caution -> out.println("caution: " + caution));
    }
}
