package io.github.edm2.ema;

import java.util.List;
import org.deeplearning4j.nn.api.Model;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Runs a block of code, for example an evaluation, with averaged weights in a model and puts the
 * training weights back afterwards, bit for bit and also when the block throws.
 *
 * <pre>{@code
 * Evaluation e = AveragedWeights.with(net, tracker.average(0.05), () -> net.evaluate(test));
 * }</pre>
 *
 * <p>For one thread at a time, while nobody trains the model.
 */
public final class AveragedWeights {

    private AveragedWeights() {}

    /**
     * A block of code with a result; {@code return null} where there is none.
     *
     * @param <T> the result
     * @param <X> what the block may throw
     */
    @FunctionalInterface
    public interface Block<T, X extends Exception> {

        /**
         * Runs the block.
         *
         * @return its result
         * @throws X as the block does
         */
        T run() throws X;
    }

    /**
     * Runs a block with these weights in the model. No other thread may train the model meanwhile.
     *
     * @param model a {@code ComputationGraph} or {@code MultiLayerNetwork}
     * @param weights weights of the same network
     * @param block what to run
     * @param <T> the block's result
     * @param <X> what the block may throw
     * @return the block's result
     * @throws X as the block does
     * @throws IllegalArgumentException if the weights belong to another network
     */
    public static <T, X extends Exception> T with(Model model, Weights weights, Block<T, X> block)
            throws X {
        return with(Weights.of(model), weights, block);
    }

    /**
     * Runs a block with these weights in the SameDiff graph's trainable variables.
     *
     * @param graph the graph
     * @param weights weights of the same graph
     * @param block what to run
     * @param <T> the block's result
     * @param <X> what the block may throw
     * @return the block's result
     * @throws X as the block does
     * @throws IllegalArgumentException if the weights belong to another graph
     */
    public static <T, X extends Exception> T with(
            SameDiff graph, Weights weights, Block<T, X> block) throws X {
        return with(Weights.of(graph), weights, block);
    }

    private static <T, X extends Exception> T with(
            Weights live, Weights averages, Block<T, X> block) throws X {
        List<INDArray> training = live.copyOfStorage();
        try {
            live.assign(averages);
            return block.run();
        } finally {
            for (int i = 0; i < training.size(); i++) {
                live.storage().get(i).assign(training.get(i));
            }
        }
    }
}
