package io.github.edm2.tests.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.edm2.models.Edm2;
import io.github.edm2.models.ForcedNormalization;
import io.github.edm2.models.Golden;
import io.github.edm2.models.PlannedTraining;
import io.github.edm2.models.TinyNetwork;
import io.github.edm2.models.unet.NetworkOptions;
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

/**
 * Proves that the plan of a network computes the graph's loss, gradients and normalized weights.
 */
class PlannedTrainingTest {

    /** Of double precision: what is left of a difference that is no rounding. */
    private static final double EXACT = 1e-9;

    @ParameterizedTest
    @ValueSource(strings = {"net-cond", "net-uncond", "net-options"})
    void givesTheGradientsOfTheGraph(String name) {
        Golden golden = Golden.read(name);
        NetworkOptions options = GoldenNetwork.options(Golden.json(name));
        ComputationGraph graph = graph(name, golden, DataType.DOUBLE);
        ComputationGraph prepared = graph(name, golden, DataType.DOUBLE);
        PlannedTraining network = new PlannedTraining(prepared);
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
        ForcedNormalization.switchOff(graph);
        INDArray clean = golden.get("in/clean");
        MultiDataSet data = new MultiDataSet(GoldenNetwork.inputs(golden), new INDArray[] {clean});
        Map<String, INDArray> gradients =
                new TreeMap<>(
                        new PlannedTraining(graph)
                                .computeGradientAndScore(data)
                                .gradientForVariable());
        assertEquals(1, graph.score() / golden.get("out/loss_total").getDouble(0), Golden.OUTPUT);
        double batch = clean.size(0);
        gradients.replaceAll((parameter, gradient) -> gradient.div(batch));
        NetworkGoldenTest.assertGradientsClose(golden, gradients, false, name);
    }

    /** With dropout of the same seed, the loss changes along a direction as the gradients say. */
    @Test
    void gradientsWithDropout() {
        double dropout = 0.2;
        Edm2 model = TinyNetwork.builder(DataType.DOUBLE, dropout).build();
        ComputationGraph graph = model.init();
        ForcedNormalization.switchOff(graph);
        graph.params().addi(0.1); // learned gains start at 0, behind which nothing has a gradient
        MultiDataSet data = TinyNetwork.batch(DataType.DOUBLE, 1);
        PlannedTraining network = new PlannedTraining(graph);
        INDArray direction = Nd4j.randn(DataType.DOUBLE, graph.params().shape());
        INDArray start = graph.params().dup();
        double at = loss(network, graph, data, 1);
        INDArray gradient = graph.getFlattenedGradients().dup().reshape(start.shape());
        assertNotEquals(at, loss(network, graph, data, 2), "another mask, another loss");
        double step = 1e-6;
        graph.params().assign(start.add(direction.mul(step)));
        double above = loss(network, graph, data, 1);
        graph.params().assign(start.sub(direction.mul(step)));
        double below = loss(network, graph, data, 1);
        double batch = data.getLabels(0).size(0);
        double expected = gradient.mul(direction).sumNumber().doubleValue() / batch;
        assertEquals(1, (above - below) / (2 * step) / expected, 1e-5);
    }

    private static double loss(
            PlannedTraining network, ComputationGraph graph, MultiDataSet data, long seed) {
        Nd4j.getRandom().setSeed(seed);
        network.computeGradientAndScore(data);
        return graph.score();
    }

    @Test
    void refusesWrongInputs() {
        Golden golden = Golden.read("net-cond");
        NetworkOptions options = GoldenNetwork.options(Golden.json("net-cond"));
        PlannedTraining network = new PlannedTraining(graph("net-cond", golden, DataType.FLOAT));
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
