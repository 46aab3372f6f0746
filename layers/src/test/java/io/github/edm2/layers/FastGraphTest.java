package io.github.edm2.layers;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.edm2.layers.plan.Training;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.LongStream;
import org.deeplearning4j.datasets.iterator.IteratorMultiDataSetIterator;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.transferlearning.FineTuneConfiguration;
import org.deeplearning4j.nn.transferlearning.TransferLearning;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.evaluation.regression.RegressionEvaluation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

/** Proves that fast graphs compute what DL4J's graphs of the same layers do. */
class FastGraphTest {

    /** Relative, in double precision. */
    private static final double EXACT = 1e-9;

    private static final long SEED = 11;

    private final RandomGraph random = new RandomGraph(SEED);
    private ComputationGraph plain;
    private FastGraph fast;
    private MultiDataSet data;

    @BeforeEach
    void make() {
        make(random);
    }

    private void make(RandomGraph graph) {
        ComputationGraphConfiguration configuration = graph.configuration();
        plain = new ComputationGraph(configuration.clone());
        plain.init();
        fast = new FastGraph(configuration);
        fast.init(plain.params().dup(), false);
        Nd4j.getRandom().setSeed(SEED);
        data = batch(graph, 3);
    }

    private static MultiDataSet batch(RandomGraph graph, int size) {
        INDArray[] labels = {Nd4j.randn(DataType.DOUBLE, size, 3)};
        return new MultiDataSet(graph.features(size), labels);
    }

    static LongStream seeds() {
        return LongStream.rangeClosed(1, 50);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void trainsAndPredictsAsThePlainGraph(long seed) {
        RandomGraph graph = new RandomGraph(seed);
        make(graph);
        assertTrue(
                new Training(fast.clone())
                        .computeGradientAndScore(data.getFeatures(), data.getLabels())
                        .isPresent(),
                "is planned");
        for (int size : new int[] {3, 2}) {
            data = batch(graph, size);
            assertSame();
            plain.fit(data);
            fast.fit(data);
            assertEquals(1, fast.score() / plain.score(), EXACT, "score of the step");
            assertClose(
                    plain.getFlattenedGradients(), fast.getFlattenedGradients(), "Adam's update");
            assertClose(plain.params(), fast.params(), "parameters");
        }
        assertSame();
        assertEquals(plain.getIterationCount(), fast.getIterationCount());
    }

    private void assertSame() {
        INDArray[] features = data.getFeatures();
        assertClose(plain.output(features)[0], fast.output(features)[0], "output");
        assertEquals(1, fast.score(data, false) / plain.score(data, false), EXACT, "score");
    }

    private static void assertClose(INDArray expected, INDArray actual, String what) {
        assertArrayEquals(expected.shape(), actual.shape(), what);
        double scale = expected.norm2Number().doubleValue();
        double difference = expected.sub(actual).norm2Number().doubleValue();
        assertTrue(difference <= EXACT * scale, () -> what + ": " + difference / scale);
    }

    @Test
    void outputFollowsParametersHoweverTheyAreChanged() {
        assertSame();
        String gain = "end1_gain";
        for (Consumer<ComputationGraph> change :
                List.<Consumer<ComputationGraph>>of(
                        graph -> graph.params().muli(1.1),
                        graph -> graph.getParam(gain).putScalar(0, 1 + 1e-12),
                        graph -> graph.setParam(gain, graph.getParam(gain).mul(2)),
                        graph -> graph.setParams(graph.params().dup().negi()),
                        graph -> graph.getLayer("end1").paramTable().get("gain").assign(3))) {
            INDArray before = fast.output(data.getFeatures())[0];
            change.accept(plain);
            change.accept(fast);
            assertNotEquals(0, before.distance1(fast.output(data.getFeatures())[0]));
            assertSame();
        }
    }

    @Test
    void frozenGraphKeepsItsWeights() {
        FrozenGraph frozen = fast.freeze();
        INDArray before = frozen.output(data.getFeatures())[0];
        assertClose(plain.output(data.getFeatures())[0], before, "frozen");
        fast.fit(data);
        assertEquals(before, frozen.output(data.getFeatures())[0]);
        assertNotEquals(before, fast.output(data.getFeatures())[0]);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 3, 5, 6})
    void evaluatesAsThePlainGraph(long seed) {
        make(new RandomGraph(seed));
        double expected = meanSquaredError(plain);
        assertEquals(1, meanSquaredError(fast) / expected, EXACT);
    }

    private double meanSquaredError(ComputationGraph graph) {
        // Two batches, each of them in DL4J's workspace of outputs.
        List<org.nd4j.linalg.dataset.api.MultiDataSet> twice = List.of(data, data);
        return graph
                .doEvaluation(
                        new IteratorMultiDataSetIterator(twice.iterator(), 3),
                        new RegressionEvaluation())[0]
                .averageMeanSquaredError();
    }

    @Test
    void frozenPartsAreLeftAlone() {
        ComputationGraph frozen =
                new TransferLearning.GraphBuilder(plain)
                        .fineTuneConfiguration(
                                new FineTuneConfiguration.Builder().updater(new Adam(.1)).build())
                        .setFeatureExtractor("v4")
                        .build();
        plain = frozen.convertDataType(DataType.DOUBLE); // DL4J (M2.1) has made it FLOAT
        fast = FastGraph.of(plain.clone());
        assertSame();
        assertClose(
                plain.output(data.getFeatures())[0],
                fast.freeze().output(data.getFeatures())[0],
                "frozen");
        plain.fit(data);
        fast.fit(data);
        assertClose(plain.params(), fast.params(), "parameters");
        assertSame();
    }

    @Test
    void listenersOfActivationsGetThem() {
        Set<String> seen = new HashSet<>();
        fast.setListeners(
                new BaseTrainingListener() {
                    @Override
                    public void onForwardPass(Model model, Map<String, INDArray> activations) {
                        seen.addAll(activations.keySet());
                    }
                });
        plain.fit(data);
        fast.fit(data);
        assertTrue(seen.contains("embedding"), seen::toString);
        assertEquals(plain.params(), fast.params());
    }

    @Test
    void masksAreHeeded() {
        INDArray mask = Nd4j.createFromArray(new double[][] {{1}, {0}, {1}});
        data.setLabelsMaskArray(new INDArray[] {mask});
        plain.fit(data);
        fast.fit(data);
        assertEquals(plain.params(), fast.params());
    }
}
