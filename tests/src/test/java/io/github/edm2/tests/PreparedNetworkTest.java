package io.github.edm2.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.edm2.models.unet.NetworkOptions;
import io.github.edm2.models.unet.PreparedNetwork;
import java.util.Map;
import java.util.TreeMap;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

/** Proves that a prepared network computes the graph's loss, gradients and normalized weights. */
class PreparedNetworkTest {

    /** Of double precision: what is left of a difference that is no rounding. */
    private static final double EXACT = 1e-9;

    @ParameterizedTest
    @ValueSource(strings = {"net-cond", "net-uncond", "net-options"})
    void givesTheGradientsOfTheGraph(String name) {
        Golden golden = Golden.read(name);
        NetworkOptions options = GoldenNetwork.options(Golden.json(name));
        ComputationGraph graph = graph(name, golden, DataType.DOUBLE);
        ComputationGraph prepared = graph(name, golden, DataType.DOUBLE);
        PreparedNetwork network = new PreparedNetwork(options, prepared);
        for (int batch : new int[] {2, 1, 3, 2}) {
            MultiDataSet data = data(golden, options, batch, DataType.DOUBLE);
            graph.setInputs(data.getFeatures());
            graph.setLabels(data.getLabels(0), data.getFeatures(1));
            graph.computeGradientAndScore();
            Map<String, INDArray> expected = graph.gradient().gradientForVariable();
            Map<String, INDArray> actual =
                    network.computeGradientAndScore(data).gradientForVariable();
            assertEquals(1, prepared.score() / graph.score(), EXACT, name);
            assertEquals(expected.keySet(), actual.keySet());
            for (String parameter : expected.keySet()) {
                Golden.assertClose(
                        expected.get(parameter),
                        actual.get(parameter),
                        EXACT,
                        "%s, batch %d, %s".formatted(name, batch, parameter));
            }
            Golden.assertClose(graph.params(), prepared.params(), EXACT, "normalized weights");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"net-cond", "net-uncond", "net-options"})
    void equalsReference(String name) {
        Golden golden = Golden.read(name);
        NetworkOptions options = GoldenNetwork.options(Golden.json(name));
        ComputationGraph graph = GoldenNetwork.network(name, golden);
        NetworkGoldenTest.withoutForcedNormalization(graph);
        INDArray clean = golden.get("in/clean");
        MultiDataSet data =
                new MultiDataSet(NetworkGoldenTest.inputs(golden), new INDArray[] {clean});
        Map<String, INDArray> gradients =
                new TreeMap<>(
                        new PreparedNetwork(options, graph)
                                .computeGradientAndScore(data)
                                .gradientForVariable());
        assertEquals(1, graph.score() / golden.get("out/loss_total").getDouble(0), Golden.OUTPUT);
        double batch = clean.size(0);
        gradients.replaceAll((parameter, gradient) -> gradient.div(batch));
        NetworkGoldenTest.assertGradientsClose(golden, gradients, false, name);
    }

    @Test
    void refusesWrongInputs() {
        Golden golden = Golden.read("net-cond");
        NetworkOptions options = GoldenNetwork.options(Golden.json("net-cond"));
        PreparedNetwork network =
                new PreparedNetwork(options, graph("net-cond", golden, DataType.FLOAT));
        MultiDataSet data = data(golden, options, 2, DataType.FLOAT);
        INDArray[] two = {data.getFeatures(0), data.getFeatures(1)};
        assertThrows(
                IllegalArgumentException.class,
                () -> network.computeGradientAndScore(new MultiDataSet(two, data.getLabels())));
        INDArray[] wrong = {data.getLabels(0).get().reshape(1, -1)};
        assertThrows(
                IllegalArgumentException.class,
                () -> network.computeGradientAndScore(new MultiDataSet(data.getFeatures(), wrong)));
    }

    private static ComputationGraph graph(String name, Golden golden, DataType type) {
        return GoldenNetwork.network(
                GoldenNetwork.builder(name).dataType(type), golden, "param", "buffer");
    }

    private static MultiDataSet data(
            Golden golden, NetworkOptions options, int batch, DataType type) {
        long[] shape = golden.get("in/clean").shape();
        shape[0] = batch;
        INDArray clean = Nd4j.randn(DataType.FLOAT, shape).muli(0.5).castTo(type);
        INDArray sigma = Nd4j.rand(DataType.FLOAT, batch, 1).addi(0.1).castTo(type);
        INDArray noise = Nd4j.randn(DataType.FLOAT, shape).castTo(type);
        INDArray noisy = clean.add(noise.mul(sigma.reshape(batch, 1, 1, 1)));
        INDArray[] features =
                options.getLabelDim() > 0
                        ? new INDArray[] {
                            noisy,
                            sigma,
                            Nd4j.eye(options.getLabelDim()).castTo(type).getRows(new int[batch])
                        }
                        : new INDArray[] {noisy, sigma};
        return new MultiDataSet(features, new INDArray[] {clean});
    }
}
