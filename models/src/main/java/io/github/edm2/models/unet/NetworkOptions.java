package io.github.edm2.models.unet;

import java.util.Arrays;
import lombok.Builder;
import lombok.Value;
import org.nd4j.shade.jackson.databind.annotation.JsonDeserialize;
import org.nd4j.shade.jackson.databind.annotation.JsonPOJOBuilder;

/**
 * Constructor options of the EDM2 network, named as in the reference implementation; the defaults
 * are the paper's.
 */
@Value
@Builder(toBuilder = true)
@JsonDeserialize(builder = NetworkOptions.NetworkOptionsBuilder.class)
public class NetworkOptions {

    /** Height and width of the images in pixels. */
    @Builder.Default int imgResolution = 64;

    /** Channels of the images. */
    @Builder.Default int imgChannels = 4;

    /** Number of classes; 0 for an unconditional network. */
    @Builder.Default int labelDim = 0;

    /** Base number of channels. */
    @Builder.Default int modelChannels = 192;

    /** Per resolution, multiplier of the base number of channels. */
    @Builder.Default int[] channelMult = {1, 2, 3, 4};

    /** Multiplier for the noise embedding's input; null for that of the first resolution. */
    Integer channelMultNoise;

    /** Multiplier for the embedding; null for the largest. */
    Integer channelMultEmb;

    /** Residual blocks per resolution. */
    @Builder.Default int numBlocks = 3;

    /** Resolutions with self-attention. */
    @Builder.Default int[] attnResolutions = {16, 8};

    /** Share of the class embedding in its sum with the noise embedding, in [0, 1]. */
    @Builder.Default double labelBalance = 0.5;

    /** Share of the skip connection in concatenations, in [0, 1]. */
    @Builder.Default double concatBalance = 0.5;

    /** Channels per attention head. */
    @Builder.Default int channelsPerHead = 64;

    /** Probability of zeroing an activation in training, in [0, 1). */
    @Builder.Default double dropout = 0;

    /** Share of the residual branch in blocks, in [0, 1]. */
    @Builder.Default double resBalance = 0.3;

    /** Share of the attention branch, in [0, 1]. */
    @Builder.Default double attnBalance = 0.3;

    /** Largest magnitude of activations at the end of blocks; null for no limit. */
    @Builder.Default Double clipAct = 256.0;

    /** Filter of the resampling, of even length. */
    @Builder.Default double[] resampleFilter = {1, 1};

    /** Standard deviation of the data. */
    @Builder.Default double sigmaData = 0.5;

    /** Fourier features of the uncertainty u(sigma). */
    @Builder.Default int logvarChannels = 128;

    /** Channels at a level, 0 being the full resolution. */
    int channels(int level) {
        return modelChannels * channelMult[level];
    }

    /** Number of noise features. */
    int noiseChannels() {
        return channelMultNoise == null ? channels(0) : modelChannels * channelMultNoise;
    }

    /** Size of the embedding. */
    int embeddingChannels() {
        return modelChannels
                * (channelMultEmb == null
                        ? Arrays.stream(channelMult).max().orElseThrow()
                        : channelMultEmb);
    }

    /**
     * Attention heads of a block that attends: as many as have all their channels; 0 for a block
     * too narrow for one, which then has no attention.
     */
    int heads(int channels) {
        return channels / channelsPerHead;
    }

    /** Whether blocks end with a clip that changes anything. */
    boolean clips() {
        return clipAct != null && !clipAct.isInfinite();
    }

    boolean attends(int resolution) {
        return Arrays.stream(attnResolutions).anyMatch(r -> r == resolution);
    }

    /**
     * Checks every option.
     *
     * @return this
     * @throws IllegalArgumentException naming the first option that is out of range
     */
    public NetworkOptions validate() {
        require(channelMult.length > 0, "channelMult must not be empty", "[]");
        int reduction = 1 << (channelMult.length - 1);
        require(
                imgResolution >= reduction && imgResolution % reduction == 0,
                "imgResolution must be a multiple of " + reduction + " for this channelMult",
                imgResolution);
        require(imgChannels > 0, "imgChannels must be at least 1", imgChannels);
        require(labelDim >= 0, "labelDim must be at least 0", labelDim);
        require(modelChannels > 0, "modelChannels must be at least 1", modelChannels);
        for (int multiplier : channelMult) {
            require(multiplier > 0, "channelMult must be positive", multiplier);
        }
        require(numBlocks >= 0, "numBlocks must be at least 0", numBlocks);
        require(channelsPerHead > 0, "channelsPerHead must be at least 1", channelsPerHead);
        int lowest = channelMult.length - 1;
        for (int level = 0; level <= lowest; level++) {
            if (attends(imgResolution >> level)) {
                requireHeads(imgResolution >> level, channels(level));
            }
        }
        requireHeads(imgResolution >> lowest, channels(numBlocks == 0 ? 0 : lowest));
        require(dropout >= 0 && dropout < 1, "dropout must be in [0, 1)", dropout);
        require(
                clipAct == null || clipAct > 0,
                "clipAct must be greater than 0, or null for no limit",
                clipAct);
        require(sigmaData > 0, "sigmaData must be greater than 0", sigmaData);
        require(logvarChannels > 0, "logvarChannels must be at least 1", logvarChannels);
        return this;
    }

    private void requireHeads(int resolution, int channels) {
        int heads = heads(channels);
        require(
                heads == 0 || channels % heads == 0,
                "channels at resolution %d must be a multiple of the %d attention heads that channelsPerHead %d gives"
                        .formatted(resolution, heads, channelsPerHead),
                channels);
    }

    /** Builder; also how the options are read from JSON. */
    @JsonPOJOBuilder(withPrefix = "")
    public static class NetworkOptionsBuilder {}

    private static void require(boolean condition, String rule, Object value) {
        if (!condition) {
            throw new IllegalArgumentException(rule + ", got " + value);
        }
    }
}
