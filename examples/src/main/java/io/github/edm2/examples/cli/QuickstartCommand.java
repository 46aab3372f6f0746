package io.github.edm2.examples.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;

/** {@code edm2 quickstart}: the whole way on embedded images. */
final class QuickstartCommand implements Command {

    private static final double MOST_MINUTES = 24 * 60;

    private static final Setting<Path> OUTDIR =
            Setting.of(
                    "outdir",
                    Kind.OUTPUT_FOLDER,
                    Path.of("quickstart"),
                    "folder of everything written; created if need be");
    private static final Setting<Double> MINUTES =
            Setting.of(
                    "minutes",
                    Kind.NUMBER,
                    6.0,
                    "most that the run may take on two cores; sets the number of images trained");
    private static final Setting<Long> SEED =
            Setting.of("seed", Kind.SEED, 1L, "of weights, data order, noise and samples");

    @Override
    public String name() {
        return "quickstart";
    }

    @Override
    public String summary() {
        return "Train, choose an EMA length, draw and judge images; needs no input";
    }

    @Override
    public String details() {
        return "Trains a class-conditional network on embedded images of Fashion-MNIST, reconstructs"
                + " a sweep of EMA lengths from its snapshots, draws every class, lets an"
                + " independent classifier judge the drawings, and writes report.html. Losses are means per element: channel"
                + " of a pixel.";
    }

    @Override
    public List<Setting<?>> settings() {
        return List.of(OUTDIR, MINUTES, SEED);
    }

    @Override
    public void run(Arguments arguments, PrintStream out) throws IOException {
        double minutes = arguments.get(MINUTES);
        if (!(minutes > 0 && minutes <= MOST_MINUTES)) {
            throw new UsageException(
                    "--minutes must be greater than 0 and at most %.0f, got %s"
                            .formatted(MOST_MINUTES, minutes));
        }
        Quickstart.Result result =
                new Quickstart(arguments.get(OUTDIR), minutes, arguments.get(SEED), out).run();
        out.println(result.advice().lengths());
        out.printf(
                "an independent classifier, right on %.1f %% of held-out real images, names %.1f %% of %d samples as the class they were asked for%n",
                100 * result.judgeAccuracy(), 100 * result.namedAsAsked(), result.judged());
        out.println(result.advice().next(arguments.get(OUTDIR), result.images()));
        out.printf("report: %s%n", result.report());
    }
}
