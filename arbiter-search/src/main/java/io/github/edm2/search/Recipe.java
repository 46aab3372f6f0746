package io.github.edm2.search;

import java.io.IOException;
import java.io.OutputStream;
import java.util.Iterator;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.LongConsumer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.util.ModelSerializer;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/**
 * How a network is made and trained. Both must depend on the arguments alone, so that a training
 * that is interrupted and continued is the same as one that is not.
 */
public interface Recipe {

    /**
     * What decides about every training of the search besides the hyperparameters: names, numbers
     * and lists of them, which a study keeps and compares.
     */
    Map<String, Object> description();

    /** A new network, initialized. */
    ComputationGraph network(Hyperparameters hyperparameters);

    /**
     * Trains.
     *
     * @param network as it was made, or as it was at {@code from}
     * @param from images trained before
     * @param to the last step is the first with which so many images are trained
     * @param step called after each step with the images trained so far
     */
    void fit(
            ComputationGraph network,
            Hyperparameters hyperparameters,
            long from,
            long to,
            LongConsumer step);

    /**
     * Loss of a training's last step as it is shown.
     *
     * @param network that is being trained
     * @return by default its score
     */
    default double loss(ComputationGraph network, Hyperparameters hyperparameters) {
        return network.score();
    }

    /**
     * Writes a network for its users, without its updater.
     *
     * @param out not closed
     */
    default void write(ComputationGraph network, Hyperparameters hyperparameters, OutputStream out)
            throws IOException {
        ModelSerializer.writeModel(network, out, false);
    }

    /**
     * Trains any network of DL4J by {@code fit}.
     *
     * @param name of it, which a study keeps and compares
     * @param network makes a network, initialized
     * @param data batches from a position on, in images, such as a {@code MultiDataSetIterator};
     *     must not end before the last time of the search
     */
    static Recipe of(
            String name,
            Function<Hyperparameters, ComputationGraph> network,
            BiFunction<Hyperparameters, Long, ? extends Iterator<MultiDataSet>> data) {
        return new FitRecipe(name, network, data);
    }
}
