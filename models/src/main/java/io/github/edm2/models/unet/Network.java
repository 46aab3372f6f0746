package io.github.edm2.models.unet;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * The EDM2 network, written once for all assemblers (arXiv:2312.02696, Fig. 21; DESIGN of a block:
 * resample, normalize, two convolutions around the embedding's modulation, attention, clip).
 */
final class Network<T> {

    private final NetworkOptions options;
    private final Assembler<T> assembler;

    Network(NetworkOptions options, Assembler<T> assembler) {
        this.options = options;
        this.assembler = assembler;
    }

    /** Preconditioned network with its uncertainty: D(x; sigma) and u(sigma). */
    void assemble() {
        Tensor<T> image = assembler.image();
        Tensor<T> sigma = assembler.sigma();
        Tensor<T> label = options.getLabelDim() > 0 ? assembler.label() : null;

        Tensor<T> noise = assembler.noiseCondition("c_noise", sigma);
        Tensor<T> x = assembler.scaledInput("c_in", image, sigma);
        Tensor<T> f = unet(x, noise, label);
        Tensor<T> denoised = assembler.denoised(GraphAssembler.RESULT, f, image, sigma);

        Tensor<T> features =
                assembler.fourier("logvar_fourier", noise, options.getLogvarChannels());
        Tensor<T> logVariance = assembler.linear("logvar_linear", features, 1, 1, false);
        assembler.outputs(denoised, logVariance, sigma);
    }

    /** The raw network F(x, c_noise, label). */
    private Tensor<T> unet(Tensor<T> image, Tensor<T> noise, Tensor<T> label) {
        Tensor<T> embedding = embedding(noise, label);
        Tensor<T> x = assembler.withOnes("unet.ones", image);
        Deque<Tensor<T>> skips = new ArrayDeque<>();
        for (BlockSpec block : BlockSpec.blocks(options)) {
            if (block.kind() == BlockSpec.Kind.CONVOLUTION) {
                x = assembler.convolution(block.name(), x, block.out(), 3, false);
            } else {
                if (block.skip()) {
                    x =
                            assembler.concat(
                                    block.name() + ".concat",
                                    x,
                                    skips.pop(),
                                    options.getConcatBalance());
                }
                x = block(block, x, embedding);
            }
            if (!block.decoder()) {
                skips.push(x);
            }
        }
        return assembler.convolution("unet.out_conv", x, options.getImgChannels(), 3, true);
    }

    private Tensor<T> embedding(Tensor<T> noise, Tensor<T> label) {
        int size = options.embeddingChannels();
        Tensor<T> features = assembler.fourier("unet.emb_fourier", noise, options.noiseChannels());
        Tensor<T> embedding = assembler.linear("unet.emb_noise", features, size, 1, false);
        if (label != null) {
            // sqrt(label_dim) gives a one-hot label unit magnitude.
            double magnitude = Math.sqrt(options.getLabelDim());
            Tensor<T> labels = assembler.linear("unet.emb_label", label, size, magnitude, false);
            embedding = assembler.sum("unet.emb_sum", embedding, labels, options.getLabelBalance());
        }
        return assembler.silu("unet.emb_silu", embedding);
    }

    /** One residual block with attention where the specification says so and a head fits. */
    Tensor<T> block(BlockSpec block, Tensor<T> input, Tensor<T> embedding) {
        String prefix = block.name() + ".";
        Tensor<T> x = input;
        if (block.resampling() != null) {
            x =
                    assembler.resample(
                            prefix + "resample",
                            x,
                            block.resampling(),
                            options.getResampleFilter());
        }
        if (!block.decoder()) {
            x = assembler.pixelNorm(prefix + "norm", skipConvolution(block, x));
        }
        Tensor<T> y = assembler.silu(prefix + "silu0", x);
        y = assembler.convolution(prefix + "conv_res0", y, block.out(), 3, false);
        Tensor<T> c = assembler.linear(prefix + "emb_linear", embedding, block.out(), 1, true);
        y = assembler.modulate(prefix + "modulate", y, c);
        y = assembler.silu(prefix + "silu1", y);
        y =
                options.getDropout() > 0
                        ? assembler.convolutionOfDropout(
                                prefix + "conv_res1", y, block.out(), 3, options.getDropout())
                        : assembler.convolution(prefix + "conv_res1", y, block.out(), 3, false);
        if (block.decoder()) {
            x = skipConvolution(block, x);
        }
        x = assembler.sum(prefix + "sum", x, y, options.getResBalance());
        int heads = block.attention() ? options.heads(x.channels()) : 0;
        if (heads > 0) {
            x = attention(prefix, x, heads);
        }
        return options.clips() ? assembler.clip(prefix + "clip", x, options.getClipAct()) : x;
    }

    private Tensor<T> skipConvolution(BlockSpec block, Tensor<T> x) {
        return x.channels() == block.out()
                ? x
                : assembler.convolution(block.name() + ".conv_skip", x, block.out(), 1, false);
    }

    private Tensor<T> attention(String prefix, Tensor<T> x, int heads) {
        int channels = x.channels();
        Tensor<T> y = assembler.convolution(prefix + "attn_qkv", x, 3 * channels, 1, false);
        y = assembler.attention(prefix + "attn", y, heads);
        y = assembler.convolution(prefix + "attn_proj", y, channels, 1, false);
        return assembler.sum(prefix + "attn_sum", x, y, options.getAttnBalance());
    }
}
