package io.github.edm2.examples.cli;

import io.github.edm2.ema.AtomicFile;
import io.github.edm2.ema.AveragedWeights;
import io.github.edm2.ema.EmaTracker;
import io.github.edm2.ema.ReconstructedWeights;
import io.github.edm2.ema.Reconstruction;
import io.github.edm2.ema.SnapshotStore;
import io.github.edm2.models.Edm2;
import io.github.edm2.models.Preset;
import io.github.edm2.models.checkpoint.NetworkFile;
import io.github.edm2.models.data.EmbeddedImages;
import io.github.edm2.models.data.ImageBatches;
import io.github.edm2.models.data.ImageDataset;
import io.github.edm2.models.diffusion.HeldOutLoss;
import io.github.edm2.models.diffusion.LearningRateSchedule;
import io.github.edm2.models.metrics.EmbeddedDetector;
import io.github.edm2.models.metrics.Evaluation;
import io.github.edm2.models.training.FiniteAdam;
import io.github.edm2.models.training.Trainer;
import io.github.edm2.models.unet.NetworkOptions;
import io.github.edm2.search.Edm2Recipe;
import io.github.edm2.search.FrechetScore;
import io.github.edm2.search.Hyperparameters;
import io.github.edm2.search.PostHoc;
import io.github.edm2.search.Trial;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import me.tongfei.progressbar.ProgressBar;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * The whole way in a few minutes and without any input: trains a class-conditional network on the
 * embedded images, reconstructs a sweep of EMA lengths from the snapshots, scores each by held-out
 * loss and by the Fréchet distance of its samples, samples every class, has an independent
 * classifier judge the samples, and writes PNG grids and a report.
 */
final class Quickstart {

    /** Images that two cores train in a minute of the whole run, judging and drawing included. */
    private static final int IMAGES_PER_MINUTE = 3_000;

    private static final String PRESET = "edm2-16-tiny";
    private static final int SNAPSHOTS = 16;
    private static final double[] TRACKED = {0.05, 0.10};
    private static final double[] SWEEP = {0.03, 0.05, 0.075, 0.10, 0.125, 0.15, 0.175, 0.20, 0.25};

    /** Which snapshot time the guide is taken from, of {@link #SNAPSHOTS}, and its EMA length. */
    private static final int GUIDE_SNAPSHOT = 3;

    private static final double GUIDE_SIGMA_REL = 0.10;
    private static final int HELD_OUT_BATCH = 64;
    private static final int HELD_OUT_BATCHES = 5;
    private static final int STEPS_PER_POINT = 4;

    /** Unguided samples of each EMA length for its Fréchet distance, and their sampling steps. */
    private static final int SAMPLES_SCORED = 200;

    private static final int SCORED_STEPS = 8;
    private static final int DETECTOR_BATCH = 200;

    private final Path outdir;
    private final long seed;
    private final long images;
    private final PrintStream out;
    private final Preset preset = Preset.of(PRESET);

    /** What {@link #run} found. */
    record Result(
            QuickstartAdvice advice,
            long images,
            double namedAsAsked,
            double judgeAccuracy,
            int judged,
            Path report) {}

    /**
     * @param outdir folder for everything written
     * @param minutes how long the run may take on two cores; sets the number of images trained, so
     *     that the same options give the same files on any machine
     * @param seed of weights, data order, noise and samples
     * @param out progress
     */
    Quickstart(Path outdir, double minutes, long seed, PrintStream out) {
        this.outdir = outdir;
        this.seed = seed;
        this.out = out;
        long batches =
                Math.max(SNAPSHOTS, Math.round(minutes * IMAGES_PER_MINUTE / preset.batch()));
        this.images = batches * preset.batch();
    }

