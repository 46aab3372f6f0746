package io.github.edm2.ema;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.deeplearning4j.nn.api.Model;
import org.nd4j.autodiff.listeners.At;
import org.nd4j.autodiff.listeners.Loss;
import org.nd4j.autodiff.listeners.Operation;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/**
 * Tracks averages of a model's weights while it trains, and stores snapshots of them for
 * reconstruction afterwards. One line adds it to a {@code ComputationGraph}, a {@code
 * MultiLayerNetwork} or a {@code SameDiff} graph:
 *
 * <pre>{@code
 * net.addListeners(EmaListener.builder().snapshotEvery(100_000).store(folder).build());
 * }</pre>
 *
 * <p>Time is the number of images seen: the sum of the sizes of all minibatches, each counted once,
 * also where truncated BPTT makes several iterations of it. The averages see the weights as the
 * optimizer left them, before DL4J applies constraints to them.
 *
 * <p>A {@code ParallelWrapper} hands the listener to all its workers: their images are counted
 * together, and the averages see the model that was wrapped, after the workers' weights were
 * averaged. There, and with truncated BPTT, a minibatch's weights are final when the next one
 * begins; after the last one of a wrapper's {@code fit}, {@link #tracker} brings the averages up to
 * date and stores the snapshot that is due.
 *
 * <p>One listener follows one model, and refuses to be added to another. A {@code clone()} of a
 * {@code ComputationGraph}, which shares its listeners, trains without it, as a clone of a {@code
 * MultiLayerNetwork} does. Safe for the workers of a wrapper; otherwise for one thread at a time.
 */
public final class EmaListener extends DualListener {

    private static final String ONE_MODEL =
            "an EmaListener follows one model; give the other model a listener of its own with"
                    + " setListeners(EmaListener.builder()...build()), and copy a ComputationGraph"
                    + " with save and load, because its clone() shares its listeners";

    private final List<EmaProfile> profiles;
    private final int everyIterations;
    private final long snapshotEvery;
    private final Path folder;
    private final DataType snapshotType;
    private final Path resumeFrom;

    private Model model;
    private SameDiff graph;
    private EmaTracker tracker;
    private SnapshotStore store;
    private long imagesSeen;
    private final UnsettledImages unsettled = new UnsettledImages();

    private EmaListener(Builder builder, List<EmaProfile> profiles) {
        this.profiles = profiles;
        everyIterations = builder.everyIterations;
        snapshotEvery = builder.snapshotEvery;
        folder = builder.folder;
        snapshotType = builder.snapshotType;
        resumeFrom = builder.resumeFrom;
    }

    /**
     * Starts the configuration; without any, sigmaRel 0.05 and 0.10 are tracked and nothing is
     * stored.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * The averages, up to date.
     *
     * @return the tracker, which further training updates
     * @throws IllegalStateException before the first iteration
     */
    public synchronized EmaTracker tracker() {
        settle(Integer.MAX_VALUE);
        if (tracker == null) {
            throw new IllegalStateException(
                    "no averages before the first training iteration of a network that has this"
                            + " listener");
        }
        return tracker;
    }

    /** The averages of this model, up to date. */
    synchronized EmaTracker trackerOf(Model trained) {
        if (tracker != null && trained != model) {
            throw new IllegalStateException(
                    "the EmaListener follows another network; use the network that it was added"
                            + " to, or a listener of this network's own");
        }
        return tracker();
    }

    List<EmaProfile> profiles() {
        return profiles;
    }

    /**
     * Time of the training.
     *
     * @return images of all iterations so far, those before a resumption included
     */
    public synchronized long imagesSeen() {
        return imagesSeen + unsettled.count();
    }

    /**
     * Saves the averages and image counts for {@link Builder#resumeFrom}; call it where the model
     * is saved.
     *
     * @param file the file, replaced atomically
     * @throws IllegalStateException before the first iteration
     * @throws SnapshotException if the file cannot be written
     */
    public synchronized void saveState(Path file) {
        tracker().save(file, imagesSeen);
    }

