package io.github.edm2.ema;

import org.deeplearning4j.earlystopping.scorecalc.ScoreCalculator;
import org.deeplearning4j.nn.api.Model;

/**
 * The score of an average of the weights, for early stopping while the network itself trains on:
 * another calculator sees the network with the average in it; afterwards the network has its own
 * weights again, bit for bit. Together with {@link AveragedModelSaver} the best average is kept.
 *
 * <pre>{@code
 * EmaListener ema = EmaListener.builder().sigmaRel(0.05).build();
 * net.addListeners(ema);
 * new EarlyStoppingConfiguration.Builder<MultiLayerNetwork>()
 *         .scoreCalculator(new AveragedScoreCalculator<>(calculator, ema, 0.05))
 *         .modelSaver(new AveragedModelSaver<>(saver, ema, 0.05))
 * }</pre>
 *
 * <p>For one thread at a time, while nobody trains the network. Not to be serialized.
 *
 * @param <T> the network, a {@code ComputationGraph} or {@code MultiLayerNetwork}
 */
public final class AveragedScoreCalculator<T extends Model> implements ScoreCalculator<T> {

    private static final long serialVersionUID = 1;

    private final ScoreCalculator<? super T> calculator;
    private final TrackedAverage average;

    private AveragedScoreCalculator(ScoreCalculator<? super T> calculator, TrackedAverage average) {
        this.calculator = calculator;
        this.average = average;
    }

    /**
     * Scores an average of the listener's.
     *
     * @param calculator what scores the network, for example a {@code DataSetLossCalculator}
     * @param listener one of the network's listeners
     * @param sigmaRel of an average that the listener tracks
     * @throws IllegalArgumentException if the listener does not track it
     */
    public AveragedScoreCalculator(
            ScoreCalculator<? super T> calculator, EmaListener listener, double sigmaRel) {
        this(calculator, TrackedAverage.of(listener, sigmaRel));
    }

    /**
     * Scores an average of the tracker's.
     *
     * @param calculator what scores the network, for example a {@code DataSetLossCalculator}
     * @param tracker averages of the network, updated as it trains
     * @param sigmaRel of an average that is tracked
     * @throws IllegalArgumentException if it is not tracked
     */
    public AveragedScoreCalculator(
            ScoreCalculator<? super T> calculator, EmaTracker tracker, double sigmaRel) {
        this(calculator, TrackedAverage.of(tracker, sigmaRel));
    }

    /**
     * The score of the average as it stands.
     *
     * @param network the network in training, unchanged afterwards
     * @return the calculator's score
     * @throws IllegalStateException if the averages are of another network, or were not updated yet
     */
    @Override
    public double calculateScore(T network) {
        return average.in(network, () -> calculator.calculateScore(network));
    }

    @Override
    public boolean minimizeScore() {
        return calculator.minimizeScore();
    }
}
