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
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.layers.Layer;

/**
 * The topology of the EDM2 network (arXiv:2312.02696, Fig. 21; a block: resample, normalize, two
 * convolutions around the embedding's modulation, attention, clip). Names follow the reference's
 * parameter names.
 */
final class Network {

    private final NetworkOptions options;
    private final GraphBuilder graph;
    private final FourierSeeds seeds;

    /**
     * @param graph receives the layers and vertices
     * @param seed of the random Fourier features
     */
    Network(NetworkOptions options, GraphBuilder graph, long seed) {
        this.options = options;
        this.graph = graph;
        seeds = new FourierSeeds(seed);
    }

    /** Preconditioned network with its uncertainty: D(x; sigma) and u(sigma), and the loss. */
    void assemble() {
        Tensor image =
                new Tensor(
                        GraphAssembler.IMAGE, options.getImgChannels(), options.getImgResolution());
        Tensor sigma = new Tensor(GraphAssembler.SIGMA, 1, 0);
        Tensor label =
                options.getLabelDim() > 0
                        ? new Tensor(GraphAssembler.LABEL, options.getLabelDim(), 0)
                        : null;

        Tensor noise = vertex("c_noise", new NoiseCondition(), sigma);
        Tensor x = vertex("c_in", new ScaledInput(options.getSigmaData()), image, sigma);
        Tensor f = unet(x, noise, label);
        vertex(GraphAssembler.RESULT, new Denoised(options.getSigmaData()), f, image, sigma);

        Tensor features = fourier("logvar_fourier", noise, options.getLogvarChannels());
        linear(GraphAssembler.UNCERTAINTY, features, 1, new MpLinear.Builder());
        outputs();
    }

    /**
     * The part added last must be computed last: scoreExamples (M2.1) takes the highest index of a
     * vertex for a position in topological order and stops its forward pass there.
     */
    private void outputs() {
        graph.addLayer(
                GraphAssembler.LOG_VARIANCE,
                new LogVarianceOutput.Builder().build(),
                GraphAssembler.UNCERTAINTY);
        graph.addVertex(
                "loss_input",
                new LossInput(),
                GraphAssembler.RESULT,
                GraphAssembler.UNCERTAINTY,
                GraphAssembler.SIGMA);
        graph.addLayer(
                GraphAssembler.DENOISED,
                new UncertaintyLoss.Builder(options.getSigmaData()).build(),
                "loss_input");
        graph.setOutputs(GraphAssembler.DENOISED, GraphAssembler.LOG_VARIANCE);
    }

    /** The raw network F(x, c_noise, label). */
    private Tensor unet(Tensor image, Tensor noise, Tensor label) {
        Tensor embedding = embedding(noise, label);
        Tensor x = vertex("unet.ones", new OnesChannel(), image.channels() + 1, image);
        Deque<Tensor> skips = new ArrayDeque<>();
        for (BlockSpec block : BlockSpec.blocks(options)) {
            if (block.kind() == BlockSpec.Kind.CONVOLUTION) {
                x = convolution(block.name(), x, block.out(), 3);
            } else {
                if (block.skip()) {
                    x = concat(block.name() + ".concat", x, skips.pop());
                }
                x = block(block, x, embedding);
            }
            if (!block.decoder()) {
                skips.push(x);
            }
        }
        int channels = options.getImgChannels();
        return convolution(
                "unet.out_conv", x, channels, new MpConvolution.Builder(3).learnedGain(0));
    }

    private Tensor embedding(Tensor noise, Tensor label) {
        int size = options.embeddingChannels();
        Tensor features = fourier("unet.emb_fourier", noise, options.noiseChannels());
        Tensor embedding = linear("unet.emb_noise", features, size, new MpLinear.Builder());
        if (label != null) {
            // sqrt(label_dim) gives a one-hot label unit magnitude.
            double magnitude = Math.sqrt(options.getLabelDim());
            Tensor labels =
                    linear("unet.emb_label", label, size, new MpLinear.Builder().gain(magnitude));
            embedding =
                    vertex("unet.emb_sum", new MpSum(options.getLabelBalance()), embedding, labels);
        }
        return layer("unet.emb_silu", new MpSiluLayer.Builder().build(), embedding);
    }

