package io.github.edm2.models.checkpoint;

import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.graph.FrozenVertex;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayerWithBackprop;
import org.deeplearning4j.nn.graph.ComputationGraph;

/**
 * Takes off what DL4J wraps around layers and vertices that transfer learning is not to train. It
 * changes no output.
 */
final class Unfrozen {

    private Unfrozen() {}

    /** The same configuration without frozen parts. */
    static ComputationGraphConfiguration of(ComputationGraphConfiguration graph) {
        ComputationGraphConfiguration result = graph.clone();
        // DL4J's copy begins anew, but schedules and files go on where the network was.
        result.setIterationCount(graph.getIterationCount());
        result.setEpochCount(graph.getEpochCount());
        result.getVertices().replaceAll((name, vertex) -> of(vertex));
        return result;
    }

    /** A network of the same weights without frozen parts; the same one if it has none. */
    static ComputationGraph of(ComputationGraph network) {
        boolean frozen =
                network.getConfiguration().getVertices().values().stream()
                        .anyMatch(Unfrozen::isFrozen);
        if (!frozen) {
            return network;
        }
        ComputationGraph result = new ComputationGraph(of(network.getConfiguration()));
        result.init(network.params(), true);
        return result;
    }

    private static boolean isFrozen(GraphVertex vertex) {
        return vertex instanceof FrozenVertex
                || vertex instanceof LayerVertex of
                        && inner(of.getLayerConf().getLayer()) != of.getLayerConf().getLayer();
    }

    private static GraphVertex of(GraphVertex vertex) {
        if (vertex instanceof FrozenVertex frozen) {
            return frozen.getUnderlying();
        }
        if (vertex instanceof LayerVertex of) {
            of.getLayerConf().setLayer(inner(of.getLayerConf().getLayer()));
        }
        return vertex;
    }

    private static Layer inner(Layer layer) {
        if (layer instanceof FrozenLayer frozen) {
            return frozen.getLayer();
        }
        return layer instanceof FrozenLayerWithBackprop frozen ? frozen.getUnderlying() : layer;
    }
}
