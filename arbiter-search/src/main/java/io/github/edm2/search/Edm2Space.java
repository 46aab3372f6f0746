package io.github.edm2.search;

import java.util.List;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;

/**
 * Axes of a search over EDM2 networks and their training, by the names that the command line has
 * for them. Those that are left out are as in the preset of the {@link Edm2Recipe}.
 */
public final class Edm2Space {

    /** Reference learning rate (arXiv:2312.02696, Eq. 67). */
    public static final String LEARNING_RATE = "lr";

    /** Batches after which the learning rate decays; 0 for never. */
    public static final String DECAY = "decay";

    /** Images per step. */
    public static final String BATCH = "batch";

    /** Probability of zeroing an activation in training. */
    public static final String DROPOUT = "dropout";

    /** Mean of ln sigma. */
    public static final String P_MEAN = "P_mean";

    /** Standard deviation of ln sigma. */
    public static final String P_STD = "P_std";

    /** Base number of channels. */
    public static final String CHANNELS = "channels";

    /** Seed of weights, order of the data, noise and dropout. */
    public static final String SEED = "seed";

    static final List<String> NAMES =
            List.of(LEARNING_RATE, DECAY, BATCH, DROPOUT, P_MEAN, P_STD, CHANNELS, SEED);

    private final TrainingSpace.Builder axes = TrainingSpace.builder();

    private Edm2Space() {}

    /** Starts a space; it needs at least one axis. */
    public static Edm2Space builder() {
        return new Edm2Space();
    }

    /** Adds the axis {@link #LEARNING_RATE}. */
    public Edm2Space learningRate(ParameterSpace<Double> space) {
        return axis(LEARNING_RATE, space);
    }

    /** Adds the axis {@link #DECAY}. */
    public Edm2Space decay(ParameterSpace<Double> space) {
        return axis(DECAY, space);
    }

    /** Adds the axis {@link #BATCH}. */
    public Edm2Space batch(ParameterSpace<Integer> space) {
        return axis(BATCH, space);
    }

    /** Adds the axis {@link #DROPOUT}. */
    public Edm2Space dropout(ParameterSpace<Double> space) {
        return axis(DROPOUT, space);
    }

    /** Adds the axis {@link #P_MEAN}. */
    public Edm2Space pMean(ParameterSpace<Double> space) {
        return axis(P_MEAN, space);
    }

    /** Adds the axis {@link #P_STD}. */
    public Edm2Space pStd(ParameterSpace<Double> space) {
        return axis(P_STD, space);
    }

    /** Adds the axis {@link #CHANNELS}. */
    public Edm2Space channels(ParameterSpace<Integer> space) {
        return axis(CHANNELS, space);
    }

    /** Adds the axis {@link #SEED}. */
    public Edm2Space seed(ParameterSpace<Integer> space) {
        return axis(SEED, space);
    }

    /**
     * Adds an axis by its name.
     *
     * @throws IllegalArgumentException if there is no such axis
     */
    public Edm2Space axis(String name, ParameterSpace<?> space) {
        requireKnown(name);
        axes.axis(name, space);
        return this;
    }

    static void requireKnown(String name) {
        if (!NAMES.contains(name)) {
            throw new IllegalArgumentException(
                    "An axis of EDM2 must be one of %s, got %s"
                            .formatted(String.join(", ", NAMES), name));
        }
    }

    /** The space. */
    public TrainingSpace build() {
        return axes.build();
    }
}
