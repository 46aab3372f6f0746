package io.github.edm2.tests.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.edm2.models.Edm2;
import io.github.edm2.models.Golden;
import io.github.edm2.models.sampling.Denoiser;
import io.github.edm2.models.unet.FrozenNetwork;
import io.github.edm2.models.unet.NetworkOptions;
import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Proves that a frozen network gives the graph's numbers, whatever was computed with it before. */
class FrozenNetworkTest {

    /** Of double precision: what is left of a difference that is no rounding. */
    private static final double EXACT = 1e-12;

    private static final double[] SIGMAS = {0.01, 0.7, 60};

    @ParameterizedTest
    @ValueSource(strings = {"net-cond", "net-uncond", "net-options"})
    void givesTheNumbersOfTheGraph(String name) {
        Golden golden = Golden.read(name);
        ComputationGraph graph =
                GoldenNetwork.network(
                        GoldenNetwork.builder(name).dataType(DataType.DOUBLE),
                        golden,
                        "param",
                        "buffer");
        FrozenNetwork frozen = new FrozenNetwork(GoldenNetwork.options(Golden.json(name)), graph);
        for (int batch : new int[] {2, 1, 3, 2}) {
            INDArray labels = batch == 3 ? null : labels(golden, batch, DataType.DOUBLE);
            INDArray x = images(golden, batch, DataType.DOUBLE);
            INDArray before = x.dup();
            Denoiser expected = Denoiser.of(graph, labels);
            Denoiser actual = Denoiser.of(frozen, labels);
            for (double sigma : SIGMAS) {
                Golden.assertClose(
                        expected.denoise(x, sigma),
                        actual.denoise(x, sigma),
                        EXACT,
                        "%s, batch %d, sigma %s".formatted(name, batch, sigma));
            }
            assertEquals(before, x);
        }
    }

    /** Guidance by the network without labels is one batch of two, with the numbers of two runs. */
    @Test
    void guidanceByItselfIsOneBatch() {
        Golden golden = Golden.read("net-cond");
        ComputationGraph graph =
                GoldenNetwork.network(
                        GoldenNetwork.builder("net-cond").dataType(DataType.DOUBLE),
                        golden,
                        "param",
                        "buffer");
        FrozenNetwork frozen =
                new FrozenNetwork(GoldenNetwork.options(Golden.json("net-cond")), graph);
        INDArray labels = labels(golden, 2, DataType.DOUBLE);
        INDArray x = images(golden, 2, DataType.DOUBLE);
        for (double guidance : new double[] {1, 2.5}) {
            Denoiser expected =
                    Denoiser.guided(Denoiser.of(graph, labels), Denoiser.of(graph, null), guidance);
            Golden.assertClose(
                    expected.denoise(x, 0.7),
                    Denoiser.guided(frozen, labels, guidance).denoise(x, 0.7),
                    EXACT,
                    "guidance " + guidance);
        }
        assertThrows(
                IllegalArgumentException.class, () -> Denoiser.guided(frozen, labels, Double.NaN));
    }

    /** Narrow networks, whose convolutions are the same for every batch, keep each bit. */
    @Test
    void anExampleOfANarrowNetworkHasTheSameBitsInEveryBatch() {
        NetworkOptions options =
                NetworkOptions.builder()
                        .imgResolution(8)
                        .imgChannels(3)
                        .labelDim(5)
                        .modelChannels(16)
                        .channelMult(new int[] {1, 2})
                        .numBlocks(1)
                        .attnResolutions(new int[] {8, 4})
                        .channelsPerHead(8)
                        .logvarChannels(16)
                        .build();
        ComputationGraph graph = Edm2.builder().options(options).seed(7).build().init();
        graph.params().addi(0.1); // gains that start at 0 hide what is behind them
        FrozenNetwork frozen = new FrozenNetwork(options, graph);
        Nd4j.getRandom().setSeed(3);
        INDArray x = Nd4j.randn(8, 3, 8, 8);
        INDArray labels = Nd4j.eye(5).getRows(0, 1, 2, 3, 4, 0, 1, 2);
        List<INDArray> alone = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            alone.add(denoised(frozen, x, labels, i, i + 1));
        }
        for (int batch = 2; batch <= 8; batch++) {
            INDArray together = denoised(frozen, x, labels, 0, batch);
            for (int i = 0; i < batch; i++) {
                double difference =
                        together.slice(i).sub(alone.get(i).slice(0)).amaxNumber().doubleValue();
                assertEquals(0, difference, "example %d of %d".formatted(i, batch));
            }
        }
    }

    private static INDArray denoised(
            FrozenNetwork frozen, INDArray x, INDArray labels, int from, int to) {
        INDArrayIndex rows = NDArrayIndex.interval(from, to);
        INDArray some = labels == null ? null : labels.get(rows).dup('c');
        return Denoiser.of(frozen, some).denoise(x.get(rows).dup('c'), 0.7);
    }

    /** In single precision it is as near to the exact numbers as the graph is. */
    @ParameterizedTest
    @ValueSource(strings = {"net-cond", "net-uncond", "net-options"})
    void roundsNoMoreThanTheGraph(String name) {
        Golden golden = Golden.read(name);
        ComputationGraph exact =
                GoldenNetwork.network(
                        GoldenNetwork.builder(name).dataType(DataType.DOUBLE),
                        golden,
                        "param",
                        "buffer");
        ComputationGraph graph = GoldenNetwork.network(name, golden);
        FrozenNetwork frozen = new FrozenNetwork(GoldenNetwork.options(Golden.json(name)), graph);
        INDArray x = images(golden, 4, DataType.DOUBLE);
        INDArray rounded = x.castTo(DataType.FLOAT);
        INDArray labels = labels(golden, 4, DataType.DOUBLE);
        INDArray roundedLabels = labels(golden, 4, DataType.FLOAT);
        for (double sigma : SIGMAS) {
            INDArray truth = Denoiser.of(exact, labels).denoise(x, sigma);
            double graphError =
                    error(truth, Denoiser.of(graph, roundedLabels).denoise(rounded, sigma));
            double frozenError =
                    error(truth, Denoiser.of(frozen, roundedLabels).denoise(rounded, sigma));
            assertTrue(
                    frozenError <= 2 * graphError,
                    "error %.2g, of the graph %.2g".formatted(frozenError, graphError));
        }
    }

    private static double error(INDArray truth, INDArray actual) {
        return truth.sub(actual.castTo(DataType.DOUBLE)).norm2Number().doubleValue()
                / truth.norm2Number().doubleValue();
    }

    private static INDArray images(Golden golden, int batch, DataType type) {
        long[] shape = golden.get("in/clean").shape();
        return Nd4j.randn(DataType.FLOAT, batch, shape[1], shape[2], shape[3]).muli(2).castTo(type);
    }

    private static INDArray labels(Golden golden, int batch, DataType type) {
        if (!golden.has("in/labels")) {
            return null;
        }
        int classes = (int) golden.get("in/labels").size(1);
        return Nd4j.eye(classes).castTo(type).getRows(new int[batch]);
    }
}
