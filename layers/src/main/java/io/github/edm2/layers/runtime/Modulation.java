package io.github.edm2.layers.runtime;

import io.github.edm2.layers.FunctionVertex;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.buffer.DataType;

/** {@link io.github.edm2.layers.Modulation} at run time. For one thread at a time. */
public final class Modulation extends FunctionVertex.Runtime {

    /**
     * @param function the vertex's configuration
     * @param graph whose vertex it is
     * @param name of the vertex
     * @param index of the vertex in the graph
     * @param dataType of the network
     */
    public Modulation(
            FunctionVertex function,
            ComputationGraph graph,
            String name,
            int index,
            DataType dataType) {
        super(function, graph, name, index, dataType);
    }
}