    /** Does everything; progress goes to standard error. */
    Result run() throws IOException {
        Path snapshots = outdir.resolve("snapshots");
        if (Files.exists(snapshots)) {
            throw new CommandException(
                    "%s exists already; remove it or choose another --outdir".formatted(snapshots));
        }
        Files.createDirectories(outdir);
        try (ImageDataset real = EmbeddedImages.train(true);
                ImageDataset heldOut = EmbeddedImages.heldOut(true);
                EmbeddedDetector detector = EmbeddedDetector.load()) {
            Edm2 model = model(real);
            ComputationGraph graph = model.init();
            List<QuickstartReport.Loss> training = new ArrayList<>();
            SnapshotStore store = train(model.networkOptions(), graph, real, training);

            Reconstruction averages = store.reconstruct(SWEEP);
            Evaluation originals =
                    ScoredImages.evaluate(heldOut, List.of(detector), DETECTOR_BATCH, false, out)
                            .get(0);
            List<QuickstartReport.EmaLength> sweep =
                    sweep(
                            graph,
                            heldOut,
                            averages,
                            new FrechetScore(
                                    new Edm2Recipe(preset, real),
                                    detector,
                                    originals.statistics(),
                                    null,
                                    SAMPLES_SCORED,
                                    DETECTOR_BATCH));
            QuickstartAdvice advice = new QuickstartAdvice(sweep);
            double best = advice.bestByLoss();
            ComputationGraph guide = model.init();
            store.reconstructAt(snapshotImages(GUIDE_SNAPSHOT), GUIDE_SIGMA_REL)
                    .get(GUIDE_SIGMA_REL)
                    .applyTo(guide);
            List<QuickstartReport.Grid> grids = new ArrayList<>();
            QuickstartSamples samples = new QuickstartSamples(graph, guide, heldOut, outdir, out);
            for (double sigmaRel : shownLengths(best)) {
                grids.add(samples.draw(averages.get(sigmaRel), sigmaRel == best));
            }
            averages.get(best).applyTo(graph);
            NetworkFile network =
                    new NetworkFile(model.networkOptions(), graph, EmbeddedImages.CLASS_NAMES);
            AtomicFile.write(outdir.resolve("network.zip"), file -> network.write(file, false));

            double judgeAccuracy = originals.accuracy().orElseThrow();
            double named = samples.namedAsAsked(detector);

            Path report = outdir.resolve("report.html");
            new QuickstartReport(
                            "EDM2 quickstart",
                            List.of(
                                    "%,d images of Fashion-MNIST (16x16) trained, %,d parameters, seed %d."
                                            .formatted(images, graph.params().length(), seed),
                                    advice.lengths(),
                                    "Losses are means per element (channel of a pixel).",
                                    String.format(
                                            Locale.ROOT,
                                            "Fréchet distances are between %d unguided samples of %d steps and the held-out images, in the features of the embedded detector; they compare with each other only.",
                                            SAMPLES_SCORED,
                                            SCORED_STEPS),
                                    String.format(
                                            Locale.ROOT,
                                            "All samples shown are guided (strength %.1f) by the network after %,d images.",
                                            QuickstartSamples.GUIDANCE,
                                            snapshotImages(GUIDE_SNAPSHOT)),
                                    String.format(
                                            Locale.ROOT,
                                            "An independent classifier (right on %.1f %% of held-out real images) names %.1f %% of %d samples as the class they were asked for.",
                                            100 * judgeAccuracy,
                                            100 * named,
                                            QuickstartSamples.JUDGED),
                                    advice.next(outdir, images)),
                            training,
                            sweep,
                            grids)
                    .write(report);
            return new Result(
                    advice, images, named, judgeAccuracy, QuickstartSamples.JUDGED, report);
        }
    }

    private Edm2 model(ImageDataset data) {
        return Edm2.builder()
                .options(preset.network())
                .inputShape(
                        new int[] {
                            data.shape().channels(), data.shape().height(), data.shape().width()
                        })
                .numClasses(data.classes())
                .seed(seed)
                .updater(
                        new FiniteAdam(
                                new LearningRateSchedule(
                                        preset.learningRate(),
                                        preset.decayBatches(),
                                        preset.rampUpImages(),
                                        preset.batch())))
                .build();
    }

