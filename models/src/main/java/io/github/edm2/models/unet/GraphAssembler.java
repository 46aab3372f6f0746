package io.github.edm2.models.unet;

import io.github.edm2.layers.Clip;
import io.github.edm2.layers.CosineAttention;
import io.github.edm2.layers.Modulation;
import io.github.edm2.layers.MpConcat;
import io.github.edm2.layers.MpConvolution;
import io.github.edm2.layers.MpFourier;
import io.github.edm2.layers.MpLinear;
import io.github.edm2.layers.MpSiluLayer;
import io.github.edm2.layers.MpSum;
import io.github.edm2.layers.PixelNorm;
import io.github.edm2.layers.Resample;
import io.github.edm2.models.diffusion.Denoised;
import io.github.edm2.models.diffusion.LogVarianceOutput;
import io.github.edm2.models.diffusion.LossInput;
import io.github.edm2.models.diffusion.NoiseCondition;
import io.github.edm2.models.diffusion.ScaledInput;
import io.github.edm2.models.diffusion.UncertaintyLoss;
import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Layer;

/** Makes a ComputationGraph configuration of the network. */
public final class GraphAssembler implements Assembler<String> {

    /** Name of the input for noisy images [batch, channels, height, width]. */
    public static final String IMAGE = "image";

    /** Name of the input for noise levels [batch, 1]. */
    public static final String SIGMA = "sigma";

    /** Name of the input for labels [batch, classes], where the network has one. */
    public static final String LABEL = "label";

    /** Name of the vertex that gives the denoised images. */
    static final String RESULT = "c_out";

    /** Name of the output for denoised images, in the shape of the input. */
    public static final String DENOISED = "denoised";

    /** Name of the output for log variances [batch, 1]. */
    public static final String LOG_VARIANCE = "log_variance";

    private final NetworkOptions options;
    private final ComputationGraphConfiguration.GraphBuilder graph;
    private final FourierSeeds seeds;

    private GraphAssembler(
            NetworkOptions options, ComputationGraphConfiguration.GraphBuilder graph, long seed) {
        this.options = options;
        this.graph = graph;
        this.seeds = new FourierSeeds(seed);
    }

    /**
     * Adds the whole network to a graph, inputs, outputs and their types included.
     *
     * @param options checked with {@link NetworkOptions#validate}
     * @param graph with the global configuration (updater, seed, workspaces) set
     * @param seed of the random Fourier features
     * @return {@code graph}
     */
    public static ComputationGraphConfiguration.GraphBuilder assemble(
            NetworkOptions options, ComputationGraphConfiguration.GraphBuilder graph, long seed) {
        graph.addInputs(IMAGE, SIGMA);
        if (options.getLabelDim() > 0) {
            graph.addInputs(LABEL);
        }
        new Network<>(options, new GraphAssembler(options, graph, seed)).assemble();
        return graph.setInputTypes(inputTypes(options));
    }

    /** Types of the network's inputs, in their order. */
    static InputType[] inputTypes(NetworkOptions options) {
        int resolution = options.getImgResolution();
        List<InputType> types =
                new ArrayList<>(
                        List.of(
                                InputType.convolutional(
                                        resolution, resolution, options.getImgChannels()),
                                InputType.feedForward(1)));
        if (options.getLabelDim() > 0) {
            types.add(InputType.feedForward(options.getLabelDim()));
        }
        return types.toArray(InputType[]::new);
    }

    /**
     * Adds one block to a graph whose inputs are "x" and "embedding"; the output is the block's
     * clip.
     */
    static String assembleBlock(
            NetworkOptions options,
            BlockSpec block,
            int inputChannels,
            ComputationGraphConfiguration.GraphBuilder graph) {
        GraphAssembler assembler = new GraphAssembler(options, graph, 0);
        int resolution =
                switch (block.kind()) {
                    case DOWN -> block.resolution() * 2;
                    case UP -> block.resolution() / 2;
                    default -> block.resolution();
                };
        Tensor<String> x = new Tensor<>("x", inputChannels, resolution);
        Tensor<String> embedding = new Tensor<>("embedding", options.embeddingChannels(), 0);
        return new Network<>(options, assembler).block(block, x, embedding).value();
    }

    @Override
    public Tensor<String> image() {
        return new Tensor<>(IMAGE, options.getImgChannels(), options.getImgResolution());
    }

    @Override
    public Tensor<String> sigma() {
        return new Tensor<>(SIGMA, 1, 0);
    }

    @Override
    public Tensor<String> label() {
        return new Tensor<>(LABEL, options.getLabelDim(), 0);
    }

    @Override
    public Tensor<String> convolution(
            String name, Tensor<String> x, int out, int kernel, boolean learnedGain) {
        MpConvolution.Builder layer = new MpConvolution.Builder(kernel).nIn(x.channels()).nOut(out);
        if (learnedGain) {
            layer.learnedGain(0);
        }
        return layer(name, layer.build(), x, out, x.resolution());
    }

