package io.github.edm2.layers.plan;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.graph.FrozenVertex;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.GraphVertex;
import org.deeplearning4j.nn.graph.vertex.VertexIndices;
import org.deeplearning4j.nn.graph.vertex.impl.LayerVertex;
import org.deeplearning4j.nn.layers.FrozenLayer;
import org.deeplearning4j.nn.layers.FrozenLayerWithBackprop;
import org.deeplearning4j.nn.layers.wrapper.BaseWrapperLayer;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * What a plan is made of: the vertices of a graph on which some values depend, in the order of
 * computation, without the graph's parameters.
 *
 * @param nodes the vertices
 * @param type data type of the graph
 */
record Topology(List<Node> nodes, DataType type) {

    /**
     * A vertex.
     *
     * @param name of the vertex
     * @param index of the vertex in the graph
     * @param inputs indices of the vertices that it takes
     * @param takers how many vertices take it, or want its value
     * @param input its number among the graph's inputs; -1 for another vertex
     * @param output its number among the graph's outputs; -1 for another vertex
     * @param configuration of the vertex, and of its layer
     * @param planned says how it is planned; null if it does not
     * @param preProcessor of its layer; null for none
     * @param vertex at run time; null where it is not to be kept
     */
    record Node(
            String name,
            int index,
            int[] inputs,
            int takers,
            int input,
            int output,
            org.deeplearning4j.nn.conf.graph.GraphVertex configuration,
            Planned planned,
            InputPreProcessor preProcessor,
            GraphVertex vertex) {}

    /** All vertices of a graph, for training. */
    static Topology of(ComputationGraph graph) {
        Set<Integer> all = new HashSet<>();
        for (GraphVertex vertex : graph.getVertices()) {
            all.add(vertex.getVertexIndex());
        }
        return of(graph, all, List.of(), true);
    }

    /**
     * The vertices that some depend on. Those that are {@link Planned} are kept without their
     * parameters.
     *
     * @param wanted names
     */
    static Topology of(ComputationGraph graph, List<String> wanted) {
        Set<Integer> needed = new HashSet<>();
        for (String name : wanted) {
            needed.add(graph.getVertex(name).getVertexIndex());
        }
        int[] order = graph.topologicalSortOrder();
        for (int i = order.length - 1; i >= 0; i--) {
            if (needed.contains(order[i])) {
                for (int input : inputs(graph.getVertices()[order[i]])) {
                    needed.add(input);
                }
            }
        }
        // The graph asks for all of its inputs.
        for (String input : graph.getConfiguration().getNetworkInputs()) {
            needed.add(graph.getVertex(input).getVertexIndex());
        }
        return of(graph, needed, wanted, false);
    }

    private static Topology of(
            ComputationGraph graph, Set<Integer> needed, List<String> wanted, boolean training) {
        ComputationGraphConfiguration conf = graph.getConfiguration();
        List<Node> nodes = new ArrayList<>();
        for (int index : graph.topologicalSortOrder()) {
            if (needed.contains(index)) {
                GraphVertex vertex = graph.getVertices()[index];
                String name = vertex.getVertexName();
                Planned planned = planned(conf, vertex, training);
                nodes.add(
                        new Node(
                                name,
                                index,
                                inputs(vertex),
                                takers(vertex, needed) + Collections.frequency(wanted, name),
                                conf.getNetworkInputs().indexOf(name),
                                conf.getNetworkOutputs().indexOf(name),
                                conf.getVertices().get(name),
                                planned,
                                vertex instanceof LayerVertex layer
                                        ? layer.getLayerPreProcessor()
                                        : null,
                                training || planned == null && !vertex.isInputVertex()
                                        ? vertex
                                        : null));
            }
        }
        return new Topology(List.copyOf(nodes), conf.getDataType());
    }

    private static int[] inputs(GraphVertex vertex) {
        VertexIndices[] inputs = vertex.getInputVertices();
        return inputs == null
                ? new int[0]
                : Arrays.stream(inputs).mapToInt(VertexIndices::getVertexIndex).toArray();
    }

    private static int takers(GraphVertex vertex, Set<Integer> needed) {
        VertexIndices[] takers = vertex.getOutputVertices();
        return takers == null
                ? 0
                : (int)
                        Arrays.stream(takers)
                                .filter(taker -> needed.contains(taker.getVertexIndex()))
                                .count();
    }

    /**
     * How a vertex is planned; null if it is not. DL4J's wrappers run as they are, but what it has
     * frozen is planned where nothing is trained.
     */
    private static Planned planned(
            ComputationGraphConfiguration conf, GraphVertex vertex, boolean training) {
        Object configuration = null;
        if (!vertex.hasLayer()) {
            configuration = conf.getVertices().get(vertex.getVertexName());
            if (!training && configuration instanceof FrozenVertex frozen) {
                configuration = frozen.getUnderlying();
            }
        } else if (!(vertex.getLayer() instanceof BaseWrapperLayer)
                || !training && isFrozen(vertex.getLayer())) {
            configuration = vertex.getLayer().conf().getLayer();
        }
        return configuration instanceof Planned planned && planned.isPlanned() ? planned : null;
    }

    private static boolean isFrozen(Layer layer) {
        return layer instanceof FrozenLayer || layer instanceof FrozenLayerWithBackprop;
    }
}
