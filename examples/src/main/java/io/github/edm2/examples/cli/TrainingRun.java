package io.github.edm2.examples.cli;

import io.github.edm2.ema.AtomicFile;
import io.github.edm2.ema.EmaTracker;
import io.github.edm2.ema.SnapshotStore;
import io.github.edm2.models.Count;
import io.github.edm2.models.Edm2;
import io.github.edm2.models.checkpoint.NetworkFile;
import io.github.edm2.models.data.ImageBatches;
import io.github.edm2.models.data.ImageDataset;
import io.github.edm2.models.training.Checkpoints;
import io.github.edm2.models.training.Checkpoints.Checkpoint;
import io.github.edm2.models.training.FiniteAdam;
import io.github.edm2.models.training.Trainer;
import io.github.edm2.models.unet.NetworkOptions;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import me.tongfei.progressbar.ProgressBar;
import org.bytedeco.javacpp.Pointer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * A training in a folder: {@code training_options.json}, {@code network.zip} (untrained, in the end
 * trained), {@code snapshots} of the averages, {@code checkpoints}, {@code stats.jsonl} and {@code
 * log.txt}. Continues from the newest checkpoint. Every file is complete at every moment, so that
 * the folder stays usable whenever the program ends.
 */
final class TrainingRun {

    /** Where {@link PhemaCommand} finds a network to put averages into. */
    static final String NETWORK = "network.zip";

    static final String SNAPSHOTS = "snapshots";

    private final TrainingOptions options;
    private final ImageDataset dataset;
    private final Path outdir;
    private final PrintStream out;
    private final Checkpoints checkpoints;
    private final StatusLog log;

    TrainingRun(TrainingOptions options, ImageDataset dataset, Path outdir, PrintStream out) {
        this.options = options;
        this.dataset = dataset;
        this.outdir = outdir;
        this.out = out;
        checkpoints = new Checkpoints(outdir.resolve("checkpoints"), "", 2);
        log = new StatusLog(outdir);
    }

    /** Trains to the end. */
    void run() throws IOException {
        options.requireSameAsIn(outdir);
        Optional<Checkpoint> newest = checkpoints.newest();
        NetworkFile network =
                newest.map(checkpoint -> NetworkFile.read(checkpoint.network(), true))
                        .orElseGet(this::fresh);
        EmaTracker tracker =
                EmaTracker.of(
                        network.graph(),
                        options.emaStd().stream().mapToDouble(Double::doubleValue).toArray());
        newest.ifPresent(checkpoint -> checkpoint.restore(tracker));
        long start = newest.map(Checkpoint::images).orElse(0L);
        if (start >= options.duration()) {
            out.printf("%s is trained to %s already%n", outdir, Count.images(start));
            return;
        }
        if (newest.isEmpty()) {
            requireFinite();
        }
        Files.createDirectories(outdir);
        options.save(outdir);
        SnapshotStore store =
                SnapshotStore.openOrCreate(outdir.resolve(SNAPSHOTS), network.graph());
        if (newest.isEmpty()) {
            saveNetwork(network);
            tell(options.start());
        }
        log.rewindTo(start);
        String event =
                start == 0 ? "training begins" : "training continues at " + Count.images(start);
        log.note(event);
        out.println(event + " in " + outdir);
        train(network, tracker, store, start, newest.map(Checkpoint::seconds).orElse(0.0));
        saveNetwork(network);
        log.note("training is done");
    }

    private void tell(Optional<String> text) throws IOException {
        if (text.isPresent()) {
            log.note(text.get());
            out.println(text.get());
        }
    }

    private void requireFinite() {
        if (dataset.holdsLatents()) {
            try (ProgressBar bar = Progress.start("check", "latents", 1, 0, dataset.count(), out)) {
                dataset.requireFinite(bar::step);
            }
        }
    }

    private NetworkFile fresh() {
        NetworkOptions network = options.network();
        Edm2 model =
                Edm2.builder()
                        .options(network)
                        .seed(options.seed())
                        .updater(new FiniteAdam(options.schedule()))
                        .build();
        ComputationGraph graph = model.init();
        options.init().ifPresent(start -> start.copyTo(graph));
        return new NetworkFile(network, graph, dataset.classNames());
    }