    @Override
    public Tensor<String> convolutionOfDropout(
            String name, Tensor<String> x, int out, int kernel, double dropout) {
        MpConvolution layer =
                new MpConvolution.Builder(kernel)
                        .nIn(x.channels())
                        .nOut(out)
                        .dropOut(1 - dropout) // DL4J takes the probability of keeping
                        .build();
        return layer(name, layer, x, out, x.resolution());
    }

    @Override
    public Tensor<String> linear(
            String name, Tensor<String> x, int out, double gain, boolean learnedGain) {
        MpLinear.Builder layer = new MpLinear.Builder().nIn(x.channels()).nOut(out).gain(gain);
        if (learnedGain) {
            layer.learnedGain(0);
        }
        return layer(name, layer.build(), x, out, 0);
    }

    @Override
    public Tensor<String> silu(String name, Tensor<String> x) {
        return layer(name, new MpSiluLayer.Builder().build(), x, x.channels(), x.resolution());
    }

    @Override
    public Tensor<String> sum(String name, Tensor<String> a, Tensor<String> b, double t) {
        return vertex(name, new MpSum(t), a.channels(), a.resolution(), a.value(), b.value());
    }

    @Override
    public Tensor<String> concat(String name, Tensor<String> a, Tensor<String> b, double t) {
        int channels = a.channels() + b.channels();
        return vertex(name, new MpConcat(t), channels, a.resolution(), a.value(), b.value());
    }

    @Override
    public Tensor<String> modulate(String name, Tensor<String> x, Tensor<String> c) {
        return vertex(name, new Modulation(), x.channels(), x.resolution(), x.value(), c.value());
    }

    @Override
    public Tensor<String> pixelNorm(String name, Tensor<String> x) {
        return layer(name, new PixelNorm.Builder().build(), x, x.channels(), x.resolution());
    }

    @Override
    public Tensor<String> resample(
            String name, Tensor<String> x, Resample.Direction direction, double[] filter) {
        Resample layer = new Resample.Builder(direction).filter(filter).build();
        int resolution =
                direction == Resample.Direction.DOWN ? x.resolution() / 2 : x.resolution() * 2;
        return layer(name, layer, x, x.channels(), resolution);
    }

    @Override
    public Tensor<String> attention(String name, Tensor<String> x, int heads) {
        CosineAttention layer = new CosineAttention.Builder(heads).build();
        return layer(name, layer, x, x.channels() / 3, x.resolution());
    }

    @Override
    public Tensor<String> clip(String name, Tensor<String> x, double limit) {
        Clip layer = new Clip.Builder().limit(limit).build();
        return layer(name, layer, x, x.channels(), x.resolution());
    }

    @Override
    public Tensor<String> fourier(String name, Tensor<String> x, int channels) {
        MpFourier layer = new MpFourier.Builder().random(channels, 1, seeds.next()).build();
        return layer(name, layer, x, channels, 0);
    }

    @Override
    public Tensor<String> withOnes(String name, Tensor<String> x) {
        return vertex(name, new OnesChannel(), x.channels() + 1, x.resolution(), x.value());
    }

    @Override
    public Tensor<String> scaledInput(String name, Tensor<String> x, Tensor<String> sigma) {
        ScaledInput vertex = new ScaledInput(options.getSigmaData());
        return vertex(name, vertex, x.channels(), x.resolution(), x.value(), sigma.value());
    }

    @Override
    public Tensor<String> noiseCondition(String name, Tensor<String> sigma) {
        return vertex(name, new NoiseCondition(), 1, 0, sigma.value());
    }

    @Override
    public Tensor<String> denoised(
            String name, Tensor<String> f, Tensor<String> x, Tensor<String> sigma) {
        Denoised vertex = new Denoised(options.getSigmaData());
        return vertex(
                name, vertex, x.channels(), x.resolution(), f.value(), x.value(), sigma.value());
    }

    @Override
    public void outputs(Tensor<String> denoised, Tensor<String> logVariance, Tensor<String> sigma) {
        // The part added last must be computed last: scoreExamples (M2.1) takes the highest index
        // of
        // a vertex for a position in topological order and stops its forward pass there.
        graph.addLayer(LOG_VARIANCE, new LogVarianceOutput.Builder().build(), logVariance.value());
        graph.addVertex(
                "loss_input",
                new LossInput(),
                denoised.value(),
                logVariance.value(),
                sigma.value());
        graph.addLayer(
                DENOISED,
                new UncertaintyLoss.Builder(options.getSigmaData()).build(),
                "loss_input");
        graph.setOutputs(DENOISED, LOG_VARIANCE);
    }

    private Tensor<String> layer(
            String name, Layer layer, Tensor<String> x, int channels, int resolution) {
        graph.addLayer(name, layer, x.value());
        return new Tensor<>(name, channels, resolution);
    }

    private Tensor<String> vertex(
            String name, GraphVertex vertex, int channels, int resolution, String... inputs) {
        graph.addVertex(name, vertex, inputs);
        return new Tensor<>(name, channels, resolution);
    }
}