    /** After each iteration of a DL4J model. */
    @Override
    public synchronized void iterationDone(Model trained, int iteration, int epoch) {
        boolean copy = Minibatches.onCopy();
        if (!copy) {
            if (!Minibatches.onWorker() && SharedListeners.inherited(this, trained)) {
                return;
            }
            follow(trained);
        }
        long images = Minibatches.beginsWith(trained) ? trained.batchSize() : 0;
        if (Minibatches.endLater(trained)) {
            unsettled.add(iteration, images, !copy && updateDue(iteration));
        } else {
            advance(images, updateDue(iteration), List.of(Weights.flat(trained)));
        }
    }

    private void follow(Model trained) {
        if (tracker == null) {
            model = trained;
            start(EmaTracker.of(trained, profiles.toArray(EmaProfile[]::new)), Weights.of(trained));
        } else if (trained != model) {
            throw new IllegalStateException(ONE_MODEL);
        }
    }

    private boolean updateDue(int iteration) {
        return (iteration + 1) % everyIterations == 0;
    }

    private void settle(int iteration) {
        if (tracker != null && !unsettled.isEmpty()) {
            long images = unsettled.takeBefore(iteration);
            advance(images, unsettled.takeDue(), List.of(Weights.flat(model)));
        }
    }

    /** Before each iteration of a SameDiff graph. */
    @Override
    public void iterationStart(SameDiff trained, At at, MultiDataSet batch, long loadMillis) {
        if (tracker != null && trained != graph) {
            throw new IllegalStateException(ONE_MODEL);
        }
        graph = trained;
    }

    /** After each iteration of a SameDiff graph. */
    @Override
    public void iterationDone(SameDiff gradients, At at, MultiDataSet batch, Loss loss) {
        // SameDiff passes its gradient graph here, which has auxiliary variables ("grad",
        // "one-var")
        // of the trainable type; only iterationStart is given the graph itself.
        if (tracker == null) {
            start(EmaTracker.of(graph, profiles.toArray(EmaProfile[]::new)), Weights.of(graph));
        }
        INDArray first = batch.numFeatureArrays() > 0 ? batch.getFeatures(0) : batch.getLabels(0);
        advance(first.size(0), updateDue(at.iteration()), Weights.of(graph).storage());
    }

    @Override
    public boolean isActive(Operation operation) {
        return operation == Operation.TRAINING;
    }

    private void start(EmaTracker fresh, Weights weights) {
        if (resumeFrom != null) {
            imagesSeen = fresh.restoreImagesSeen(resumeFrom);
        }
        if (folder != null) {
            store = SnapshotStore.openOrCreate(folder, weights);
            if (resumeFrom == null && !store.snapshots().isEmpty()) {
                throw new SnapshotException(
                        String.format(
                                "%s holds snapshots of an earlier training, up to image %d;"
                                        + " choose another folder, or resume with resumeFrom",
                                folder, store.lastImageCount()));
            }
        }
        tracker = fresh;
    }

    private void advance(long images, boolean updateDue, List<INDArray> weights) {
        long before = imagesSeen;
        imagesSeen += images;
        boolean snapshotDue = store != null && imagesSeen / snapshotEvery > before / snapshotEvery;
        if (snapshotDue || updateDue) {
            tracker.update(imagesSeen, weights);
        }
        if (snapshotDue) {
            tracker.addTo(store, snapshotType);
        }
    }

    @Override
    public synchronized void onEpochEnd(Model trained) {
        if (trained == model) {
            settle(Integer.MAX_VALUE);
        }
    }

    /** The model's weights are those after all iterations before the one that is going on. */
    @Override
    public synchronized void onGradientCalculation(Model trained) {
        if (trained == model && Minibatches.beginsWith(trained)) {
            settle(Minibatches.iteration(trained));
        }
    }