    private SnapshotStore train(
            NetworkOptions options,
            ComputationGraph graph,
            ImageDataset data,
            List<QuickstartReport.Loss> curve) {
        ImageBatches batches = ImageBatches.builder(data, preset.batch()).seed(seed).build();
        EmaTracker ema = EmaTracker.of(graph, TRACKED);
        SnapshotStore store = SnapshotStore.openOrCreate(outdir.resolve("snapshots"), graph);
        long steps = images / preset.batch();
        double sum = 0;
        try (Trainer trainer =
                        new Trainer(
                                graph,
                                batches,
                                preset.batch(),
                                preset.pMean(),
                                preset.pStd(),
                                seed);
                ProgressBar bar = Progress.start("train", "images", 1, 0, images, out)) {
            for (long step = 1; step <= steps; step++) {
                sum += trainer.step();
                ema.update(trainer.images());
                if (step % STEPS_PER_POINT == 0) {
                    double loss = sum / STEPS_PER_POINT / data.shape().length();
                    curve.add(new QuickstartReport.Loss(trainer.images(), loss));
                    bar.setExtraMessage(" loss " + ShownLoss.text(loss, 4));
                    sum = 0;
                }
                if (isSnapshot(step, steps)) {
                    ema.addTo(store, DataType.FLOAT);
                }
                bar.stepTo(trainer.images());
            }
        }
        return store;
    }

    /** Whether a step is the last of one of {@link #SNAPSHOTS} equal parts of the run. */
    private static boolean isSnapshot(long step, long steps) {
        return step * SNAPSHOTS / steps > (step - 1) * SNAPSHOTS / steps;
    }

    /** The image count of the n-th snapshot, counted from 1. */
    private long snapshotImages(int n) {
        long steps = images / preset.batch();
        long step = (n * steps + SNAPSHOTS - 1) / SNAPSHOTS;
        return step * preset.batch();
    }

    private List<QuickstartReport.EmaLength> sweep(
            ComputationGraph graph,
            ImageDataset heldOut,
            Reconstruction averages,
            FrechetScore frechet) {
        HeldOutLoss loss =
                new HeldOutLoss(
                        ImageBatches.builder(heldOut, HELD_OUT_BATCH).seed(seed).build(),
                        HELD_OUT_BATCHES,
                        preset.pMean(),
                        preset.pStd(),
                        preset.network().getSigmaData(),
                        seed);
        List<QuickstartReport.EmaLength> sweep = new ArrayList<>();
        try (ProgressBar bar = Progress.start("EMA lengths", "networks", 1, 0, SWEEP.length, out)) {
            for (double sigmaRel : SWEEP) {
                ReconstructedWeights average = averages.get(sigmaRel);
                Trial trial =
                        new Trial(
                                new Hyperparameters(Map.of()),
                                new PostHoc(sigmaRel, images, 1, SCORED_STEPS));
                AveragedWeights.with(
                        graph,
                        average.weights(),
                        () ->
                                sweep.add(
                                        new QuickstartReport.EmaLength(
                                                sigmaRel,
                                                loss.of(graph),
                                                frechet.of(graph, trial)
                                                        .get(frechet.names().get(0)),
                                                average.profile().predictedError())));
                bar.step();
            }
        }
        return sweep;
    }

    /** The shortest, the best and the longest EMA length of the sweep. */
    private static double[] shownLengths(double best) {
        double middle =
                best == SWEEP[0] || best == SWEEP[SWEEP.length - 1]
                        ? SWEEP[SWEEP.length / 2]
                        : best;
        return new double[] {SWEEP[0], middle, SWEEP[SWEEP.length - 1]};
    }
}
