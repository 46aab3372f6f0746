package io.github.edm2.models.unet;

import java.util.Random;
import java.util.stream.IntStream;

/** Constructor options of tiny networks, drawn from all that a network can be made with. */
final class RandomOptions {

    private static final double[][] FILTERS = {
        {1, 1}, {1, 3, 3, 1}, {.5, .5}, {1, 5, 10, 10, 5, 1}, {0, 1, 1, 0}, {1, 2}
    };

    private RandomOptions() {}

    /** Valid options, the same for the same seed. */
    static NetworkOptions of(long seed) {
        Random random = new Random(seed);
        while (true) {
            NetworkOptions options = draw(random);
            try {
                return options.validate();
            } catch (IllegalArgumentException e) {
                // Heads that do not divide the channels; draw again.
            }
        }
    }

    private static NetworkOptions draw(Random random) {
        int levels = 1 + few(random);
        int lowest = between(random, 1, 3);
        int resolution = lowest << (levels - 1);
        return NetworkOptions.builder()
                .imgResolution(resolution)
                .imgChannels(between(random, 1, 4))
                .labelDim(between(random, 0, 3))
                .modelChannels(between(random, 1, 5))
                .channelMult(IntStream.range(0, levels).map(i -> between(random, 1, 3)).toArray())
                .channelMultNoise(random.nextBoolean() ? null : (Integer) between(random, 1, 3))
                .channelMultEmb(random.nextBoolean() ? null : (Integer) between(random, 1, 3))
                .numBlocks(few(random))
                .attnResolutions(
                        IntStream.range(0, levels)
                                .filter(i -> random.nextBoolean())
                                .map(i -> resolution >> i)
                                .toArray())
                .labelBalance(balance(random))
                .concatBalance(balance(random))
                .resBalance(balance(random))
                .attnBalance(balance(random))
                .channelsPerHead(between(random, 1, 6))
                .dropout(random.nextInt(4) == 0 ? random.nextDouble() * .9 : 0)
                .clipAct(limit(random))
                .resampleFilter(FILTERS[random.nextInt(FILTERS.length)])
                .sigmaData(Math.exp(random.nextGaussian()))
                .logvarChannels(between(random, 1, 8))
                .build();
    }

    /** 0, 1 or 2, the more the rarer, because time goes with the number of blocks. */
    private static int few(Random random) {
        int ten = random.nextInt(10);
        return ten < 7 ? 0 : ten < 9 ? 1 : 2;
    }

    private static int between(Random random, int from, int to) {
        return from + random.nextInt(to - from + 1);
    }

    /** From 0 to 1, both ends included. */
    private static double balance(Random random) {
        return switch (random.nextInt(8)) {
            case 0 -> 0;
            case 1 -> 1;
            default -> random.nextDouble();
        };
    }

    private static Double limit(Random random) {
        return switch (random.nextInt(4)) {
            case 0 -> null;
            case 1 -> Double.POSITIVE_INFINITY;
            case 2 -> 256.0;
            default -> .3 + random.nextDouble();
        };
    }
}
