package io.github.edm2.search;

import io.github.edm2.ema.AtomicFile;
import io.github.edm2.ema.EmaTracker;
import io.github.edm2.ema.ReconstructedWeights;
import io.github.edm2.ema.Snapshot;
import io.github.edm2.ema.SnapshotException;
import io.github.edm2.ema.SnapshotStore;
import io.github.edm2.models.Count;
import io.github.edm2.models.training.Checkpoints;
import io.github.edm2.models.training.Checkpoints.Checkpoint;
import io.github.edm2.models.training.NonFiniteLosses;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.util.ModelSerializer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;

/**
 * One training of a study, in a folder of its own. It goes on as far as somebody asks for, stores
 * snapshots of its averages at equal distances, with a checkpoint at each, and continues from the
 * newest one after an interruption. A training that has failed stays failed.
 */
final class TrainingRun {

    /** Reconstruct all other lengths well (arXiv:2312.02696, section 3.2). */
    private static final double[] TRACKED = {0.05, 0.10};

    /** Untrained: takes the averages of the snapshots. */
    static final String NETWORK = "network.zip";

    static final String SNAPSHOTS = "snapshots";
    private static final String FAILURE = "failed.txt";

    private final Hyperparameters hyperparameters;
    private final Recipe recipe;
    private final Path folder;
    private final Checkpoints checkpoints;
    private final long every;
    private final long total;
    private final BooleanSupplier stop;
    private final SearchListener listener;

    private ComputationGraph network;
    private EmaTracker tracker;
    private SnapshotStore store;
    private long images;
    private final NonFiniteLosses losses = new NonFiniteLosses();
    private final Deque<ComputationGraph> scored = new ArrayDeque<>();

    /**
     * @param hyperparameters what is trained
     * @param recipe how
     * @param folder of this training; need not exist
     * @param every images between snapshots
     * @param total images at the end
     * @param stop asked at each checkpoint whether the training must stop
     * @param listener told of each step
     */
    TrainingRun(
            Hyperparameters hyperparameters,
            Recipe recipe,
            Path folder,
            long every,
            long total,
            BooleanSupplier stop,
            SearchListener listener) {
        this.hyperparameters = hyperparameters;
        this.recipe = recipe;
        this.folder = folder;
        checkpoints = new Checkpoints(folder, "checkpoint-", 1);
        this.every = every;
        this.total = total;
        this.stop = stop;
        this.listener = listener;
    }

    /**
     * Weights of an EMA length at a time, for which the training goes on if need be.
     *
     * @throws StoppedException if it had to stop before
     * @throws SearchException if the training has failed
     * @throws UncheckedIOException if it cannot be kept on disk
     */
    ReconstructedWeights weights(PostHoc choice) {
        long time = trainTo(choice.images());
        return SnapshotStore.open(folder.resolve(SNAPSHOTS))
                .reconstructAt(time, choice.sigmaRel())
                .get(choice.sigmaRel());
    }

    /** Trains, if need be, and returns the time of the first snapshot that is not earlier. */
    private synchronized long trainTo(long time) {
        try {
            begin();
            while (images < time) {
                if (stop.getAsBoolean()) {
                    throw new StoppedException();
                }
                trainSlice();
            }
        } catch (IOException e) {
            throw notKept(e);
        } catch (SnapshotException e) {
            throw e.getCause() instanceof IOException cause ? notKept(cause) : e;
        }
        return snapshotTime(store, time).orElseThrow();
    }

    /** When the snapshots are that stand for a time: a step's batch may reach beyond it. */
    static OptionalLong snapshotTime(SnapshotStore store, long time) {
        return store.snapshots().stream()
                .mapToLong(Snapshot::imageCount)
                .filter(count -> count >= time)
                .min();
    }

    /**
     * Whether a training has failed.
     *
     * @param run its folder
     */
    static boolean hasFailed(Path run) {
        return Files.exists(run.resolve(FAILURE));
    }

    private UncheckedIOException notKept(IOException e) {
        network = null; // It is ahead of what is on disk.
        return new UncheckedIOException(
                "The training in %s cannot be kept (%s)".formatted(folder, AtomicFile.reason(e)),
                e);
    }

    private void begin() throws IOException {
        Path failure = folder.resolve(FAILURE);
        if (Files.exists(failure)) {
            throw new SearchException(Files.readString(failure));
        }
        if (network != null) {
            return;
        }
        Files.createDirectories(folder);
        Optional<Checkpoint> newest = checkpoints.newest();
        network =
                newest.isPresent()
                        ? ModelSerializer.restoreComputationGraph(
                                newest.get().network().toFile(), true)
                        : recipe.network(hyperparameters);
        tracker = EmaTracker.of(network, TRACKED);
        newest.ifPresent(checkpoint -> checkpoint.restore(tracker));
        images = newest.map(Checkpoint::images).orElse(0L);
        store = SnapshotStore.openOrCreate(folder.resolve(SNAPSHOTS), network);
        if (newest.isEmpty()) {
            AtomicFile.write(
                    folder.resolve(NETWORK), out -> recipe.write(network, hyperparameters, out));
        }
    }

    /** Trains to the next snapshot. */
    private void trainSlice() throws IOException {
        long end = Math.min((images / every + 1) * every, total);
        // For dropout of the user's own layers, which draws from ND4J's generator of the thread.
        Nd4j.getRandom().setSeed(images);
        try {
            recipe.fit(network, hyperparameters, images, end, this::step);
        } catch (RuntimeException | OutOfMemoryError e) {
            network = null; // Its memory is needed more elsewhere.
            String message =
                    "The training of %s failed after %s (%s)"
                            .formatted(hyperparameters, Count.images(images), e.getMessage());
            AtomicFile.write(
                    folder.resolve(FAILURE),
                    out -> out.write(message.getBytes(StandardCharsets.UTF_8)));
            throw new SearchException(message, e);
        }
        tracker.addTo(store, DataType.FLOAT);
        checkpoints.save(out -> ModelSerializer.writeModel(network, out, true), tracker, images, 0);
    }

    private void step(long trained) {
        images = trained;
        tracker.update(trained);
        double loss = recipe.loss(network, hyperparameters);
        listener.trained(hyperparameters, trained, total, loss);
        losses.add(loss);
        if (losses.areTooMany()) {
            throw new SearchException(
                    losses.describe() + "; search lower learning rates or check the data");
        }
    }

    /** A network of this kind to put weights into; to be given back by {@link #giveBack}. */
    ComputationGraph borrow() {
        synchronized (scored) {
            if (!scored.isEmpty()) {
                return scored.pop();
            }
        }
        return recipe.network(hyperparameters);
    }

    void giveBack(ComputationGraph graph) {
        synchronized (scored) {
            scored.push(graph);
        }
    }
}
