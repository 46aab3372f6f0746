package io.github.edm2.examples.cli;

import io.github.edm2.models.metrics.Evaluation;
import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/** {@code edm2 metrics gen}: draws images and scores them without writing them. */
final class MetricsGenCommand implements Command {

    private static final int IMAGES = 50_000;

    private static final Setting<List<Long>> SEEDS =
            Setting.derived("seeds", Kind.SEEDS, "0 to --num - 1", "a seed per image");
    private static final Setting<Integer> NUM =
            Setting.derived(
                    "num",
                    Kind.SMALL_COUNT,
                    "50000, or the number of --seeds",
                    "number of images: the first seeds of --seeds");
    private static final Setting<Integer> REPEATS =
            Setting.of(
                    "repeats",
                    Kind.SMALL_COUNT,
                    1,
                    "draw and score so many times, each with the seeds that follow those before, and"
                            + " print minimum and range");
    private static final Setting<Long> SEED =
            Setting.of("seed", Kind.SEED, 0L, "of the subsets of the kernel distance");

    @Override
    public String name() {
        return "metrics gen";
    }

    @Override
    public String summary() {
        return "Draw images and score them without writing them";
    }

    @Override
    public String details() {
        return RealImages.DETAILS
                + " Of a network with classes, also the share of images that a detector with as many"
                + " classes names as the class they were drawn of.";
    }

    @Override
    public List<Setting<?>> settings() {
        return Stream.concat(
                        Stream.of(
                                RealImages.REF,
                                RealImages.REAL,
                                Detectors.SETTING,
                                SEEDS,
                                NUM,
                                REPEATS,
                                SEED),
                        Generator.SETTINGS.stream())
                .toList();
    }

    @Override
    public void run(Arguments arguments, PrintStream out) throws IOException {
        RealImages real = RealImages.of(arguments, arguments.get(SEED));
        List<Long> seeds = firstSeeds(arguments);
        try (Detectors detectors = Detectors.open(arguments.get(Detectors.SETTING))) {
            real.open(detectors.list(), out);
            score(arguments, seeds, detectors, real, out);
        }
    }

    private static void score(
            Arguments arguments,
            List<Long> seeds,
            Detectors detectors,
            RealImages real,
            PrintStream out)
            throws IOException {
        try (Generator generator = Generator.of(arguments, out)) {
            if (!generator.givesPixels()) {
                throw new CommandException(
                        "metrics need pixels, but the network makes latents; give the autoencoder's --decoder");
            }
            real.evaluate(detectors.list(), arguments.get(Generator.BATCH), out);
            List<List<ImageScores>> scores = new ArrayList<>();
            for (int repeat = 0; repeat < arguments.get(REPEATS); repeat++) {
                List<Evaluation> evaluations =
                        draw(
                                generator,
                                following(seeds, repeat),
                                detectors,
                                real.needsFeatures(),
                                out);
                scores.add(real.score(detectors.list(), evaluations));
            }
            MetricsTable.print(scores, out);
        }
    }

    private static List<Evaluation> draw(
            Generator generator,
            List<Long> seeds,
            Detectors detectors,
            boolean needsFeatures,
            PrintStream out)
            throws IOException {
        List<Evaluation> evaluations =
                detectors.list().stream().map(d -> new Evaluation(d, needsFeatures)).toList();
        generator.draw(
                seeds,
                out,
                drawn ->
                        evaluations.forEach(
                                e -> e.add(drawn.images(), drawn.classes(), generator.classes())));
        return evaluations;
    }

    /** The seeds without repeats, or of the first of them. */
    private static List<Long> firstSeeds(Arguments arguments) {
        List<Long> named = arguments.get(SEEDS);
        int num = arguments.get(NUM, named == null ? IMAGES : named.size());
        if (num < ScoredImages.LEAST) {
            throw new UsageException(
                    "%s must be at least %d images, got %d"
                            .formatted(
                                    arguments.has(NUM.name()) ? "--num" : "--seeds",
                                    ScoredImages.LEAST,
                                    num));
        }
        if (named != null && num > named.size()) {
            throw new UsageException(
                    "--num must be from %d to %d, the number of --seeds, got %d"
                            .formatted(ScoredImages.LEAST, named.size(), num));
        }
        return named == null
                ? LongStream.range(0, num).boxed().toList()
                : List.copyOf(named.subList(0, num));
    }

    /** The seeds of a repeat: the first ones, moved past all those before. */
    private static List<Long> following(List<Long> first, long repeat) {
        long step = Collections.max(first) - Collections.min(first) + 1;
        return first.stream().map(seed -> seed + repeat * step).toList();
    }
}
