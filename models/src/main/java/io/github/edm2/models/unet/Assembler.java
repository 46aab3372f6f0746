package io.github.edm2.models.unet;

import io.github.edm2.layers.Resample;

/**
 * The operations that the network's topology is written in. Each takes the name of the new part,
 * unique in the network; names follow the reference's parameter names.
 *
 * @param <T> what the assembler refers to values by
 */
interface Assembler<T> {

    /** Network input: noisy images. */
    Tensor<T> image();

    /** Network input: noise level, [batch, 1]. */
    Tensor<T> sigma();

    /** Network input: class labels, one-hot [batch, labelDim]. */
    Tensor<T> label();

    /**
     * MP convolution to {@code out} channels; {@code learnedGain} adds a scalar that starts at 0.
     */
    Tensor<T> convolution(String name, Tensor<T> x, int out, int kernel, boolean learnedGain);

    /** MP convolution whose input is dropped out with the given probability in training. */
    Tensor<T> convolutionOfDropout(String name, Tensor<T> x, int out, int kernel, double dropout);

    /** MP linear layer to {@code out} values, times {@code gain} and perhaps a learned scalar. */
    Tensor<T> linear(String name, Tensor<T> x, int out, double gain, boolean learnedGain);

    /** MP SiLU. */
    Tensor<T> silu(String name, Tensor<T> x);

    /** MP sum with share t of b. */
    Tensor<T> sum(String name, Tensor<T> a, Tensor<T> b, double t);

    /** MP concat with share t of b. */
    Tensor<T> concat(String name, Tensor<T> a, Tensor<T> b, double t);

    /** x (c + 1). */
    Tensor<T> modulate(String name, Tensor<T> x, Tensor<T> c);

    /** Pixel normalization. */
    Tensor<T> pixelNorm(String name, Tensor<T> x);

    /** Halves or doubles the resolution. */
    Tensor<T> resample(String name, Tensor<T> x, Resample.Direction direction, double[] filter);

    /** Cosine attention of 3 C channels to C. */
    Tensor<T> attention(String name, Tensor<T> x, int heads);

    /** Clips to [-limit, limit]. */
    Tensor<T> clip(String name, Tensor<T> x, double limit);

    /** MP Fourier features of a scalar. */
    Tensor<T> fourier(String name, Tensor<T> x, int channels);

    /** Appends a channel of ones. */
    Tensor<T> withOnes(String name, Tensor<T> x);

    /** c_in x. */
    Tensor<T> scaledInput(String name, Tensor<T> x, Tensor<T> sigma);

    /** c_noise = ln(sigma) / 4. */
    Tensor<T> noiseCondition(String name, Tensor<T> sigma);

    /** c_skip x + c_out f. */
    Tensor<T> denoised(String name, Tensor<T> f, Tensor<T> x, Tensor<T> sigma);

    /** The network's outputs and its loss. */
    void outputs(Tensor<T> denoised, Tensor<T> logVariance, Tensor<T> sigma);
}
