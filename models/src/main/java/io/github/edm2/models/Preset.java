package io.github.edm2.models;

import io.github.edm2.models.unet.NetworkOptions;
import java.util.ArrayList;
import java.util.List;

/**
 * A network with the hyperparameters that it is trained with (arXiv:2312.02696, table 6).
 *
 * @param name for instance {@code edm2-img512-xs}
 * @param network options of the network
 * @param batch images per step
 * @param learningRate reference learning rate
 * @param decayBatches batches after which the learning rate decays; 0 for never
 * @param rampUpImages images over which the learning rate rises
 * @param durationImages images to train
 * @param pMean mean of ln sigma
 * @param pStd standard deviation of ln sigma
 */
public record Preset(
        String name,
        NetworkOptions network,
        int batch,
        double learningRate,
        double decayBatches,
        double rampUpImages,
        long durationImages,
        double pMean,
        double pStd) {

    private static final long MI = 1 << 20;

    private static final List<Preset> ALL = all();

    /** All presets. */
    public static List<Preset> presets() {
        return ALL;
    }

    /**
     * The preset of a name.
     *
     * @throws IllegalArgumentException if there is none; the message lists them
     */
    public static Preset of(String name) {
        return ALL.stream()
                .filter(preset -> preset.name.equals(name))
                .findFirst()
                .orElseThrow(
                        () ->
                                new IllegalArgumentException(
                                        "No preset \"%s\"; there are %s"
                                                .formatted(
                                                        name,
                                                        String.join(
                                                                ", ",
                                                                ALL.stream()
                                                                        .map(Preset::name)
                                                                        .toList()))));
    }

    private static List<Preset> all() {
        List<Preset> all = new ArrayList<>();
        all.add(img512("xxs", 64, .0170, 0, 2048));
        all.add(img512("xs", 128, .0120, 0, 2048));
        all.add(img512("s", 192, .0100, 0, 2048));
        all.add(img512("m", 256, .0090, .1, 2048));
        all.add(img512("l", 320, .0080, .1, 1792));
        all.add(img512("xl", 384, .0070, .1, 1280));
        all.add(img512("xxl", 448, .0065, .1, 896));
        all.add(img64("xs", 128, .0120, 0, 1024));
        all.add(img64("s", 192, .0100, 0, 1024));
        all.add(img64("m", 256, .0090, .1, 2048));
        all.add(img64("l", 320, .0080, .1, 1024));
        all.add(img64("xl", 384, .0070, .1, 640));
        all.add(small("edm2-16-tiny", 16, 32, new int[] {1, 2}, 1, new int[] {8}, 32));
        all.add(small("edm2-32-small", 32, 64, new int[] {1, 2, 2}, 2, new int[] {16, 8}, 64));
        return List.copyOf(all);
    }

    /** ImageNet 512x512 as latents of the Stable Diffusion autoencoder. */
    private static Preset img512(
            String size, int channels, double rate, double dropout, long durationMi) {
        NetworkOptions network =
                NetworkOptions.builder()
                        .imgResolution(64)
                        .imgChannels(4)
                        .labelDim(1000)
                        .modelChannels(channels)
                        .dropout(dropout)
                        .build();
        return new Preset(
                "edm2-img512-" + size,
                network,
                2048,
                rate,
                70_000,
                10e6,
                durationMi * MI,
                -0.4,
                1.0);
    }

    /** ImageNet 64x64 pixels. */
    private static Preset img64(
            String size, int channels, double rate, double dropout, long durationMi) {
        NetworkOptions network =
                NetworkOptions.builder()
                        .imgResolution(64)
                        .imgChannels(3)
                        .labelDim(1000)
                        .modelChannels(channels)
                        .dropout(dropout)
                        .build();
        return new Preset(
                "edm2-img64-" + size,
                network,
                2048,
                rate,
                35_000,
                10e6,
                durationMi * MI,
                -0.8,
                1.6);
    }

    /** Networks for a CPU; not from the paper. Channels and labels follow the data. */
    private static Preset small(
            String name,
            int resolution,
            int channels,
            int[] multipliers,
            int blocks,
            int[] attention,
            int head) {
        NetworkOptions network =
                NetworkOptions.builder()
                        .imgResolution(resolution)
                        .imgChannels(3)
                        .modelChannels(channels)
                        .channelMult(multipliers)
                        .numBlocks(blocks)
                        .attnResolutions(attention)
                        .channelsPerHead(head)
                        .logvarChannels(32)
                        .build();
        return new Preset(name, network, 64, .02, 300, 2_000, 100_000, -0.8, 1.2);
    }
}
