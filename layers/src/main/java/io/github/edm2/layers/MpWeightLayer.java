package io.github.edm2.layers;

import io.github.edm2.layers.plan.Cost;
import io.github.edm2.layers.plan.OwnOperations;
import io.github.edm2.layers.plan.Planned;
import java.util.Collection;
import lombok.Data;
import lombok.EqualsAndHashCode;
import lombok.NoArgsConstructor;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.distribution.NormalDistribution;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.memory.LayerMemoryReport;
import org.deeplearning4j.nn.conf.memory.MemoryReport;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.BaseLayer;
import org.deeplearning4j.nn.weights.WeightInitDistribution;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.common.primitives.Pair;
import org.nd4j.common.util.ArrayUtil;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A layer that multiplies its input by a magnitude-preserving weight (arXiv:2312.02696, Eq. 47),
 * with no bias: what {@link MpConvolution} and {@link MpLinear} have in common. Weights are
 * initialized from N(0,1).
 *
 * <p>With {@code forcedNormalization} (default) every forward pass in training mode first
 * normalizes the stored weights in place (Eq. 66), which makes the effective learning rate follow
 * the schedule alone.
 *
 * <p>An input of another data type is cast to the network's. L1, L2, weight decay and weight noise
 * are refused, set for the whole network, too: they act on the size of weights, which the
 * normalization removes.
 *
 * <p>The gain is {@code gain}, or, with {@code learnedGain}, {@code gain} times a learned scalar
 * {@value #GAIN_KEY} that starts at {@code initialGain}.
 *
 * <p>For one thread at a time, as all layers of DL4J.
 */
@Data
@NoArgsConstructor
@EqualsAndHashCode(callSuper = true)
public abstract class MpWeightLayer extends FeedForwardLayer implements Planned, InSameDiff {

    /** Name of the weight parameter. */
    public static final String WEIGHT_KEY = "W";

    /** Name of the learned gain, a parameter of one element. */
    public static final String GAIN_KEY = "gain";

    protected double gain = 1;
    protected boolean learnedGain;
    protected double initialGain;
    protected boolean forcedNormalization = true;

    /**
     * Whether {@code learned gain / sqrt(N)} is rounded to half precision outside of training, as
     * the official PyTorch networks do whose parameters are stored in half precision.
     */
    protected boolean halfPrecisionGain;

    protected MpWeightLayer(Builder<?> builder) {
        super(builder);
        this.gain = builder.gain;
        this.learnedGain = builder.learnedGain;
        this.initialGain = builder.initialGain;
        this.forcedNormalization = builder.forcedNormalization;
        initializeConstraints(builder);
    }

    @Override
    public boolean isPlanned() {
        return activationFn instanceof ActivationIdentity;
    }

    /** The product, and per weight its norm, division and gain. */
    @Override
    public Cost cost(InputType output, InputType... inputs) {
        long weights = ArrayUtil.prodLong(weightShape());
        return new Cost(weights * Cost.pixels(output), 3 * weights);
    }

    @Override
    public SDVariable define(Part part, SDVariable... x) {
        if (!(activationFn instanceof ActivationIdentity)) {
            throw new IllegalStateException(
                    "%s has the activation %s, which SameDiff does not get; put it into a layer of its own"
                            .formatted(description(), activationFn));
        }
        SDVariable learned = learnedGain ? part.parameters().apply(GAIN_KEY) : null;
        SDVariable y = product(part.sd(), x[0], part.parameters().apply(WEIGHT_KEY), learned);
        return gain == 1 ? y : y.mul(gain);
    }

    /**
     * SameDiff face of the product.
     *
     * @param learned gain; null for none
     */
    protected abstract SDVariable product(
            SameDiff sd, SDVariable x, SDVariable weight, SDVariable learned);

    /** Shape of the weight; the first axis counts the output rows. */
    protected abstract long[] weightShape();

    /**
     * Fails unless the layer can take the input.
     *
     * @param x the layer's input
     * @throws org.deeplearning4j.exception.DL4JInvalidInputException if rank or channels differ
     */
    protected abstract void checkInput(INDArray x);

    /** The layer's name and class, for messages. */
    protected final String description() {
        return "Layer \"%s\" (%s)".formatted(layerName, getClass().getSimpleName());
    }

    @Override
    public Layer instantiate(
            NeuralNetConfiguration conf,
            Collection<TrainingListener> trainingListeners,
            int layerIndex,
            INDArray layerParamsView,
            boolean initializeParams,
            DataType networkDataType) {
        checkConfiguration();
        Runtime layer = runtime(conf, networkDataType);
        layer.setListeners(trainingListeners);
        layer.setIndex(layerIndex);
        layer.setParamsViewArray(layerParamsView);
        layer.setParamTable(initializer().init(conf, layerParamsView, initializeParams));
        layer.setConf(conf);
        return layer;
    }

    /**
     * The layer at run time. DL4J's {@code summary()} prints the name of its class without the
     * package, so that each kind of layer has a class of its own name; a subclass that does not
     * override this is printed as {@code MpWeightLayer$Runtime}.
     */
    protected Runtime runtime(NeuralNetConfiguration conf, DataType dataType) {
        return new Runtime(conf, dataType);
    }

    /**
     * The weight that a layer multiplies by outside of training: normalize(W) gain / sqrt(N).
     *
     * @param layer at run time, configured by this class
     * @return a new array in the weight's shape
     */
    public static INDArray effectiveWeight(Layer layer) {
        return PreparedWeight.effective(layer);
    }

    /**
     * The learned gain with which a layer's formula in full precision gives what the layer computes
     * outside of training.
     *
     * @param layer with a learned gain
     * @return a new array, [1, 1]; the parameter itself unless {@link #halfPrecisionGain} rounds it
     */
    public static INDArray effectiveGain(Layer layer) {
        MpWeightLayer conf = (MpWeightLayer) layer.conf().getLayer();
        INDArray gain = layer.getParam(GAIN_KEY);
        if (!conf.halfPrecisionGain) {
            return gain.dup('c');
        }
        INDArray weight = layer.getParam(WEIGHT_KEY);
        double root = Math.sqrt(weight.length() / weight.size(0)) / conf.gain;
        return gain.castTo(DataType.FLOAT16).divi(root).castTo(gain.dataType()).muli(root);
    }

    private void checkConfiguration() {
        if (nIn < 1 || nOut < 1) {
            throw new DL4JInvalidConfigException(
                    "%s needs nIn and nOut of at least 1, got %d and %d; set nOut, and nIn or the network's input types, from which nIn follows"
                            .formatted(description(), nIn, nOut));
        }
        if (regularization != null && !regularization.isEmpty()) {
            throw new DL4JInvalidConfigException(
                    "%s takes no l1, l2 or weight decay, which its normalization would undo, got %s; set them on other layers only, not for the whole network"
                            .formatted(description(), regularization));
        }
        if (weightNoise != null) {
            throw new DL4JInvalidConfigException(
                    "%s takes no weight noise, which its normalization would undo, got %s; leave weightNoise out of the configuration"
                            .formatted(description(), weightNoise));
        }
    }

    @Override
    public ParamInitializer initializer() {
        return MpWeightParameters.INSTANCE;
    }

    @Override
    public LayerMemoryReport getMemoryReport(InputType inputType) {
        InputType outputType = getOutputType(-1, inputType);
        long parameters = initializer().numParams(this);
        long updater = getIUpdater() == null ? 0 : getIUpdater().stateSize(parameters);
        long weights = ArrayUtil.prodLong(weightShape());
        return new LayerMemoryReport.Builder(layerName, getClass(), inputType, outputType)
                .standardMemory(parameters, updater)
                // The effective weight, and in training its gradient.
                .workingMemory(weights, 0, 2 * weights, inputType.arrayElementsPerExample())
                .cacheMemory(MemoryReport.CACHE_MODE_ALL_ZEROS, MemoryReport.CACHE_MODE_ALL_ZEROS)
                .build();
    }

    /** Builder of what all magnitude-preserving weights have in common. */
    @SuppressWarnings("unchecked")
    public abstract static class Builder<T extends Builder<T>> extends FeedForwardLayer.Builder<T> {
        private double gain = 1;
        private boolean learnedGain;
        private double initialGain;
        private boolean forcedNormalization = true;

        protected Builder() {
            activationFn = new ActivationIdentity();
            weightInitFn = new WeightInitDistribution(new NormalDistribution(0, 1));
        }

        /**
         * Constant factor of the output; default 1.
         *
         * @throws IllegalArgumentException if not a finite number
         */
        public T gain(double gain) {
            requireFinite(gain, "gain");
            this.gain = gain;
            return (T) this;
        }

        /**
         * Adds a learned scalar factor.
         *
         * @param initialGain its value at initialization (EDM2: 0)
         * @throws IllegalArgumentException if not a finite number
         */
        public T learnedGain(double initialGain) {
            requireFinite(initialGain, "initialGain");
            this.learnedGain = true;
            this.initialGain = initialGain;
            return (T) this;
        }

        /**
         * Whether a forward pass in training mode normalizes the stored weights in place (Eq. 66);
         * default true.
         */
        public T forcedNormalization(boolean forcedNormalization) {
            this.forcedNormalization = forcedNormalization;
            return (T) this;
        }
    }

    private static void requireFinite(double value, String name) {
        if (!Double.isFinite(value)) {
            throw new IllegalArgumentException(
                    "%s must be a finite number, got %s; 1 changes nothing".formatted(name, value));
        }
    }

    /** The layer at run time. For one thread at a time, as DL4J's networks are. */
    public static class Runtime extends BaseLayer<MpWeightLayer> {

        private transient OwnOperations operations;
        private INDArray preOutput;

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
                operations = new OwnOperations(layerConf(), layerId(), this, dataType);
            }
            preOutput = operations.forward(training, workspaces, x);
            if (layerConf().getActivationFn() instanceof ActivationIdentity) {
                return preOutput;
            }
            // Outside of training, too: FrozenLayerWithBackprop goes back from there.
            INDArray output = workspaces.dup(ArrayType.ACTIVATIONS, preOutput);
            return layerConf().getActivationFn().getActivation(output, training);
        }

        @Override
        public Pair<Gradient, INDArray> backpropGradient(
                INDArray epsilon, LayerWorkspaceMgr workspaces) {
            assertInputSet(true);
            MpWeightLayer conf = layerConf();
            ArrayType temporary = ArrayType.BP_WORKING_MEM;
            INDArray x = workspaces.castTo(temporary, dataType, input, false);
            INDArray g = workspaces.castTo(temporary, dataType, epsilon, false);
            INDArray delta =
                    conf.getActivationFn() instanceof ActivationIdentity
                            ? g
                            : conf.getActivationFn().backprop(preOutput, g).getFirst();
            INDArray dx = operations.backward(workspaces, delta, x)[0];
            Gradient gradient = new DefaultGradient(gradientsFlattened);
            gradientViews.forEach((key, view) -> gradient.setGradientFor(key, view, 'c'));
            return new Pair<>(gradient, backpropDropOutIfPresent(dx));
        }

        /** In the order of {@link Parameters}, which the inherited method takes for 'f'. */
        @Override
        public void setParams(INDArray flat) {
            if (flat != paramsFlattened) {
                setParams(flat, 'c');
            }
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
            preOutput = null;
            if (operations != null) {
                operations.clear();
            }
        }

        @Override
        public boolean isPretrainLayer() {
            return false;
        }
    }
}
