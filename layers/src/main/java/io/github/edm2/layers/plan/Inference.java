package io.github.edm2.layers.plan;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Forward passes of a graph with constant weights by plans, one for each shape of its inputs. For
 * one thread at a time.
 */
public final class Inference {

    private static final Logger log = LoggerFactory.getLogger(Inference.class);

    private final Topology topology;
    private final int inputCount;
    private final Map<String, ?> constants;
    private final List<String> wanted;
    private final RecentPlans<ForwardPass> passes = new RecentPlans<>();

    /**
     * @param graph neither it nor its parameters are kept, unless a vertex runs as DL4J has it
     * @param constants weights of the planned layers, by names of the layers
     * @param wanted names of the vertices whose values are wanted
     */
    public Inference(ComputationGraph graph, Map<String, ?> constants, List<String> wanted) {
        topology = Topology.of(graph, wanted);
        inputCount = graph.getNumInputArrays();
        this.constants = constants;
        this.wanted = wanted;
    }

    /**
     * The wanted values.
     *
     * @param inputs of the graph; not changed
     * @return new arrays, in the order of the names; empty if there is no plan for such inputs
     */
    public Optional<INDArray[]> output(INDArray... inputs) {
        return Shapes.key(inputCount, inputs)
                .flatMap(shapes -> passes.computeIfAbsent(shapes, key -> pass(inputs)))
                .map(pass -> pass.run(inputs));
    }

    private Optional<ForwardPass> pass(INDArray... inputs) {
        try {
            return Optional.of(new ForwardPass(topology, constants, wanted, inputs));
        } catch (NotPlannedException e) {
            log.debug("There is no plan for a forward pass, because {}", e.getMessage());
            return Optional.empty();
        }
    }
}
