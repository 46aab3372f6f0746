package io.github.edm2.layers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.function.Consumer;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.StackVertex;
import org.deeplearning4j.nn.conf.graph.UnstackVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * Proves that a fast graph leaves to DL4J what it has no plan for, with DL4J's numbers and words.
 */
class FastGraphFallbackTest {

    private ComputationGraph plain;
    private FastGraph fast;

    private void make(DataType type, Consumer<GraphBuilder> layers) {
        GraphBuilder graph =
                new NeuralNetConfiguration.Builder()
                        .seed(1)
                        .dataType(type)
                        .updater(new Sgd(.1))
                        .graphBuilder();
        layers.accept(graph);
        ComputationGraphConfiguration configuration = graph.build();
        plain = new ComputationGraph(configuration.clone());
        plain.init();
        fast = new FastGraph(configuration);
        fast.init(plain.params().dup(), false);
    }

    private static INDArray random(long... shape) {
        return Nd4j.randn(DataType.DOUBLE, shape);
    }

    private static LossLayer loss() {
        return new LossLayer.Builder(LossFunction.MSE).activation(Activation.IDENTITY).build();
    }

    private void assertSameScoreAndFit(MultiDataSet data) {
        assertEquals(plain.score(data, false), fast.score(data, false), 1e-9);
        assertEquals(plain.output(data.getFeatures())[0], fast.output(data.getFeatures())[0]);
        plain.fit(data);
        fast.fit(data);
        assertEquals(plain.params(), fast.params());
    }

    @Test
    void verticesThatChangeTheNumberOfExamples() {
        make(
                DataType.DOUBLE,
                graph ->
                        graph.addInputs("a", "b")
                                .setInputTypes(InputType.feedForward(3), InputType.feedForward(3))
                                .addVertex("both", new StackVertex(), "a", "b")
                                .addLayer("linear", new MpLinear.Builder().nOut(2).build(), "both")
                                .addVertex("first", new UnstackVertex(0, 2), "linear")
                                .addVertex("second", new UnstackVertex(1, 2), "linear")
                                .addVertex("sum", new MpSum(.5), "first", "second")
                                .addLayer("loss", loss(), "sum")
                                .setOutputs("loss"));
        INDArray[] inputs = {random(4, 3), random(4, 3)};
        assertSameScoreAndFit(new MultiDataSet(inputs, new INDArray[] {random(4, 2)}));
    }

    /** DL4J's dense layer takes the images as vectors, by a preprocessor. */
    @Test
    void layersWithPreProcessors() {
        make(
                DataType.DOUBLE,
                graph ->
                        graph.addInputs("x")
                                .setInputTypes(InputType.convolutional(4, 4, 2))
                                .addLayer("c", new MpConvolution.Builder(3).nOut(3).build(), "x")
                                .addLayer("dense", new DenseLayer.Builder().nOut(5).build(), "c")
                                .addLayer(
                                        "out",
                                        new OutputLayer.Builder(LossFunction.MSE).nOut(2).build(),
                                        "dense")
                                .setOutputs("out"));
        INDArray x = random(3, 2, 4, 4);
        assertEquals(plain.output(x)[0], fast.freeze().output(x)[0]);
        assertSameScoreAndFit(new MultiDataSet(new INDArray[] {x}, new INDArray[] {random(3, 2)}));
    }

    @Test
    void inputsOfDifferentBatchesOrNone() {
        make(
                DataType.DOUBLE,
                graph ->
                        graph.addInputs("x", "c")
                                .setInputTypes(
                                        InputType.convolutional(4, 4, 2), InputType.feedForward(2))
                                .addVertex("modulated", new Modulation(), "x", "c")
                                .addLayer(
                                        "flat", new MpLinear.Builder().nOut(2).build(), "modulated")
                                .addLayer("loss", loss(), "flat")
                                .setOutputs("loss"));
        for (long[] batches : new long[][] {{3, 1}, {1, 3}, {3, 2}, {0, 0}}) {
            INDArray x = Nd4j.create(DataType.DOUBLE, batches[0], 2, 4, 4);
            INDArray c = Nd4j.create(DataType.DOUBLE, batches[1], 2);
            assertSameFailure(graph -> graph.output(x, c));
            assertSameFailure(
                    graph ->
                            graph.score(
                                    new MultiDataSet(
                                            new INDArray[] {x, c}, new INDArray[] {random(3, 2)}),
                                    false));
        }
        INDArray alone = random(3, 2, 4, 4);
        assertSameFailure(graph -> graph.output(alone));
        assertSameFailure(graph -> graph.output(Nd4j.scalar(1.0), Nd4j.scalar(1.0)));
    }

    private void assertSameFailure(Consumer<ComputationGraph> call) {
        Throwable expected = assertThrows(Throwable.class, () -> call.accept(plain));
        Throwable actual = assertThrows(Throwable.class, () -> call.accept(fast));
        assertEquals(expected.getClass(), actual.getClass());
        assertEquals(expected.getMessage(), actual.getMessage());
    }

    @Test
    void halfPrecision() {
        make(
                DataType.FLOAT16,
                graph ->
                        graph.addInputs("x")
                                .setInputTypes(InputType.feedForward(3))
                                .addLayer("linear", new MpLinear.Builder().nOut(2).build(), "x")
                                .addLayer("loss", loss(), "linear")
                                .setOutputs("loss"));
        INDArray x = random(4, 3).castTo(DataType.FLOAT16);
        for (int i = 0; i < 2; i++) {
            assertEquals(plain.output(x)[0], fast.output(x)[0]);
            assertFalse(fast.output(x)[0].isNaN().any());
        }
    }
}
