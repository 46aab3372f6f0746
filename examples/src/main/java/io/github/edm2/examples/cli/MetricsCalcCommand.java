package io.github.edm2.examples.cli;

import io.github.edm2.models.data.ImageDataset;
import io.github.edm2.models.metrics.Evaluation;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** {@code edm2 metrics calc}: how close images are to real ones. */
final class MetricsCalcCommand implements Command {

    private static final Setting<Path> DATA =
            Setting.required(
                    "data", Kind.FILE, "images to score: folder or zip of PNG files, or IDX files");
    private static final Setting<Boolean> LABELS =
            Setting.of(
                    "labels",
                    Kind.SWITCH,
                    false,
                    "use the labels of --data for the share of images that a detector names right");

    private static final Setting<Integer> REPEATS =
            Setting.of(
                    "repeats",
                    Kind.SMALL_COUNT,
                    1,
                    "score so many random subsets of --num images, and print minimum and range");
    private static final Setting<Long> SEED =
            Setting.of(
                    "seed",
                    Kind.SEED,
                    0L,
                    "of the subset of --num, one more for each repeat, and of those of the kernel distance");

    @Override
    public String name() {
        return "metrics calc";
    }

    @Override
    public String summary() {
        return "Score images against real ones";
    }

    @Override
    public String details() {
        return RealImages.DETAILS;
    }

    @Override
    public List<Setting<?>> settings() {
        return List.of(
                DATA,
                RealImages.REF,
                RealImages.REAL,
                Detectors.SETTING,
                LABELS,
                Subset.NUM,
                REPEATS,
                SEED,
                ScoredImages.BATCH);
    }

    @Override
    public void run(Arguments arguments, PrintStream out) throws IOException {
        long seed = arguments.get(SEED);
        RealImages real = RealImages.of(arguments, seed);
        int repeats = arguments.get(REPEATS);
        try (ImageDataset dataset = ImageDataset.open(arguments.get(DATA), arguments.get(LABELS));
                Detectors detectors = Detectors.open(arguments.get(Detectors.SETTING))) {
            if (dataset.hasLabelVectors()) {
                throw new CommandException(
                        "--labels needs classes, but the labels of %s are vectors; leave --labels out"
                                .formatted(arguments.get(DATA)));
            }
            Integer num = arguments.get(Subset.NUM);
            requireDifferentSubsets(repeats, num, dataset.count());
            Subset.require(dataset.count(), num);
            real.open(detectors.list(), out);
            real.evaluate(detectors.list(), arguments.get(ScoredImages.BATCH), out);
            List<List<ImageScores>> scores = new ArrayList<>();
            for (int repeat = 0; repeat < repeats; repeat++) {
                List<Evaluation> evaluations =
                        ScoredImages.evaluate(
                                dataset,
                                Subset.of(dataset.count(), num, seed + repeat),
                                detectors.list(),
                                arguments.get(ScoredImages.BATCH),
                                real.needsFeatures(),
                                out);
                scores.add(real.score(detectors.list(), evaluations));
            }
            MetricsTable.print(scores, out);
        }
    }

    private static void requireDifferentSubsets(int repeats, Integer num, int count) {
        if (repeats > 1 && (num == null || num == count)) {
            throw new UsageException(
                    "--repeats needs --num from %d to %d, fewer than the images of --data, because all images score the same each time"
                            .formatted(ScoredImages.LEAST, count - 1));
        }
    }
}
