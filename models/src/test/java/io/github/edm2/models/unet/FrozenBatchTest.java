package io.github.edm2.models.unet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.edm2.layers.plan.OpenMp;
import io.github.edm2.models.Edm2;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Batches in parts that are computed side by side. */
class FrozenBatchTest {

    @Test
    void everyRunGivesTheSameNumbersAndKeepsTheCallersThreads() {
        FrozenNetwork network = network();
        INDArray x = Nd4j.randn(DataType.FLOAT, 6, 1, 8, 8);
        int threads = OpenMp.threads();
        INDArray first = network.denoise(x, 0.5, null);
        for (int i = 0; i < 20; i++) {
            assertEquals(first, network.denoise(x, 0.5, null));
        }
        assertEquals(threads, OpenMp.threads());
    }

    @Test
    void wrongShapesAreRefused() {
        INDArray wrong = Nd4j.randn(DataType.FLOAT, 6, 1, 8, 7);
        FrozenNetwork network = network();
        assertEquals(
                "this network takes images of shape [6, 1, 8, 8], got [6, 1, 8, 7]",
                assertThrows(
                                IllegalArgumentException.class,
                                () -> network.denoise(wrong, 0.5, null))
                        .getMessage());
    }

    private static FrozenNetwork network() {
        NetworkOptions options =
                NetworkOptions.builder()
                        .imgResolution(8)
                        .imgChannels(1)
                        .modelChannels(64)
                        .channelMult(new int[] {1, 1})
                        .attnResolutions(new int[0])
                        .numBlocks(1)
                        .build();
        ComputationGraph graph = Edm2.builder().seed(2).options(options).build().init();
        graph.paramTable()
                .forEach(
                        (name, parameter) -> {
                            if (name.endsWith("_gain")) {
                                parameter.assign(0.5);
                            }
                        });
        return new FrozenNetwork(options, graph);
    }
}
