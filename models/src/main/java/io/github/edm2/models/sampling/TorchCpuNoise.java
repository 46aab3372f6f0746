package io.github.edm2.models.sampling;

import java.util.Arrays;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The noise that the official PyTorch release draws on a CPU for the same seeds: one generator per
 * image, from which first the noise comes, then the random class, then any further noise.
 *
 * <p>For one thread at a time.
 */
public final class TorchCpuNoise implements SeededNoise {

    private final long[] shape;
    private final TorchCpuGenerator[] generators;

    /**
     * @param seeds one per image; seeds that differ by a multiple of 2^32 are the same
     * @param shape {channels, height, width}
     */
    public TorchCpuNoise(long[] seeds, long... shape) {
        this.shape = shape.clone();
        this.generators =
                Arrays.stream(seeds)
                        .mapToObj(TorchCpuGenerator::new)
                        .toArray(TorchCpuGenerator[]::new);
    }

    @Override
    public INDArray get() {
        int each = Math.toIntExact(shape[0] * shape[1] * shape[2]);
        float[] noise = new float[Math.multiplyExact(generators.length, each)];
        for (int i = 0; i < generators.length; i++) {
            generators[i].randn(noise, i * each, each);
        }
        return Nd4j.createFromArray(noise)
                .reshape('c', generators.length, shape[0], shape[1], shape[2]);
    }

    @Override
    public int[] randomClasses(int classes) {
        return Arrays.stream(generators).mapToInt(g -> (int) g.randint(classes)).toArray();
    }

    /** Nothing to release. */
    @Override
    public void close() {}
}
