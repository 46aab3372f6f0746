package io.github.edm2.models.unet;

import io.github.edm2.layers.Resample;
import java.util.ArrayList;
import java.util.List;

/**
 * One step of the U-Net.
 *
 * @param name as in the reference, for instance {@code unet.enc.16x16_block0}
 * @param decoder flavor: decoder, else encoder
 * @param kind what the step does
 * @param out channels out
 * @param resolution height and width out
 * @param attention whether self-attention follows, if the block is wide enough for a head
 * @param skip decoder: whether the input is first concatenated with the newest unused skip
 *     connection
 */
record BlockSpec(
        String name,
        boolean decoder,
        Kind kind,
        int out,
        int resolution,
        boolean attention,
        boolean skip) {

    /** What a step does. */
    enum Kind {
        /** A 3x3 convolution, the first step. */
        CONVOLUTION,
        /** A residual block at its input's resolution. */
        KEEP,
        /** A residual block after halving. */
        DOWN,
        /** A residual block after doubling. */
        UP
    }

    /** Resampling before the block; null for none. */
    Resample.Direction resampling() {
        return switch (kind) {
            case DOWN -> Resample.Direction.DOWN;
            case UP -> Resample.Direction.UP;
            default -> null;
        };
    }

    /** All steps in order (arXiv:2312.02696, Fig. 21). */
    static List<BlockSpec> blocks(NetworkOptions options) {
        int levels = options.getChannelMult().length;
        List<BlockSpec> blocks = new ArrayList<>();
        // Resampling keeps what there is, which without blocks is not what the level above has.
        int current = options.channels(0);
        for (int level = 0; level < levels; level++) {
            int resolution = options.getImgResolution() >> level;
            int channels = options.channels(level);
            String prefix = "unet.enc.%dx%d_".formatted(resolution, resolution);
            if (level == 0) {
                blocks.add(encoder(prefix + "conv", Kind.CONVOLUTION, channels, resolution, false));
            } else {
                blocks.add(encoder(prefix + "down", Kind.DOWN, current, resolution, false));
            }
            for (int i = 0; i < options.getNumBlocks(); i++) {
                boolean attention = options.attends(resolution);
                blocks.add(
                        encoder(prefix + "block" + i, Kind.KEEP, channels, resolution, attention));
                current = channels;
            }
        }
        for (int level = levels - 1; level >= 0; level--) {
            int resolution = options.getImgResolution() >> level;
            int channels = options.channels(level);
            String prefix = "unet.dec.%dx%d_".formatted(resolution, resolution);
            if (level == levels - 1) {
                blocks.add(decoder(prefix + "in0", Kind.KEEP, current, resolution, true, false));
                blocks.add(decoder(prefix + "in1", Kind.KEEP, current, resolution, false, false));
            } else {
                blocks.add(decoder(prefix + "up", Kind.UP, current, resolution, false, false));
            }
            for (int i = 0; i <= options.getNumBlocks(); i++) {
                boolean attention = options.attends(resolution);
                blocks.add(
                        decoder(
                                prefix + "block" + i,
                                Kind.KEEP,
                                channels,
                                resolution,
                                attention,
                                true));
            }
            current = channels;
        }
        return blocks;
    }

    private static BlockSpec encoder(
            String name, Kind kind, int out, int resolution, boolean attention) {
        return new BlockSpec(name, false, kind, out, resolution, attention, false);
    }

    private static BlockSpec decoder(
            String name, Kind kind, int out, int resolution, boolean attention, boolean skip) {
        return new BlockSpec(name, true, kind, out, resolution, attention, skip);
    }
}
