package io.github.edm2.models.data;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Latents of the Stable-Diffusion autoencoder, as the EDM2 reference implementation has them. Raw
 * latents are the mean and the standard deviation that the encoder gives, {@value #RAW_CHANNELS}
 * channels, which datasets store. Final latents are what networks see: {@code (mean + std n) scale
 * + bias} with n drawn from N(0, 1), which has about the mean 0 and the standard deviation 1/2 over
 * ImageNet.
 *
 * <p>Safe to share between threads.
 */
public final class Latents {

    /** Channels of final latents. */
    public static final int CHANNELS = 4;

    /** Channels of raw latents: the means, then the standard deviations. */
    public static final int RAW_CHANNELS = 2 * CHANNELS;

    /** Pixels of an image along a side for one value of its latents. */
    public static final int REDUCTION = 8;

    private static final float FINAL_STD = 0.5f;

    /** Of the autoencoder's latents over ImageNet, per channel. */
    private static final float[] RAW_MEAN = {5.81f, 3.25f, 0.12f, -2.15f};

    private static final float[] RAW_STD = {4.17f, 4.62f, 3.71f, 3.28f};

    private static final float[] SCALE = new float[CHANNELS];
    private static final float[] BIAS = new float[CHANNELS];

    static {
        for (int channel = 0; channel < CHANNELS; channel++) {
            SCALE[channel] = FINAL_STD / RAW_STD[channel];
            BIAS[channel] = -RAW_MEAN[channel] * SCALE[channel];
        }
    }

    private Latents() {}

    /**
     * A value of final latents.
     *
     * @param channel 0 to 3
     * @param mean of the raw latents
     * @param std of the raw latents
     * @param n drawn from N(0, 1)
     */
    static float sample(int channel, float mean, float std, float n) {
        return (mean + std * n) * SCALE[channel] + BIAS[channel];
    }

    /**
     * What the autoencoder's decoder takes.
     *
     * @param latents final latents [batch, 4, height, width]
     * @return new array of the same shape, {@code (latents - bias) / scale}
     */
    public static INDArray unscaled(INDArray latents) {
        return latents.sub(perChannel(BIAS)).divi(perChannel(SCALE));
    }

    private static INDArray perChannel(float[] values) {
        return Nd4j.createFromArray(values).reshape(1, CHANNELS, 1, 1);
    }
}
