package io.github.edm2.layers;

import io.github.edm2.layers.plan.OwnOperations;
import io.github.edm2.layers.plan.Planned;
import java.util.Collection;
import lombok.Data;
import lombok.EqualsAndHashCode;
import lombok.NoArgsConstructor;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.NoParamLayer;
import org.deeplearning4j.nn.conf.memory.LayerMemoryReport;
import org.deeplearning4j.nn.conf.memory.MemoryReport;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.AbstractLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A layer without parameters: a differentiable function of one array. A subclass plans the function
 * and its gradient; this class makes a DL4J layer of it.
 *
 * <p>For one thread at a time, as all layers of DL4J.
 */
@Data
@NoArgsConstructor
@EqualsAndHashCode(callSuper = true)
public abstract class FunctionLayer extends NoParamLayer implements Planned {

    protected FunctionLayer(Builder<?> builder) {
        super(builder);
    }

    /**
     * Elements per example, besides the output, that training keeps or needs for a moment.
     *
     * @param inputType type of the layer's input
     */
    protected abstract long trainingElements(InputType inputType);

    @Override
    public Layer instantiate(
            NeuralNetConfiguration conf,
            Collection<TrainingListener> trainingListeners,
            int layerIndex,
            INDArray layerParamsView,
            boolean initializeParams,
            DataType networkDataType) {
        Runtime layer = runtime(conf, networkDataType);
        layer.setListeners(trainingListeners);
        layer.setIndex(layerIndex);
        layer.setConf(conf);
        return layer;
    }

    /**
     * The layer at run time. DL4J's {@code summary()} prints the name of its class without the
     * package, so that each kind of layer has a class of its own name; a subclass that does not
     * override this is printed as {@code FunctionLayer$Runtime}.
     */
    protected Runtime runtime(NeuralNetConfiguration conf, DataType dataType) {
        return new Runtime(conf, dataType);
    }

    @Override
    public InputType getOutputType(int layerIndex, InputType inputType) {
        return inputType;
    }

    @Override
    public InputPreProcessor getPreProcessorForInputType(InputType inputType) {
        return null;
    }

    @Override
    public LayerMemoryReport getMemoryReport(InputType inputType) {
        return new LayerMemoryReport.Builder(
                        layerName, getClass(), inputType, getOutputType(-1, inputType))
                .standardMemory(0, 0)
                .workingMemory(0, 0, 0, trainingElements(inputType))
                .cacheMemory(MemoryReport.CACHE_MODE_ALL_ZEROS, MemoryReport.CACHE_MODE_ALL_ZEROS)
                .build();
    }

    /**
     * Fails unless the function can take the input; takes all unless overridden.
     *
     * @param x the layer's input
     * @throws org.deeplearning4j.exception.DL4JInvalidInputException if not
     */
    protected void checkInput(INDArray x) {
        // Functions of single elements take any shape.
    }

    /** The layer's name and class, for messages. */
    protected final String description() {
        return "Layer \"%s\" (%s)".formatted(layerName, getClass().getSimpleName());
    }

    /** Builder of the layer's name and dropout, common to all function layers. */
    public abstract static class Builder<T extends Builder<T>> extends NoParamLayer.Builder<T> {}

    /**
     * The layer at run time: holds its operations and their arrays. For one thread at a time, as
     * DL4J's networks are.
     */
    public static class Runtime extends AbstractLayer<FunctionLayer> {

        private transient OwnOperations operations;

        /**
         * @param conf holds the layer's configuration
         * @param dataType of the network
         */
        protected Runtime(NeuralNetConfiguration conf, DataType dataType) {
            super(conf, dataType);
        }

        @Override
        public INDArray activate(boolean training, LayerWorkspaceMgr workspaces) {
            assertInputSet(false);
            layerConf().checkInput(input);
            if (training) {
                input = workspaces.castTo(ArrayType.INPUT, dataType, input, false);
            }
            applyDropOutIfNecessary(training, workspaces);
            INDArray x = workspaces.castTo(ArrayType.FF_WORKING_MEM, dataType, input, false);
            if (operations == null) {
                operations = new OwnOperations(layerConf(), layerId(), null, dataType);
            }
            return operations.forward(training, workspaces, x);
        }

        @Override
        public Pair<Gradient, INDArray> backpropGradient(
                INDArray epsilon, LayerWorkspaceMgr workspaces) {
            assertInputSet(true);
            INDArray x = workspaces.castTo(ArrayType.BP_WORKING_MEM, dataType, input, false);
            INDArray g = workspaces.castTo(ArrayType.BP_WORKING_MEM, dataType, epsilon, false);
            INDArray gradient = operations.backward(workspaces, g, x)[0];
            return new Pair<>(new DefaultGradient(), backpropDropOutIfPresent(gradient));
        }

        /**
         * Dropout never works in place. DL4J (M2.1, ComputationGraph.init) allows it to the last of
         * several consumers of an array, although the backward passes of the others still need the
         * array: their gradients would be wrong.
         */
        @Override
        public void allowInputModification(boolean allow) {
            super.allowInputModification(false);
        }

        @Override
        public void clear() {
            super.clear();
            if (operations != null) {
                operations.clear();
            }
        }

        @Override
        public boolean isPretrainLayer() {
            return false;
        }

        @Override
        public void clearNoiseWeightParams() {
            // No weights, no weight noise.
        }
    }
}
