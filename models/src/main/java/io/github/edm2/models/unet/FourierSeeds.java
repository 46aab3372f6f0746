package io.github.edm2.models.unet;

import java.util.SplittableRandom;

/** Seeds of a network's Fourier layers in order of assembly, the same for every assembler. */
final class FourierSeeds {

    private final SplittableRandom random;

    FourierSeeds(long networkSeed) {
        random = new SplittableRandom(networkSeed);
    }

    long next() {
        return random.nextLong();
    }
}
