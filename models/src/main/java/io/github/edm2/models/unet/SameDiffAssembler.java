package io.github.edm2.models.unet;

import io.github.edm2.layers.Clip;
import io.github.edm2.layers.CosineAttention;
import io.github.edm2.layers.ForcedWeightNormalization;
import io.github.edm2.layers.Modulation;
import io.github.edm2.layers.MpConcat;
import io.github.edm2.layers.MpConvolution;
import io.github.edm2.layers.MpFourier;
import io.github.edm2.layers.MpLinear;
import io.github.edm2.layers.MpSilu;
import io.github.edm2.layers.MpSum;
import io.github.edm2.layers.MpWeightLayer;
import io.github.edm2.layers.PixelNorm;
import io.github.edm2.layers.Resample;
import io.github.edm2.models.diffusion.Denoised;
import io.github.edm2.models.diffusion.NoiseCondition;
import io.github.edm2.models.diffusion.ScaledInput;
import io.github.edm2.models.diffusion.UncertaintyLoss;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Makes a SameDiff graph of the network. Variables are named as the ComputationGraph's parameters,
 * placeholders and outputs as its inputs and outputs; a further placeholder {@value #CLEAN} takes
 * the clean images and {@value #LOSS} is the scalar to minimize.
 *
 * <p>For one thread at a time.
 */
public final class SameDiffAssembler implements Assembler<SDVariable> {

    /** Placeholder of the clean images, in the shape of the noisy ones. */
    public static final String CLEAN = "clean";

    /** The loss, summed over each image's elements and averaged over the batch. */
    public static final String LOSS = "loss";

    private final NetworkOptions options;
    private final ComputationGraph source;
    private final boolean training;
    private final DataType type;
    private final SameDiff sd = SameDiff.create();

    private SameDiffAssembler(NetworkOptions options, ComputationGraph source, boolean training) {
        this.options = options;
        this.source = source;
        this.training = training;
        this.type = source.params().dataType();
    }

    /**
     * The same network as a SameDiff graph.
     *
     * @param options what {@code source} was made with
     * @param source gives parameters and Fourier features, which are copied
     * @param training whether dropout is part of the graph
     */
    public static SameDiff assemble(
            NetworkOptions options, ComputationGraph source, boolean training) {
        SameDiffAssembler assembler = new SameDiffAssembler(options, source, training);
        new Network<>(options, assembler).assemble();
        return assembler.sd;
    }

    /**
     * The listener with which the graph trains as the ComputationGraph does, whose layers normalize
     * their weights themselves: {@code sd.setListeners(forcedWeightNormalization(sd))}.
     *
     * @param sd made by this class
     */
    public static ForcedWeightNormalization forcedWeightNormalization(SameDiff sd) {
        return new ForcedWeightNormalization(
                sd.variables().stream()
                        .map(SDVariable::name)
                        .filter(name -> name.endsWith("_" + MpWeightLayer.WEIGHT_KEY))
                        .toList());
    }

    /** One block; the variables "x" and "embedding" are its inputs. */
    static SameDiff assembleBlock(
            NetworkOptions options,
            BlockSpec block,
            ComputationGraph source,
            INDArray x,
            INDArray embedding) {
        SameDiffAssembler assembler = new SameDiffAssembler(options, source, true);
        SameDiff sd = assembler.sd;
        Tensor<SDVariable> out =
                new Network<>(options, assembler)
                        .block(
                                block,
                                new Tensor<>(sd.var("x", x), (int) x.size(1), (int) x.size(2)),
                                new Tensor<>(
                                        sd.var("embedding", embedding),
                                        (int) embedding.size(1),
                                        0));
        out.value().rename("out");
        return sd;
    }

    @Override
    public Tensor<SDVariable> image() {
        return images(GraphAssembler.IMAGE);
    }

    private Tensor<SDVariable> images(String name) {
        int channels = options.getImgChannels();
        int resolution = options.getImgResolution();
        SDVariable x = sd.placeHolder(name, type, -1, channels, resolution, resolution);
        return new Tensor<>(x, channels, resolution);
    }

    @Override
    public Tensor<SDVariable> sigma() {
        return new Tensor<>(sd.placeHolder(GraphAssembler.SIGMA, type, -1, 1), 1, 0);
    }

    @Override
    public Tensor<SDVariable> label() {
        int classes = options.getLabelDim();
        return new Tensor<>(sd.placeHolder(GraphAssembler.LABEL, type, -1, classes), classes, 0);
    }

    @Override
    public Tensor<SDVariable> convolution(
            String name, Tensor<SDVariable> x, int out, int kernel, boolean learnedGain) {
        long[] shape = {out, x.channels(), kernel, kernel};
        SDVariable gain = learnedGain ? parameter(name, MpWeightLayer.GAIN_KEY) : null;
        SDVariable y =
                MpConvolution.mpConvolution(
                        sd, x.value(), parameter(name, MpWeightLayer.WEIGHT_KEY), shape, gain);
        return new Tensor<>(y, out, x.resolution());
    }

    @Override
    public Tensor<SDVariable> convolutionOfDropout(
            String name, Tensor<SDVariable> x, int out, int kernel, double dropout) {
        Tensor<SDVariable> input = x;
        if (training) {
            SDVariable mask = DropoutMask.mask(sd, x.value(), shape(x), dropout, type);
            input = same(x, x.value().mul(mask));
        }
        return convolution(name, input, out, kernel, false);
    }

    @Override
    public Tensor<SDVariable> linear(
            String name, Tensor<SDVariable> x, int out, double gain, boolean learnedGain) {
        long[] shape = {out, x.channels()};
        SDVariable learned = learnedGain ? parameter(name, MpWeightLayer.GAIN_KEY) : null;
        SDVariable y =
                MpLinear.mpLinear(
                        sd, x.value(), parameter(name, MpWeightLayer.WEIGHT_KEY), shape, learned);
        return new Tensor<>(gain == 1 ? y : y.mul(gain), out, 0);
    }

    /** The variable of a layer's parameter, with the name that DL4J gives it. */
    private SDVariable parameter(String layer, String key) {
        Layer from = source.getLayer(layer);
        INDArray value =
                key.equals(MpWeightLayer.GAIN_KEY)
                        ? MpWeightLayer.effectiveGain(from)
                        : from.getParam(key).dup('c');
        return sd.var(layer + "_" + key, value);
    }

    @Override
    public Tensor<SDVariable> silu(String name, Tensor<SDVariable> x) {
        return same(x, MpSilu.mpSilu(sd, x.value()));
    }

    @Override
    public Tensor<SDVariable> sum(
            String name, Tensor<SDVariable> a, Tensor<SDVariable> b, double t) {
        return same(a, MpSum.mpSum(sd, a.value(), b.value(), t));
    }

    @Override
    public Tensor<SDVariable> concat(
            String name, Tensor<SDVariable> a, Tensor<SDVariable> b, double t) {
        SDVariable y = MpConcat.mpConcat(sd, a.value(), b.value(), a.channels(), b.channels(), t);
        return new Tensor<>(y, a.channels() + b.channels(), a.resolution());
    }

    @Override
    public Tensor<SDVariable> modulate(String name, Tensor<SDVariable> x, Tensor<SDVariable> c) {
        return same(x, Modulation.modulate(sd, x.value(), c.value()));
    }

    @Override
    public Tensor<SDVariable> pixelNorm(String name, Tensor<SDVariable> x) {
        return same(x, PixelNorm.pixelNorm(sd, x.value(), x.channels()));
    }

    @Override
    public Tensor<SDVariable> resample(
            String name, Tensor<SDVariable> x, Resample.Direction direction, double[] filter) {
        SDVariable y = Resample.resample(sd, x.value(), shape(x), direction, filter);
        int resolution =
                direction == Resample.Direction.DOWN ? x.resolution() / 2 : x.resolution() * 2;
        return new Tensor<>(y, x.channels(), resolution);
    }

    @Override
    public Tensor<SDVariable> attention(String name, Tensor<SDVariable> x, int heads) {
        SDVariable y = CosineAttention.attention(sd, x.value(), shape(x), heads);
        return new Tensor<>(y, x.channels() / 3, x.resolution());
    }

    @Override
    public Tensor<SDVariable> clip(String name, Tensor<SDVariable> x, double limit) {
        return same(x, Clip.clip(sd, x.value(), limit));
    }

    @Override
    public Tensor<SDVariable> fourier(String name, Tensor<SDVariable> x, int channels) {
        MpFourier features = (MpFourier) source.getLayer(name).conf().getLayer();
        SDVariable y =
                MpFourier.mpFourier(
                        sd,
                        x.value(),
                        constant(name + "_frequencies", features.getFrequencies()),
                        constant(name + "_phases", features.getPhases()));
        return new Tensor<>(y, channels, 0);
    }

    private SDVariable constant(String name, float[] values) {
        return sd.constant(
                name, Nd4j.createFromArray(values).reshape(1, values.length).castTo(type));
    }

    @Override
    public Tensor<SDVariable> withOnes(String name, Tensor<SDVariable> x) {
        SDVariable plane = sd.sum(x.value().mul(0.0), true, 1).add(1.0);
        return new Tensor<>(sd.concat(1, x.value(), plane), x.channels() + 1, x.resolution());
    }

    @Override
    public Tensor<SDVariable> scaledInput(
            String name, Tensor<SDVariable> x, Tensor<SDVariable> sigma) {
        return same(
                x, ScaledInput.scaledInput(sd, x.value(), sigma.value(), options.getSigmaData()));
    }

    @Override
    public Tensor<SDVariable> noiseCondition(String name, Tensor<SDVariable> sigma) {
        return same(sigma, NoiseCondition.noiseCondition(sd, sigma.value()));
    }

    @Override
    public Tensor<SDVariable> denoised(
            String name, Tensor<SDVariable> f, Tensor<SDVariable> x, Tensor<SDVariable> sigma) {
        SDVariable y =
                Denoised.denoised(sd, f.value(), x.value(), sigma.value(), options.getSigmaData());
        return same(x, y);
    }

    @Override
    public void outputs(
            Tensor<SDVariable> denoised, Tensor<SDVariable> logVariance, Tensor<SDVariable> sigma) {
        denoised.value().rename(GraphAssembler.DENOISED);
        logVariance.value().rename(GraphAssembler.LOG_VARIANCE);
        SDVariable loss =
                UncertaintyLoss.loss(
                        sd,
                        denoised.value(),
                        logVariance.value(),
                        images(CLEAN).value(),
                        sigma.value(),
                        options.getSigmaData());
        sd.mean(LOSS, sd.sum(loss, 1, 2, 3)).markAsLoss();
    }

    private static Tensor<SDVariable> same(Tensor<SDVariable> x, SDVariable value) {
        return new Tensor<>(value, x.channels(), x.resolution());
    }

    private static long[] shape(Tensor<SDVariable> x) {
        return new long[] {-1, x.channels(), x.resolution(), x.resolution()};
    }
}
