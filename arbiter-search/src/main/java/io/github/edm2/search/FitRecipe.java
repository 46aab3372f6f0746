package io.github.edm2.search;

import java.util.Iterator;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.LongConsumer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/** Trains a network of somebody's own by DL4J's {@code fit}, batch by batch. */
final class FitRecipe implements Recipe {

    private final String name;
    private final Function<Hyperparameters, ComputationGraph> network;
    private final BiFunction<Hyperparameters, Long, ? extends Iterator<MultiDataSet>> data;

    FitRecipe(
            String name,
            Function<Hyperparameters, ComputationGraph> network,
            BiFunction<Hyperparameters, Long, ? extends Iterator<MultiDataSet>> data) {
        this.name = name;
        this.network = network;
        this.data = data;
    }

    @Override
    public Map<String, Object> description() {
        return Map.of("name", name);
    }

    @Override
    public ComputationGraph network(Hyperparameters hyperparameters) {
        return network.apply(hyperparameters);
    }

    @Override
    public void fit(
            ComputationGraph graph,
            Hyperparameters hyperparameters,
            long from,
            long to,
            LongConsumer step) {
        Iterator<MultiDataSet> batches = data.apply(hyperparameters, from);
        long images = from;
        while (images < to) {
            if (!batches.hasNext()) {
                throw new IllegalStateException(
                        "The data ends at image %d, but the search trains to %d; give more epochs"
                                .formatted(images, to));
            }
            MultiDataSet batch = batches.next();
            graph.fit(batch);
            images += batch.getFeatures(0).size(0);
            step.accept(images);
        }
    }
}
