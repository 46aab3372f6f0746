package io.github.edm2.models.sampling;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.rng.Random;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Noise of ND4J's generators, one per image.
 *
 * <p>For one thread at a time.
 */
public final class Nd4jNoise implements SeededNoise {

    private final long[] seeds;
    private final long[] shape;
    private final Random[] generators;

    /**
     * @param seeds one per image
     * @param shape {channels, height, width}
     */
    public Nd4jNoise(long[] seeds, long... shape) {
        this.seeds = seeds.clone();
        this.shape = shape.clone();
        this.generators = new Random[seeds.length];
        for (int i = 0; i < seeds.length; i++) {
            // Mixed, because neighbouring seeds of ND4J's generator start out alike.
            long mixed = new SplittableRandom(seeds[i]).nextLong();
            generators[i] = Nd4j.getRandomFactory().getNewRandomInstance(mixed);
        }
    }

    @Override
    public INDArray get() {
        INDArray batch =
                Nd4j.createUninitialized(
                        DataType.FLOAT,
                        new long[] {generators.length, shape[0], shape[1], shape[2]},
                        'c');
        for (int i = 0; i < generators.length; i++) {
            batch.slice(i).assign(Nd4j.randn(0, 1, shape, generators[i]));
        }
        return batch;
    }

    @Override
    public int[] randomClasses(int classes) {
        return Arrays.stream(seeds)
                .mapToInt(seed -> new SplittableRandom(seed).split().nextInt(classes))
                .toArray();
    }

    @Override
    public void close() {
        for (Random generator : generators) {
            try {
                generator.close();
            } catch (Exception e) { // declared by Random.close
                throw new IllegalStateException("Noise generator cannot be closed", e);
            }
        }
    }
}
