package io.github.edm2.models.training;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Finds the layer in which numbers stop being finite. */
final class NonFiniteLayers {

    private NonFiniteLayers() {}

    /**
     * Computes a network and looks at every activation.
     *
     * @param graph computed as in sampling
     * @param inputs a batch
     * @param size largest number of examples in memory at a time
     * @return name of the first input, layer or vertex, in the order of computation, with NaN or
     *     infinity for any example
     */
    static Optional<String> first(ComputationGraph graph, INDArray[] inputs, int size) {
        List<String> order = new ArrayList<>(graph.getConfiguration().getNetworkInputs());
        for (int vertex : graph.topologicalSortOrder()) {
            order.add(graph.getVertices()[vertex].getVertexName());
        }
        int first = order.size();
        long examples = inputs[0].size(0);
        for (long from = 0; from < examples; from += size) {
            INDArray[] part = MicroBatches.slice(inputs, from, Math.min(from + size, examples));
            Map<String, INDArray> activations = graph.feedForward(part, false);
            for (int i = 0; i < part.length; i++) {
                activations.put(order.get(i), part[i]);
            }
            for (int i = 0; i < first; i++) {
                INDArray activation = activations.get(order.get(i));
                if (activation != null && !isFinite(activation)) {
                    first = i;
                }
            }
        }
        graph.clear();
        return first < order.size() ? Optional.of(order.get(first)) : Optional.empty();
    }

    /** The difference is zero but for NaN and infinity, so that the sum cannot overflow. */
    private static boolean isFinite(INDArray array) {
        return Double.isFinite(array.sub(array).sumNumber().doubleValue());
    }
}
