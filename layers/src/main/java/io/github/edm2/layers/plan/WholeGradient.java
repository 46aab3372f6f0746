package io.github.edm2.layers.plan;

import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The gradients of a graph as the very array that the graph has. DL4J's own Gradient (M2.1) gives a
 * new view at each call, which its updater takes for somebody else's gradients: it makes views of
 * all parameters then, twice in each step.
 */
final class WholeGradient extends DefaultGradient {

    private static final long serialVersionUID = 1;

    private final transient INDArray whole;

    /**
     * @param graph with an array of gradients
     */
    WholeGradient(ComputationGraph graph) {
        super(graph.getFlattenedGradients());
        whole = graph.getFlattenedGradients();
        for (Layer layer : graph.getLayers()) {
            if (layer.getGradientsViewArray() != null) { // neither frozen nor without parameters
                String prefix = layer.conf().getLayer().getLayerName() + "_";
                layer.conf()
                        .getLayer()
                        .initializer()
                        .getGradientsFromFlattened(layer.conf(), layer.getGradientsViewArray())
                        .forEach((key, view) -> setGradientFor(prefix + key, view, 'c'));
            }
        }
    }

    @Override
    public INDArray gradient() {
        return whole;
    }
}
