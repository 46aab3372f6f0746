package io.github.edm2.models.diffusion;

import io.github.edm2.layers.plan.Cost;
import io.github.edm2.layers.plan.Planned;
import java.util.Collection;
import java.util.List;
import lombok.Data;
import lombok.EqualsAndHashCode;
import lombok.NoArgsConstructor;
import org.deeplearning4j.nn.api.layers.IOutputLayer;
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
import org.nd4j.linalg.dataset.api.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;

/**
 * An output layer without parameters: a subclass gives the output, the loss of each example and its
 * gradient; this class makes a DL4J output layer of it.
 *
 * <p>For one thread at a time, as all layers of DL4J.
 */
@Data
@NoArgsConstructor
@EqualsAndHashCode(callSuper = true)
public abstract class DiffusionOutput extends NoParamLayer implements Planned {

    protected DiffusionOutput(Builder<?> builder) {
        super(builder);
    }

    /** What the network returns for the layer's input. */
    protected abstract INDArray output(INDArray input, LayerWorkspaceMgr ws);

    /**
     * The loss of each example, [batch, 1], summed over its elements.
     *
     * @param place where the result and temporaries go
     */
    protected abstract INDArray loss(
            INDArray input, INDArray labels, ArrayType place, LayerWorkspaceMgr ws);

    /** The gradient of the summed loss with respect to the layer's input. */
    protected abstract INDArray gradient(INDArray input, INDArray labels, LayerWorkspaceMgr ws);

    /** Whether {@link #loss} and {@link #gradient} read the labels. */
    protected abstract boolean readsLabels();

    /** Outputs cost nothing. */
    @Override
    public Cost cost(InputType output, InputType... inputs) {
        return new Cost(0, 0);
    }

    @Override
    public org.deeplearning4j.nn.api.Layer instantiate(
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
     * override this is printed as {@code DiffusionOutput$Runtime}.
     */
    protected Runtime runtime(NeuralNetConfiguration conf, DataType dataType) {
        return new Runtime(conf, dataType);
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
                .workingMemory(0, 0, 0, 2 * inputType.arrayElementsPerExample())
                .cacheMemory(MemoryReport.CACHE_MODE_ALL_ZEROS, MemoryReport.CACHE_MODE_ALL_ZEROS)
                .build();
    }

    /** Builder of the layer's name. */
    public abstract static class Builder<T extends Builder<T>> extends NoParamLayer.Builder<T> {}

    /** The layer at run time. For one thread at a time, as DL4J's networks are. */
    public static class Runtime extends AbstractLayer<DiffusionOutput> implements IOutputLayer {

        private INDArray labels;
        private double score;

        /**
         * @param conf holds the layer's configuration
         * @param dataType of the network
         */
        protected Runtime(NeuralNetConfiguration conf, DataType dataType) {
            super(conf, dataType);
        }

        @Override
        public INDArray activate(boolean training, LayerWorkspaceMgr ws) {
            assertInputSet(false);
            return layerConf().output(cast(input, ArrayType.FF_WORKING_MEM, ws), ws);
        }

        @Override
        public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr ws) {
            checkInputs();
            ArrayType temporary = ArrayType.BP_WORKING_MEM;
            INDArray gradient =
                    layerConf().gradient(cast(input, temporary, ws), labels(temporary, ws), ws);
            return new Pair<>(new DefaultGradient(), gradient);
        }

        private INDArray loss(ArrayType place, LayerWorkspaceMgr ws) {
            checkInputs();
            return layerConf().loss(cast(input, place, ws), labels(place, ws), place, ws);
        }

        private INDArray labels(ArrayType place, LayerWorkspaceMgr ws) {
            return needsLabels() ? cast(labels, place, ws) : labels;
        }

        private INDArray cast(INDArray array, ArrayType place, LayerWorkspaceMgr ws) {
            return ws.castTo(place, dataType, array, false);
        }

        @Override
        public double computeScore(double regularization, boolean training, LayerWorkspaceMgr ws) {
            INDArray loss = loss(ArrayType.FF_WORKING_MEM, ws);
            score = loss.sumNumber().doubleValue() / input.size(0) + regularization;
            return score;
        }

        @Override
        public INDArray computeScoreForExamples(double regularization, LayerWorkspaceMgr ws) {
            return loss(ArrayType.ACTIVATIONS, ws).addi(regularization);
        }

        private void checkInputs() {
            assertInputSet(true);
            if (labels == null && needsLabels()) {
                throw new IllegalStateException(
                        "Output layer "
                                + layerId()
                                + " has no labels; the clean images belong there (see NoisePreProcessor)");
            }
        }

        @Override
        public boolean needsLabels() {
            return layerConf().readsLabels();
        }

        @Override
        public void setLabels(INDArray labels) {
            this.labels = labels;
        }

        @Override
        public INDArray getLabels() {
            return labels;
        }

        @Override
        public double score() {
            return score;
        }

        @Override
        public void clear() {
            super.clear();
            labels = null;
        }

        @Override
        public boolean isPretrainLayer() {
            return false;
        }

        @Override
        public void clearNoiseWeightParams() {
            // No weights, no weight noise.
        }

        @Override
        public double f1Score(DataSet data) {
            throw notAClassifier();
        }

        @Override
        public double f1Score(INDArray examples, INDArray labels) {
            throw notAClassifier();
        }

        @Override
        @Deprecated
        public int numLabels() {
            throw notAClassifier();
        }

        @Override
        public void fit(DataSetIterator iterator) {
            throw notAClassifier();
        }

        @Override
        public int[] predict(INDArray examples) {
            throw notAClassifier();
        }

        @Override
        public List<String> predict(DataSet dataSet) {
            throw notAClassifier();
        }

        @Override
        public void fit(INDArray examples, INDArray labels) {
            throw notAClassifier();
        }

        @Override
        public void fit(DataSet data) {
            throw notAClassifier();
        }

        @Override
        public void fit(INDArray examples, int[] labels) {
            throw notAClassifier();
        }

        private UnsupportedOperationException notAClassifier() {
            return new UnsupportedOperationException(
                    "Layer " + layerId() + " denoises images, it does not classify");
        }
    }
}
