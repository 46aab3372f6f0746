package io.github.edm2.layers;

import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.CnnLossLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** The gradients of every layer and vertex equal finite differences. */
class GradientCheckTest {

    private static final DataType DOUBLE = DataType.DOUBLE;

    static Stream<Specimen> specimens() {
        return Specimen.all();
    }

    @ParameterizedTest
    @MethodSource("specimens")
    void gradientsEqualFiniteDifferences(Specimen specimen) {
        for (WorkspaceMode workspaces :
                new WorkspaceMode[] {WorkspaceMode.ENABLED, WorkspaceMode.NONE}) {
            ComputationGraph network = specimen.network(DOUBLE, workspaces, new NoOp(), false);
            for (ComputationGraph face : new ComputationGraph[] {network, FastGraph.of(network)}) {
                GradientCheck.assertGradients(
                        face, specimen.inputs(DOUBLE), specimen.labels(network, DOUBLE));
            }
        }
    }

    /** DL4J lets the only consumer of an array apply its dropout in place. */
    @Test
    void layersSurviveThatTheNextLayerDropsTheirOutputOut() {
        Layer[] layers = {
            new PixelNorm.Builder().build(),
            new Clip.Builder().limit(.3).build(),
            new MpSiluLayer.Builder().build(),
            new Resample.Builder(Resample.Direction.DOWN).build(),
            new CosineAttention.Builder(1).build(),
            new MpConvolution.Builder(3)
                    .nOut(3)
                    .activation(new MpSilu())
                    .forcedNormalization(false)
                    .build()
        };
        for (Layer layer : layers) {
            GraphBuilder graph = imageGraph().addLayer("layer", layer, "front");
            check(graph.addLayer("next", stockConvolutionOfDropout(), "layer"), "next");
        }
    }

    /**
     * DL4J also lets the last of several consumers apply its dropout in place, when the others have
     * yet to use the array in their backward passes.
     */
    @Test
    void dropoutOfOneConsumerLeavesTheInputOfTheOthersAlone() {
        GraphBuilder graph =
                imageGraph()
                        .addLayer("a", convolution().build(), "front")
                        .addLayer("b", convolution().dropOut(.6).build(), "front")
                        .addVertex("sum", new MpSum(.4), "a", "b");
        check(graph, "sum");
    }

    /** Epsilons of several consumers are added in place, so that none may be the same array. */
    @Test
    void consumersOfOneArrayAddTheirGradients() {
        GraphBuilder graph =
                imageGraph()
                        .addLayer("a", convolution().build(), "front")
                        .addLayer("norm", new PixelNorm.Builder().build(), "front")
                        .addVertex("sum", new MpSum(.4), "a", "norm")
                        .addVertex("concat", new MpConcat(.4), "sum", "front")
                        .addVertex("twice", new MpSum(.4), "concat", "concat");
        check(graph, "twice");
    }

    private static MpConvolution.Builder convolution() {
        return new MpConvolution.Builder(3).nOut(3).forcedNormalization(false);
    }

    private static Layer stockConvolutionOfDropout() {
        return new ConvolutionLayer.Builder(1, 1).nOut(2).dropOut(.6).build();
    }

    private static GraphBuilder imageGraph() {
        return new NeuralNetConfiguration.Builder()
                .seed(11)
                .dataType(DOUBLE)
                .updater(new NoOp())
                .graphBuilder()
                .addInputs("in")
                .setInputTypes(InputType.convolutional(4, 2, 2))
                .addLayer(
                        "front",
                        new ConvolutionLayer.Builder(1, 1)
                                .nOut(3)
                                .activation(Activation.TANH)
                                .build(),
                        "in");
    }

    private static void check(GraphBuilder graph, String last) {
        graph.addLayer(
                "loss",
                new CnnLossLayer.Builder(LossFunction.MSE).activation(Activation.IDENTITY).build(),
                last);
        ComputationGraph network = new ComputationGraph(graph.setOutputs("loss").build());
        network.init();
        INDArray input = Specimen.random(DOUBLE, 1, 3, 2, 4, 2);
        INDArray labels = Specimen.random(DOUBLE, 2, network.output(input)[0].shape());
        GradientCheck.assertGradients(network, new INDArray[] {input}, new INDArray[] {labels});
    }
}
