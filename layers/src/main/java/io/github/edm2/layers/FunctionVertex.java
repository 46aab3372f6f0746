package io.github.edm2.layers;

import io.github.edm2.layers.plan.OwnOperations;
import io.github.edm2.layers.plan.Planned;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.MaskState;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.memory.LayerMemoryReport;
import org.deeplearning4j.nn.conf.memory.MemoryReport;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.BaseGraphVertex;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A graph vertex without parameters: a differentiable function of a fixed number of arrays. A
 * subclass plans the function and its gradient; this class makes a DL4J vertex of it.
 *
 * <p>Inputs that need no gradient (network inputs, constants) must come last: when a vertex feeds
 * several others and its first gradient is null, ComputationGraph (M2.1, calcBackpropGradients)
 * does not advance in the array of gradients, and every input after it gets its neighbour's.
 *
 * <p>For one thread at a time, as all vertices of DL4J.
 */
public abstract class FunctionVertex extends GraphVertex implements Planned {

    /** The number of inputs. */
    protected abstract int inputs();

    @Override
    public abstract FunctionVertex clone();

    @Override
    public abstract boolean equals(Object o);

    @Override
    public abstract int hashCode();

    @Override
    public long numParams(boolean backprop) {
        return 0;
    }

    @Override
    public int minVertexInputs() {
        return inputs();
    }

    @Override
    public int maxVertexInputs() {
        return inputs();
    }

    @Override
    public org.deeplearning4j.nn.graph.vertex.GraphVertex instantiate(
            ComputationGraph graph,
            String name,
            int idx,
            INDArray paramsView,
            boolean initializeParams,
            DataType networkDatatype) {
        return runtime(graph, name, idx, networkDatatype);
    }

    /**
     * The vertex at run time. DL4J's {@code summary()} prints the name of its class without the
     * package, so that each kind of vertex has a class of its own name; a subclass that does not
     * override this is printed as {@code FunctionVertex$Runtime}.
     *
     * @param index of the vertex in the graph
     */
    protected Runtime runtime(ComputationGraph graph, String name, int index, DataType dataType) {
        return new Runtime(this, graph, name, index, dataType);
    }

    @Override
    public MemoryReport getMemoryReport(InputType... inputTypes) {
        InputType output = getOutputType(-1, inputTypes);
        return new LayerMemoryReport.Builder(null, getClass(), inputTypes[0], output)
                .standardMemory(0, 0)
                .workingMemory(0, 0, 0, output.arrayElementsPerExample())
                .cacheMemory(MemoryReport.CACHE_MODE_ALL_ZEROS, MemoryReport.CACHE_MODE_ALL_ZEROS)
                .build();
    }

    /**
     * Fails unless the function can take the inputs; takes all unless overridden.
     *
     * @throws org.deeplearning4j.exception.DL4JInvalidInputException if not
     */
    protected void checkInputs(INDArray[] inputs) {
        // A subclass whose operations would fail with a message of their own need not check.
    }

    /**
     * The channels, height and width of a convolutional input.
     *
     * @throws IllegalStateException if the input is of another type or its channels come last
     */
    protected final InputType.InputTypeConvolutional convolutional(InputType inputType) {
        return Images.type(inputType, getClass().getSimpleName());
    }

    /** The vertex at run time. For one thread at a time, as DL4J's networks are. */
    public static class Runtime extends BaseGraphVertex {

        private final FunctionVertex function;
        private final transient OwnOperations operations;

        /**
         * @param function the vertex's configuration
         * @param graph whose vertex it is
         * @param name of the vertex
         * @param index of the vertex in the graph
         * @param dataType of the network
         */
        protected Runtime(
                FunctionVertex function,
                ComputationGraph graph,
                String name,
                int index,
                DataType dataType) {
            super(graph, name, index, null, null, dataType);
            this.function = function;
            operations = new OwnOperations(function, name, null, dataType);
        }

        @Override
        public boolean hasLayer() {
            return false;
        }

        @Override
        public Layer getLayer() {
            return null;
        }

        @Override
        public INDArray doForward(boolean training, LayerWorkspaceMgr workspaces) {
            if (!canDoForward()) {
                throw new IllegalStateException("Vertex " + this + ": inputs are not set");
            }
            function.checkInputs(inputs);
            return operations.forward(
                    training, workspaces, inputs(ArrayType.FF_WORKING_MEM, workspaces));
        }

        private INDArray[] inputs(ArrayType place, LayerWorkspaceMgr workspaces) {
            INDArray[] cast = new INDArray[inputs.length];
            for (int i = 0; i < cast.length; i++) {
                cast[i] = workspaces.castTo(place, dataType, inputs[i], false);
            }
            return cast;
        }

        @Override
        public Pair<Gradient, INDArray[]> doBackward(boolean tbptt, LayerWorkspaceMgr workspaces) {
            if (!canDoBackward()) {
                throw new IllegalStateException(
                        "Vertex " + this + ": inputs or output gradient are not set");
            }
            ArrayType temporary = ArrayType.BP_WORKING_MEM;
            INDArray g = workspaces.castTo(temporary, dataType, epsilon, false);
            return new Pair<>(
                    null, operations.backward(workspaces, g, inputs(temporary, workspaces)));
        }

        @Override
        public void setBackpropGradientsViewArray(INDArray gradients) {
            if (gradients != null) {
                throw new IllegalArgumentException("Vertex " + this + " has no parameters");
            }
        }

        @Override
        public Pair<INDArray, MaskState> feedForwardMaskArrays(
                INDArray[] maskArrays, MaskState state, int minibatchSize) {
            return maskArrays == null || maskArrays.length == 0
                    ? null
                    : new Pair<>(maskArrays[0], state);
        }

        @Override
        public String toString() {
            return "%s(\"%s\", index %d)"
                    .formatted(function.getClass().getSimpleName(), vertexName, vertexIndex);
        }
    }
}
