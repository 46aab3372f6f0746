package io.github.edm2.models.unet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.edm2.layers.PatchConvolution;
import io.github.edm2.layers.WinogradConvolution;
import io.github.edm2.models.Edm2;
import io.github.edm2.models.Golden;
import io.github.edm2.models.PlannedTraining;
import io.github.edm2.models.TinyNetwork;
import io.github.edm2.models.sampling.Denoiser;
import java.util.Map;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Proves that networks whose channels are many enough for {@link WinogradConvolution} and {@link
 * PatchConvolution}, unlike those of the golden numbers, give the numbers and gradients of the
 * graph.
 */
class WideNetworkTest {

    private static final int SIZE = 8;
    private static final int CHANNELS = 128;
    private static final int MANY = 16;

    private static final NetworkOptions OPTIONS =
            NetworkOptions.builder()
                    .imgResolution(SIZE)
                    .imgChannels(2)
                    .modelChannels(CHANNELS)
                    .channelMult(new int[] {1, 1})
                    .numBlocks(1)
                    .build();

    /** What a million products in double precision leave. */
    private static final double EXACT = 1e-12;

    @Test
    void convolutionsOfOneImageAndOfManyDiffer() {
        assertTrue(WinogradConvolution.faster(MANY, SIZE, CHANNELS, CHANNELS, 2));
        assertFalse(WinogradConvolution.faster(1, SIZE, CHANNELS, CHANNELS, 2));
        assertTrue(PatchConvolution.faster(1, SIZE / 2, CHANNELS, CHANNELS));
        assertFalse(PatchConvolution.faster(MANY, SIZE / 2, CHANNELS, CHANNELS));
    }

    /** Weights are kept in one form, whichever a size of batch takes, in any order. */
    @Test
    void frozenNetworkGivesTheNumbersOfTheGraph() {
        ComputationGraph graph = graph(DataType.DOUBLE);
        FrozenNetwork frozen = new FrozenNetwork(OPTIONS, graph);
        for (int batch : new int[] {1, MANY, 2, 1}) {
            INDArray x = images(DataType.DOUBLE, batch, 1);
            Golden.assertClose(
                    Denoiser.of(graph, null).denoise(x, 0.7),
                    Denoiser.of(frozen, null).denoise(x, 0.7),
                    EXACT,
                    "batch " + batch);
        }
    }

    @Test
    void frozenNetworkInSinglePrecisionIsExactToOneMillionth() {
        INDArray x = images(DataType.DOUBLE, MANY, 1);
        INDArray exact = Denoiser.of(graph(DataType.DOUBLE), null).denoise(x, 0.7);
        ComputationGraph graph = graph(DataType.FLOAT);
        graph.params().assign(graph(DataType.DOUBLE).params());
        INDArray single =
                Denoiser.of(new FrozenNetwork(OPTIONS, graph), null)
                        .denoise(x.castTo(DataType.FLOAT), 0.7);
        Golden.assertClose(exact, single.castTo(DataType.DOUBLE), 1e-6, "single precision");
    }

    @Test
    void preparedNetworkGivesTheGradientsOfTheGraph() {
        ComputationGraph graph = graph(DataType.DOUBLE);
        ComputationGraph prepared = graph(DataType.DOUBLE);
        INDArray clean = images(DataType.DOUBLE, MANY, 1);
        INDArray sigma = Nd4j.linspace(DataType.DOUBLE, 0.1, 0.2, MANY).reshape(MANY, 1);
        INDArray noisy =
                images(DataType.DOUBLE, MANY, 2).muli(sigma.reshape(MANY, 1, 1, 1)).addi(clean);
        MultiDataSet data = new MultiDataSet(new INDArray[] {noisy, sigma}, new INDArray[] {clean});

        graph.setInputs(data.getFeatures());
        graph.setLabels(clean, sigma);
        graph.computeGradientAndScore();
        Map<String, INDArray> actual =
                new PlannedTraining(prepared).computeGradientAndScore(data).gradientForVariable();
        assertEquals(1, prepared.score() / graph.score(), EXACT);
        graph.gradient()
                .gradientForVariable()
                .forEach(
                        (name, gradient) ->
                                Golden.assertClose(gradient, actual.get(name), EXACT, name));
    }

    /** With learned gains other than 0, behind which nothing is seen of the network. */
    private static ComputationGraph graph(DataType type) {
        ComputationGraph graph =
                Edm2.builder().seed(5).dataType(type).options(OPTIONS).build().init();
        graph.paramTable()
                .forEach(
                        (name, parameter) -> {
                            if (name.endsWith("_gain")) {
                                parameter.assign(0.5);
                            }
                        });
        return graph;
    }

    private static INDArray images(DataType type, int batch, long seed) {
        return TinyNetwork.normal(type, seed, batch, 2, SIZE, SIZE);
    }
}