    /** One residual block with attention where the specification says so and a head fits. */
    Tensor block(BlockSpec block, Tensor input, Tensor embedding) {
        String prefix = block.name() + ".";
        Tensor x = input;
        if (block.resampling() != null) {
            x = resample(prefix + "resample", x, block.resampling());
        }
        if (!block.decoder()) {
            x = layer(prefix + "norm", new PixelNorm.Builder().build(), skipConvolution(block, x));
        }
        Tensor y = layer(prefix + "silu0", new MpSiluLayer.Builder().build(), x);
        y = convolution(prefix + "conv_res0", y, block.out(), 3);
        Tensor c =
                linear(
                        prefix + "emb_linear",
                        embedding,
                        block.out(),
                        new MpLinear.Builder().learnedGain(0));
        y = vertex(prefix + "modulate", new Modulation(), y, c);
        y = layer(prefix + "silu1", new MpSiluLayer.Builder().build(), y);
        MpConvolution.Builder last = new MpConvolution.Builder(3);
        if (options.getDropout() > 0) {
            last.dropOut(1 - options.getDropout()); // DL4J takes the probability of keeping
        }
        y = convolution(prefix + "conv_res1", y, block.out(), last);
        if (block.decoder()) {
            x = skipConvolution(block, x);
        }
        x = vertex(prefix + "sum", new MpSum(options.getResBalance()), x, y);
        int heads = block.attention() ? options.heads(x.channels()) : 0;
        if (heads > 0) {
            x = attention(prefix, x, heads);
        }
        return options.clips()
                ? layer(prefix + "clip", new Clip.Builder().limit(options.getClipAct()).build(), x)
                : x;
    }

    private Tensor skipConvolution(BlockSpec block, Tensor x) {
        return x.channels() == block.out()
                ? x
                : convolution(block.name() + ".conv_skip", x, block.out(), 1);
    }

    private Tensor attention(String prefix, Tensor x, int heads) {
        int channels = x.channels();
        Tensor y = convolution(prefix + "attn_qkv", x, 3 * channels, 1);
        y =
                add(
                        prefix + "attn",
                        new CosineAttention.Builder(heads).build(),
                        y,
                        channels,
                        y.resolution());
        y = convolution(prefix + "attn_proj", y, channels, 1);
        return vertex(prefix + "attn_sum", new MpSum(options.getAttnBalance()), x, y);
    }

    private Tensor convolution(String name, Tensor x, int out, int kernel) {
        return convolution(name, x, out, new MpConvolution.Builder(kernel));
    }

    private Tensor convolution(String name, Tensor x, int out, MpConvolution.Builder layer) {
        return add(name, layer.nIn(x.channels()).nOut(out).build(), x, out, x.resolution());
    }

    private Tensor linear(String name, Tensor x, int out, MpLinear.Builder layer) {
        return add(name, layer.nIn(x.channels()).nOut(out).build(), x, out, 0);
    }

    private Tensor fourier(String name, Tensor x, int channels) {
        MpFourier layer = new MpFourier.Builder().random(channels, 1, seeds.next()).build();
        return add(name, layer, x, channels, 0);
    }

    private Tensor resample(String name, Tensor x, Resample.Direction direction) {
        Resample layer =
                new Resample.Builder(direction).filter(options.getResampleFilter()).build();
        boolean down = direction == Resample.Direction.DOWN;
        int resolution = down ? x.resolution() / 2 : x.resolution() * 2;
        return add(name, layer, x, x.channels(), resolution);
    }

    private Tensor concat(String name, Tensor a, Tensor b) {
        MpConcat vertex = new MpConcat(options.getConcatBalance());
        return vertex(name, vertex, a.channels() + b.channels(), a, b);
    }

    /** A layer that keeps channels and resolution. */
    private Tensor layer(String name, Layer layer, Tensor x) {
        return add(name, layer, x, x.channels(), x.resolution());
    }

    private Tensor add(String name, Layer layer, Tensor x, int channels, int resolution) {
        graph.addLayer(name, layer, x.name());
        return new Tensor(name, channels, resolution);
    }

    /** A vertex that keeps the channels of its first input. */
    private Tensor vertex(String name, GraphVertex vertex, Tensor... inputs) {
        return vertex(name, vertex, inputs[0].channels(), inputs);
    }

    private Tensor vertex(String name, GraphVertex vertex, int channels, Tensor... inputs) {
        graph.addVertex(
                name, vertex, Arrays.stream(inputs).map(Tensor::name).toArray(String[]::new));
        return new Tensor(name, channels, inputs[0].resolution());
    }
}
