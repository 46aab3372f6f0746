package io.github.edm2.layers;

import io.github.edm2.layers.plan.Inference;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Forward passes of a graph whose weights do not change: the weights of its {@link MpWeightLayer}s
 * are normalized and scaled once, constants are folded into them, and for each shape of the inputs
 * there is a fixed sequence of operations on arrays that are allocated once and used again. Gives
 * the numbers of the graph up to rounding. Weights of wide convolutions are kept as {@link
 * WinogradConvolution} takes them, which is twice as many numbers.
 *
 * <p>Safe to share between threads: callers take turns in the order in which they came, because one
 * of them already keeps all processors busy, and each gets what it would get alone. Threads leave
 * nothing behind here when they end.
 */
public final class FrozenGraph {

    private final Map<String, ConstantWeight> weights = new HashMap<>();
    private final Inference inference;

    /** Of the same weights, for the inputs of the output layers. */
    private final Inference lossInputs;

    /** Held while its arrays are in use; fair, so that nobody waits forever. */
    private final Lock turn = new ReentrantLock(true);

    /**
     * Freezes a graph.
     *
     * @param graph not changed; its {@link MpWeightLayer}s may be trained on, other layers with
     *     parameters give what they have learned since
     * @param wanted names of the vertices whose values are wanted
     */
    public FrozenGraph(ComputationGraph graph, List<String> wanted) {
        for (Layer layer : graph.getLayers()) {
            if (layer.conf().getLayer() instanceof MpWeightLayer conf) {
                weights.put(conf.getLayerName(), new ConstantWeight(layer));
            }
        }
        inference = new Inference(graph, weights, List.copyOf(wanted));
        lossInputs = new Inference(graph, weights, lossInputs(graph));
    }

    private static List<String> lossInputs(ComputationGraph graph) {
        return graph.getConfiguration().getNetworkOutputs().stream()
                .map(output -> graph.getConfiguration().getVertexInputs().get(output).get(0))
                .toList();
    }

    /** Takes over what the graph has learned since. */
    void refresh(ComputationGraph graph) {
        weights.forEach((name, weight) -> weight.refresh(graph.getLayer(name)));
    }

    /** The wanted values; empty if there is no plan for such inputs. */
    Optional<INDArray[]> outputIfPlanned(INDArray... inputs) {
        return output(inference, inputs);
    }

    /** What the output layers take; empty if there is no plan for such inputs. */
    Optional<INDArray[]> lossInputsIfPlanned(INDArray... inputs) {
        return output(lossInputs, inputs);
    }

    private Optional<INDArray[]> output(Inference of, INDArray... inputs) {
        turn.lock();
        try (MemoryWorkspace ignored = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            return of.output(inputs);
        } finally {
            turn.unlock();
        }
    }

    /**
     * The wanted values.
     *
     * @param inputs of the graph; not changed
     * @return new arrays, in the order of the names
     * @throws IllegalArgumentException if there is no plan for such inputs
     */
    public INDArray[] output(INDArray... inputs) {
        return outputIfPlanned(inputs)
                .orElseThrow(
                        () ->
                                new IllegalArgumentException(
                                        "A frozen graph takes images and vectors of the shapes that the graph was made for, got %s"
                                                .formatted(shapes(inputs))));
    }

    private static String shapes(INDArray... inputs) {
        return Arrays.deepToString(
                Arrays.stream(inputs).map(INDArray::shape).toArray(long[][]::new));
    }
}
