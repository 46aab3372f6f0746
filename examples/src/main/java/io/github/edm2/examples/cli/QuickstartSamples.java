package io.github.edm2.examples.cli;

import io.github.edm2.ema.AveragedWeights;
import io.github.edm2.ema.ReconstructedWeights;
import io.github.edm2.models.data.EmbeddedImages;
import io.github.edm2.models.data.ImageDataset;
import io.github.edm2.models.data.ImageFiles;
import io.github.edm2.models.data.ImageShape;
import io.github.edm2.models.data.Pixels;
import io.github.edm2.models.metrics.Detector;
import io.github.edm2.models.metrics.Evaluation;
import io.github.edm2.models.sampling.Denoiser;
import io.github.edm2.models.sampling.HeunSampler;
import io.github.edm2.models.sampling.Nd4jNoise;
import io.github.edm2.models.sampling.SeededNoise;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import me.tongfei.progressbar.ProgressBar;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The samples of a quickstart run: guided, drawn beside real images, or judged. */
final class QuickstartSamples {

    /** Strength of autoguidance (arXiv:2406.02507) by an earlier state of the same run. */
    static final double GUIDANCE = 2;

    /** How many samples are judged. */
    static final int JUDGED = 200;

    private static final int CLASSES = EmbeddedImages.CLASS_NAMES.size();
    private static final int STEPS = 12;
    private static final int PER_CLASS = 6;
    private static final int ORIGINALS_PER_CLASS = 3;

    private final ComputationGraph graph;
    private final ComputationGraph guide;
    private final ImageShape shape;
    private final INDArray originals;
    private final Path outdir;
    private final PrintStream out;

    /**
     * @param graph draws
     * @param guide guides it
     * @param real images to show beside the samples
     * @param outdir folder of the pictures
     * @param out progress
     */
    QuickstartSamples(
            ComputationGraph graph,
            ComputationGraph guide,
            ImageDataset real,
            Path outdir,
            PrintStream out) {
        this.graph = graph;
        this.guide = guide;
        this.outdir = outdir;
        this.out = out;
        shape = real.shape();
        originals = firstOfEachClass(real);
    }

    /** The first images of every class, class by class. */
    private static INDArray firstOfEachClass(ImageDataset data) {
        int[] first =
                IntStream.range(0, CLASSES)
                        .flatMap(
                                label ->
                                        IntStream.range(0, data.count())
                                                .filter(i -> data.label(i) == label)
                                                .limit(ORIGINALS_PER_CLASS))
                        .toArray();
        return data.images(first);
    }

    /** A grid with a row per class: real images, a gap, samples. */
    QuickstartReport.Grid draw(ReconstructedWeights average, boolean best) {
        long[] seeds = LongStream.range(0, (long) CLASSES * PER_CLASS).toArray();
        int[] labels = Arrays.stream(seeds).mapToInt(s -> (int) (s / PER_CLASS)).toArray();
        String name = String.format(Locale.ROOT, "%.3f", average.profile().sigmaRel());
        INDArray samples =
                AveragedWeights.with(
                        graph, average.weights(), () -> sample("draw " + name, seeds, labels));
        Path png = outdir.resolve("samples-" + name + ".png");
        INDArray white = Nd4j.ones(DataType.FLOAT, row(CLASSES, 1));
        INDArray rows =
                Nd4j.concat(
                        1,
                        originals.reshape(row(CLASSES, ORIGINALS_PER_CLASS)),
                        white,
                        samples.castTo(DataType.FLOAT).reshape(row(CLASSES, PER_CLASS)));
        int columns = ORIGINALS_PER_CLASS + 1 + PER_CLASS;
        ImageFiles.writeGrid(
                rows.reshape(
                        (long) CLASSES * columns, shape.channels(), shape.height(), shape.width()),
                columns,
                3,
                png);
        return new QuickstartReport.Grid(
                "sigma_rel %s%s: %d real images, then %d samples of each class"
                        .formatted(
                                name,
                                best ? ", the best by held-out loss" : "",
                                ORIGINALS_PER_CLASS,
                                PER_CLASS),
                png);
    }

    /** Shape of images in rows, [rows, images of a row, channels, height, width]. */
    private long[] row(int rows, int images) {
        return new long[] {rows, images, shape.channels(), shape.height(), shape.width()};
    }

    /**
     * The part of samples of the network as it is that a classifier names as they were asked for.
     */
    double namedAsAsked(Detector judge) {
        long[] seeds = LongStream.range(0, JUDGED).toArray();
        int[] labels = IntStream.range(0, JUDGED).map(i -> i % CLASSES).toArray();
        Evaluation evaluation = new Evaluation(judge, false);
        evaluation.add(Pixels.decode(sample("judge", seeds, labels)), labels, CLASSES);
        return evaluation.accuracy().orElseThrow();
    }

    private INDArray sample(String task, long[] seeds, int[] labels) {
        HeunSampler sampler = HeunSampler.builder().steps(STEPS).build();
        INDArray oneHot = Nd4j.eye(CLASSES).castTo(DataType.FLOAT).getRows(labels);
        try (SeededNoise noise =
                        new Nd4jNoise(seeds, shape.channels(), shape.height(), shape.width());
                ProgressBar bar = Progress.start(task, "steps", 1, 0, STEPS, out)) {
            Denoiser denoiser =
                    Denoiser.guided(
                            Denoiser.of(graph, oneHot), Denoiser.of(guide, oneHot), GUIDANCE);
            return sampler.sample(denoiser, noise.get(), noise, bar::stepTo);
        }
    }
}
