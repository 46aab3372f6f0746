package io.github.edm2.tests.golden;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.edm2.models.Golden;
import io.github.edm2.models.sampling.TorchCpuGenerator;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Proves that the generator gives PyTorch's numbers for a seed, whatever the order of calls. */
class TorchCpuGeneratorTest {

    private static final double ROUNDING = 1e-6;

    private final Golden golden = Golden.read("torch-cpu-random");

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 7, 123456789, 4294967295L})
    void drawsNormalsThenIntegersThenNormals(long seed) {
        TorchCpuGenerator generator = new TorchCpuGenerator(seed);
        assertNormals(seed, "randn_3x8x8", randn(generator, 192));
        assertEquals(
                golden.get("seed%d/randint1000".formatted(seed)).getLong(0),
                generator.randint(1000));
        assertNormals(seed, "randn_3x8x8_second", randn(generator, 192));
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 7, 123456789, 4294967295L})
    void drawsAnyNumberOfNormals(long seed) {
        TorchCpuGenerator generator = new TorchCpuGenerator(seed);
        for (int count : new int[] {7, 17, 16}) { // in the order of the golden draws
            assertNormals(seed, "randn_" + count, randn(generator, count));
        }
        INDArray large =
                Nd4j.createFromArray(randn(new TorchCpuGenerator(seed), 4 * 64 * 64))
                        .reshape('c', 4, 64, 64);
        INDArray rows = large.get(NDArrayIndex.all(), NDArrayIndex.interval(0, 4));
        assertNormals(seed, "randn_4x64x64", rows.dup('c').reshape(-1).toFloatVector());
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 7, 123456789, 4294967295L})
    void drawsIntegers(long seed) {
        TorchCpuGenerator generator = new TorchCpuGenerator(seed);
        long[] drawn = LongStream.range(0, 32).map(i -> generator.randint(10)).toArray();
        assertArrayEquals(golden.get("seed%d/randint10_x32".formatted(seed)).toLongVector(), drawn);
    }

    private static float[] randn(TorchCpuGenerator generator, int count) {
        float[] numbers = new float[count];
        generator.randn(numbers, 0, count);
        return numbers;
    }

    private void assertNormals(long seed, String name, float[] actual) {
        INDArray expected = golden.get("seed%d/%s".formatted(seed, name));
        assertEquals(expected.length(), actual.length, name);
        float[] numbers = expected.dup('c').reshape(-1).toFloatVector();
        for (int i = 0; i < actual.length; i++) {
            assertEquals(numbers[i], actual[i], ROUNDING, name + " at " + i);
        }
    }
}