    /** Configuration of an {@link EmaListener}. */
    public static final class Builder {

        private final List<EmaProfile> chosen = new ArrayList<>();
        private int everyIterations = 1;
        private long snapshotEvery;
        private Path folder;
        private DataType snapshotType = DataType.FLOAT;
        private Path resumeFrom;

        private Builder() {}

        /**
         * Tracks power-function averages.
         *
         * @param sigmaRel relative standard deviations, each in (0, 0.289); by default 0.05 and
         *     0.10, from which others can be reconstructed
         * @return this builder
         * @throws IllegalArgumentException if one is out of range
         */
        public Builder sigmaRel(double... sigmaRel) {
            chosen.addAll(Arrays.asList(EmaTracker.powerFunctions(sigmaRel)));
            return this;
        }

        /**
         * Tracks traditional exponential averages, for comparison; they are not stored as
         * snapshots.
         *
         * @param images half-lives in images, positive
         * @return this builder
         * @throws IllegalArgumentException if one is not positive
         */
        public Builder halfLife(double... images) {
            Arrays.stream(images).mapToObj(HalfLife::new).forEach(chosen::add);
            return this;
        }

        /**
         * Updates the averages only every so many iterations (and before each snapshot); saves time
         * and keeps the profile.
         *
         * @param iterations at least 1, the default
         * @return this builder
         * @throws IllegalArgumentException if below 1
         */
        public Builder everyIterations(int iterations) {
            if (iterations < 1) {
                throw new IllegalArgumentException(
                        "everyIterations must be at least 1, got " + iterations);
            }
            everyIterations = iterations;
            return this;
        }

        /**
         * Stores snapshots each time the image count passes a multiple of this number; 16 to 64
         * snapshots per training are enough.
         *
         * @param images distance of snapshots in images, positive
         * @return this builder
         * @throws IllegalArgumentException if not positive
         */
        public Builder snapshotEvery(long images) {
            if (images < 1) {
                throw new IllegalArgumentException(
                        "snapshotEvery must be a positive number of images, got " + images);
            }
            snapshotEvery = images;
            return this;
        }

        /**
         * Where snapshots are stored.
         *
         * @param path folder of a {@link SnapshotStore}; created if need be, without snapshots of
         *     an earlier training unless resumed
         * @return this builder
         */
        public Builder store(Path path) {
            folder = path;
            return this;
        }

        /**
         * Data type of the snapshots.
         *
         * @param type {@code FLOAT} (the default) or {@code FLOAT16}
         * @return this builder
         * @throws IllegalArgumentException if another type
         */
        public Builder snapshotType(DataType type) {
            SnapshotStore.requireSnapshotType(type);
            snapshotType = type;
            return this;
        }

        /**
         * Continues the averages of an interrupted training from the first iteration on.
         *
         * @param state a file of {@link EmaListener#saveState}
         * @return this builder
         */
        public Builder resumeFrom(Path state) {
            resumeFrom = state;
            return this;
        }

        /**
         * Makes the listener.
         *
         * @return a listener for one model
         * @throws IllegalArgumentException if only one of {@link #store} and {@link #snapshotEvery}
         *     is given, or snapshots are wanted without a power-function average
         */
        public EmaListener build() {
            if ((folder == null) != (snapshotEvery == 0)) {
                throw new IllegalArgumentException(
                        "store and snapshotEvery go together: give both or neither");
            }
            if (chosen.isEmpty()) {
                EmaTracker.DEFAULT_SIGMA_REL.forEach(s -> chosen.add(new PowerFunction(s)));
            }
            if (folder != null && chosen.stream().noneMatch(PowerFunction.class::isInstance)) {
                throw new IllegalArgumentException(
                        "snapshots hold power-function averages: give at least one sigmaRel");
            }
            return new EmaListener(this, List.copyOf(chosen));
        }
    }
}
