package io.github.edm2.tests.official;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.edm2.models.Edm2;
import io.github.edm2.models.Golden;
import io.github.edm2.models.checkpoint.StateDict;
import io.github.edm2.models.data.Pixels;
import io.github.edm2.models.sampling.Denoiser;
import io.github.edm2.models.sampling.HeunSampler;
import io.github.edm2.models.sampling.SeededNoise;
import io.github.edm2.models.sampling.TorchCpuNoise;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.LongStream;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Proves that a network of the official release is read bit by bit and draws the official images
 * for the same seeds.
 */
class OfficialNetworkTest {

    private static final Path NETWORK = Path.of("src/test/resources/golden/official/network.pkl");
    private static final int SEEDS = 8;

    private final Golden golden = Golden.read("official/expected");

    @Test
    void readsParametersBitByBit() {
        ComputationGraph graph = Edm2.fromOfficial(NETWORK);
        Map<String, INDArray> expected = new HashMap<>(golden.under("param"));
        expected.putAll(golden.under("buffer"));
        Map<String, INDArray> read = StateDict.of(graph);
        assertEquals(expected.keySet(), read.keySet());
        expected.forEach((name, array) -> assertEquals(array, read.get(name), name));
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 32})
    void drawsTheOfficialImages(int steps) {
        ComputationGraph graph = Edm2.fromOfficial(NETWORK);
        long[] seeds = LongStream.range(0, SEEDS).toArray();
        try (SeededNoise noise = new TorchCpuNoise(seeds, 3, 16, 16)) {
            INDArray start = noise.get();
            INDArray labels = Nd4j.eye(5).castTo(DataType.FLOAT).getRows(noise.randomClasses(5));
            assertEquals(golden.get("labels"), labels);
            assertImages(steps, graph, labels, start, "images/steps" + steps);
        }
    }

    private void assertImages(
            int steps, ComputationGraph graph, INDArray labels, INDArray start, String name) {
        HeunSampler sampler = HeunSampler.builder().steps(steps).build();
        INDArray images = Pixels.decode(sampler.sample(Denoiser.of(graph, labels), start));
        INDArray difference =
                golden.get(name).castTo(DataType.FLOAT).sub(images.castTo(DataType.FLOAT));
        double largest = difference.amaxNumber().doubleValue();
        double equal = 1 - difference.neq(0).castTo(DataType.FLOAT).meanNumber().doubleValue();
        assertTrue(largest <= 1, () -> "a pixel differs by " + largest);
        assertEquals(1, equal, 0.001, "share of equal pixel values");
    }
}