    private void saveNetwork(NetworkFile network) throws IOException {
        AtomicFile.write(outdir.resolve(NETWORK), stream -> network.write(stream, false));
    }

    private void train(
            NetworkFile network,
            EmaTracker tracker,
            SnapshotStore store,
            long start,
            double secondsBefore)
            throws IOException {
        ImageBatches batches =
                ImageBatches.builder(dataset, options.batch())
                        .seed(options.seed())
                        .xflip(options.xflip())
                        .startImage(start)
                        .build();
        try (Trainer trainer =
                new Trainer(
                        network.graph(),
                        batches,
                        options.batchGpu(),
                        options.pMean(),
                        options.pStd(),
                        options.seed())) {
            train(trainer, network, tracker, store, secondsBefore);
            out.printf("trained to %s%n", Count.images(trainer.images()));
        }
    }

    private void train(
            Trainer trainer,
            NetworkFile network,
            EmaTracker tracker,
            SnapshotStore store,
            double secondsBefore)
            throws IOException {
        DataType snapshotType = options.fp16Snapshots() ? DataType.FLOAT16 : DataType.FLOAT;
        long valuesPerImage = dataset.shape().length();
        long start = trainer.images();
        long startTime = System.nanoTime();
        Interval interval = new Interval(start, startTime);
        LossWatch watch = new LossWatch(checkpoints, log, out);
        try (ProgressBar bar =
                Progress.start("train", "images", 1, start, options.duration(), out)) {
            while (trainer.images() < options.duration()) {
                long before = trainer.images();
                double loss = trainer.step() / valuesPerImage;
                long images = trainer.images();
                tracker.update(images);
                interval.add(loss);
                boolean last = images >= options.duration();
                watch.step(trainer, loss, last);
                double rate = options.schedule().atImages(before);
                bar.setExtraMessage(
                        " loss %s lr %.2e mem %.1fG"
                                .formatted(
                                        ShownLoss.text(loss, 3),
                                        rate,
                                        Pointer.physicalBytes() / (double) (1 << 30)));
                bar.stepTo(Math.min(images, options.duration()));
                boolean snapshotDue =
                        options.snapshot() > 0
                                && (last || isDue(options.snapshot(), before, images));
                boolean checkpointDue = last || isDue(options.checkpoint(), before, images);
                boolean good =
                        (snapshotDue || checkpointDue)
                                && watch.isGood(trainer, network.graph(), last);
                if (snapshotDue && good) {
                    tracker.addTo(store, snapshotType);
                }
                double seconds = secondsBefore + (System.nanoTime() - startTime) / 1e9;
                if (options.status() > 0 && (last || isDue(options.status(), before, images))) {
                    log.add(interval.status(images, rate, seconds));
                    interval = new Interval(images, System.nanoTime());
                }
                if (checkpointDue && good) {
                    checkpoints.save(
                            stream -> network.write(stream, true), tracker, images, seconds);
                }
            }
        }
    }

    /** Whether a step passes a multiple of the interval; never, if that is 0. */
    private static boolean isDue(long every, long before, long images) {
        return every > 0 && images / every > before / every;
    }

    /** Sums of the steps between two lines of the log. */
    private static final class Interval {

        private final long startImages;
        private final long startTime;
        private double loss;
        private int steps;

        Interval(long startImages, long startTime) {
            this.startImages = startImages;
            this.startTime = startTime;
        }

        /** Losses that are no numbers are told of elsewhere, and are no part of a mean. */
        void add(double stepLoss) {
            if (Double.isFinite(stepLoss)) {
                loss += stepLoss;
                steps++;
            }
        }

        StatusLog.Status status(long images, double rate, double seconds) {
            double elapsed = (System.nanoTime() - startTime) / 1e9;
            return new StatusLog.Status(
                    images,
                    loss / steps,
                    rate,
                    seconds,
                    (images - startImages) / elapsed,
                    Pointer.physicalBytes());
        }
    }
}
