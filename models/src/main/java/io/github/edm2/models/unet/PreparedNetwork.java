package io.github.edm2.models.unet;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.LongStream;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The training of a network made ready: for each size of batch a fixed sequence of operations on
 * arrays that are allocated once and used again, which computes the graph's loss and gradients in
 * less time and memory than the graph does. It works on the graph's own parameters and gradients,
 * so that the graph, its updater and its listeners can be used as ever. For one thread at a time.
 */
public final class PreparedNetwork {

    private final NetworkOptions options;
    private final ComputationGraph graph;
    private final Map<Long, TrainingPlan> plans = new HashMap<>();
    private WholeGradient gradient;

    /**
     * @param options what the network was made with
     * @param graph made by {@link io.github.edm2.models.Edm2}
     */
    public PreparedNetwork(NetworkOptions options, ComputationGraph graph) {
        this.options = options;
        this.graph = graph;
    }

    /**
     * What {@code graph.computeGradientAndScore()} does: normalizes the weights in place (Eq. 66),
     * computes the gradients, summed over the batch, in {@code graph.getFlattenedGradients()}, and
     * sets the graph's score to the loss, averaged over the batch.
     *
     * @param batch as for {@code graph.fit}: features noisy images, sigma and labels where the
     *     network has them; labels clean images; of any type, they are cast to the network's
     * @return the gradients, a view of the graph's
     * @throws IllegalArgumentException if the arrays are not of the network's shapes
     */
    public Gradient computeGradientAndScore(MultiDataSet batch) {
        INDArray[] features = batch.getFeatures();
        int expected = options.getLabelDim() > 0 ? 3 : 2;
        if (features.length != expected) {
            throw new IllegalArgumentException(
                    "The network takes %d inputs, noisy images, sigma%s, got %d"
                            .formatted(
                                    expected, expected > 2 ? " and labels" : "", features.length));
        }
        INDArray clean = batch.getLabels(0);
        long size = features[0].size(0);
        requireShape("Noisy images", features[0], size, imageShape());
        requireShape("Clean images (the labels)", clean, size, imageShape());
        requireShape("sigma", features[1], size, 1);
        if (expected > 2) {
            requireShape("Labels", features[2], size, options.getLabelDim());
        }
        try (MemoryWorkspace ignored = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            if (graph.getFlattenedGradients() == null) {
                graph.initGradientsView();
            }
            if (gradient == null || graph.getFlattenedGradients() != gradient.gradient()) {
                // The plans write to the gradients that the graph had before.
                gradient = new WholeGradient(graph);
                plans.clear();
            }
            double loss =
                    plans.computeIfAbsent(size, n -> new TrainingPlan(options, graph, n))
                            .run(
                                    cast(features[0]),
                                    cast(features[1]),
                                    expected > 2 ? cast(features[2]) : null,
                                    cast(clean));
            graph.setScore(loss);
            return gradient;
        }
    }

    /** To the network's type; the same array where it has it. */
    private INDArray cast(INDArray array) {
        return array.castTo(graph.params().dataType());
    }

    private long[] imageShape() {
        return new long[] {
            options.getImgChannels(), options.getImgResolution(), options.getImgResolution()
        };
    }

    private static void requireShape(String what, INDArray array, long batch, long... example) {
        long[] shape = LongStream.concat(LongStream.of(batch), LongStream.of(example)).toArray();
        if (!Arrays.equals(array.shape(), shape)) {
            throw new IllegalArgumentException(
                    "%s must have the shape %s, got %s"
                            .formatted(
                                    what, Arrays.toString(shape), Arrays.toString(array.shape())));
        }
    }
}
