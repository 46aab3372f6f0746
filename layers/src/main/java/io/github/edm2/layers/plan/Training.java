package io.github.edm2.layers.plan;

import java.util.Arrays;
import java.util.Optional;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The training of a graph by plans, one for each shape of its inputs. It works on the graph's own
 * parameters and gradients, so that its updater and its listeners can be used as ever. For one
 * thread at a time.
 */
public final class Training {

    private static final Logger log = LoggerFactory.getLogger(Training.class);

    private final ComputationGraph graph;

    private final RecentPlans<GraphPlan> plans = new RecentPlans<>();

    private WholeGradient gradient;

    /**
     * @param graph initialized
     */
    public Training(ComputationGraph graph) {
        this.graph = graph;
    }

    /**
     * What {@code graph.computeGradientAndScore()} does: the forward pass in training mode, the
     * gradients, summed over the batch, in {@code graph.getFlattenedGradients()}, and the graph's
     * score.
     *
     * @param features the inputs
     * @param labels of the outputs
     * @return the gradients, a view of the graph's; empty if there is no plan for this, and nothing
     *     was computed
     */
    public Optional<Gradient> computeGradientAndScore(INDArray[] features, INDArray... labels) {
        Optional<String> shapes = Shapes.key(graph.getNumInputArrays(), features);
        if (shapes.isEmpty()
                || labels == null
                || graph.getConfiguration().getBackpropType() == BackpropType.TruncatedBPTT) {
            return Optional.empty();
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
            Optional<GraphPlan> plan = plans.computeIfAbsent(shapes.get(), key -> plan(features));
            plan.ifPresent(p -> graph.setScore(p.train(features, labels)));
            return plan.map(p -> gradient);
        }
    }

    private Optional<GraphPlan> plan(INDArray... features) {
        try {
            long[][] shapes = Arrays.stream(features).map(INDArray::shape).toArray(long[][]::new);
            return Optional.of(new GraphPlan(graph, shapes));
        } catch (NotPlannedException e) {
            log.debug("DL4J's own code trains the graph, because {}", e.getMessage());
            return Optional.empty();
        }
    }
}
