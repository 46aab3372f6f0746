package io.github.edm2.ema;

import java.util.Arrays;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.api.layers.RecurrentLayer;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;

/** Where the minibatches of a training begin, for a listener that is told of iterations only. */
final class Minibatches {

    /** DL4J (M2.1) names the threads of ParallelWrapper so, followed by the worker's number. */
    private static final String WORKER = "ParallelWrapper training thread ";

    private Minibatches() {}

    /** Whether this thread trains a worker's copy of the model that ParallelWrapper was given. */
    static boolean onCopy() {
        String thread = Thread.currentThread().getName();
        return thread.startsWith(WORKER) && !thread.equals(WORKER + 0);
    }

    /** Whether this thread is one of ParallelWrapper's, which sets the listeners of its models. */
    static boolean onWorker() {
        return Thread.currentThread().getName().startsWith(WORKER);
    }

    /** Whether the weights still change after an iteration, before the next minibatch begins. */
    static boolean endLater(Model model) {
        return onWorker() || truncated(model);
    }

    /**
     * Whether an iteration is a minibatch's first, from its forward pass to its end. Truncated BPTT
     * makes one of each segment of a sequence, and hands the recurrent layers' state on to all
     * segments but the first.
     */
    static boolean beginsWith(Model model) {
        return !truncated(model)
                || Arrays.stream(layers(model))
                        .filter(RecurrentLayer.class::isInstance)
                        .map(RecurrentLayer.class::cast)
                        .allMatch(layer -> layer.rnnGetPreviousState().isEmpty());
    }

    /** Number of the iteration that a model is in. */
    static int iteration(Model model) {
        return model instanceof ComputationGraph graph
                ? graph.getIterationCount()
                : ((MultiLayerNetwork) model).getIterationCount();
    }

    private static boolean truncated(Model model) {
        if (model instanceof ComputationGraph graph) {
            return graph.getConfiguration().getBackpropType() == BackpropType.TruncatedBPTT;
        }
        return model instanceof MultiLayerNetwork network
                && network.getLayerWiseConfigurations().getBackpropType()
                        == BackpropType.TruncatedBPTT;
    }

    private static Layer[] layers(Model model) {
        return model instanceof ComputationGraph graph
                ? graph.getLayers()
                : ((MultiLayerNetwork) model).getLayers();
    }
}
