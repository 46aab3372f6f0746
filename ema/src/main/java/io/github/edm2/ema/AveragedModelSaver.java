package io.github.edm2.ema;

import java.io.IOException;
import org.deeplearning4j.earlystopping.EarlyStoppingModelSaver;
import org.deeplearning4j.nn.api.Model;

/**
 * Keeps the best average of the weights in early stopping, where {@link AveragedScoreCalculator}
 * says which is the best: another saver gets the network with the average in it (and the
 * optimizer's state of the training); afterwards the network has its own weights again. The latest
 * model is the training's, from which it can be continued.
 *
 * <p>For one thread at a time, while nobody trains the network. Not to be serialized.
 *
 * @param <T> the network, a {@code ComputationGraph} or {@code MultiLayerNetwork}
 */
public final class AveragedModelSaver<T extends Model> implements EarlyStoppingModelSaver<T> {

    private static final long serialVersionUID = 1;

    private final EarlyStoppingModelSaver<T> saver;
    private final TrackedAverage average;

    private AveragedModelSaver(EarlyStoppingModelSaver<T> saver, TrackedAverage average) {
        this.saver = saver;
        this.average = average;
    }

    /**
     * Saves an average of the listener's.
     *
     * @param saver where models are kept, for example an {@code InMemoryModelSaver}
     * @param listener one of the network's listeners
     * @param sigmaRel of an average that the listener tracks
     * @throws IllegalArgumentException if the listener does not track it
     */
    public AveragedModelSaver(
            EarlyStoppingModelSaver<T> saver, EmaListener listener, double sigmaRel) {
        this(saver, TrackedAverage.of(listener, sigmaRel));
    }

    /**
     * Saves an average of the tracker's.
     *
     * @param saver where models are kept, for example an {@code InMemoryModelSaver}
     * @param tracker averages of the network, updated as it trains
     * @param sigmaRel of an average that is tracked
     * @throws IllegalArgumentException if it is not tracked
     */
    public AveragedModelSaver(
            EarlyStoppingModelSaver<T> saver, EmaTracker tracker, double sigmaRel) {
        this(saver, TrackedAverage.of(tracker, sigmaRel));
    }

    /**
     * Saves the average as it stands.
     *
     * @param network the network in training, unchanged afterwards
     * @param score of the average
     * @throws IOException if the saver fails
     * @throws IllegalStateException if the averages are of another network, or were not updated yet
     */
    @Override
    public void saveBestModel(T network, double score) throws IOException {
        average.<Void, IOException>in(
                network,
                () -> {
                    saver.saveBestModel(network, score);
                    return null;
                });
    }

    /** Saves the network with its own weights. */
    @Override
    public void saveLatestModel(T network, double score) throws IOException {
        saver.saveLatestModel(network, score);
    }

    /**
     * The best average.
     *
     * @return the network that the saver kept, with the average as its weights
     */
    @Override
    public T getBestModel() throws IOException {
        return saver.getBestModel();
    }

    @Override
    public T getLatestModel() throws IOException {
        return saver.getLatestModel();
    }
}
