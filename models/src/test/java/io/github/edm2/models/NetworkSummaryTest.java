package io.github.edm2.models;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.edm2.layers.MpConvolution;
import io.github.edm2.layers.MpLinear;
import io.github.edm2.layers.MpSiluLayer;
import io.github.edm2.layers.PixelNorm;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.transferlearning.FineTuneConfiguration;
import org.deeplearning4j.nn.transferlearning.TransferLearning;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** The {@code summary()} of a network names the layers and vertices that its user wrote. */
class NetworkSummaryTest {

    @Test
    void graphNamesEveryLayerAndVertex() {
        ComputationGraph graph = TinyNetwork.builder(DataType.FLOAT, 0.1).build().init();
        String summary = graph.summary();
        for (Map.Entry<String, GraphVertex> vertex :
                graph.getConfiguration().getVertices().entrySet()) {
            Object written =
                    vertex.getValue() instanceof LayerVertex layer
                            ? layer.getLayerConf().getLayer()
                            : vertex.getValue();
            String line = "%s (%s)".formatted(vertex.getKey(), written.getClass().getSimpleName());
            assertTrue(summary.contains(line), () -> line + " is not in\n" + summary);
        }
        assertFalse(summary.contains("$"), summary);
    }

    @Test
    void networkOfLayersNamesThem() {
        MultiLayerNetwork network = network();
        for (Layer layer : layers()) {
            String name = "(" + layer.getClass().getSimpleName() + ")";
            assertTrue(network.summary().contains(name), network::summary);
        }
        assertFalse(network.summary().contains("$"), network::summary);
    }

    @Test
    void frozenLayersAreNamed() {
        String summary =
                new TransferLearning.Builder(network())
                        .fineTuneConfiguration(new FineTuneConfiguration.Builder().build())
                        .setFeatureExtractor(3)
                        .build()
                        .summary();
        assertTrue(summary.contains("Frozen MpConvolution"), summary);
        assertFalse(summary.contains("$"), summary);
    }

    private static List<Layer> layers() {
        return List.of(
                new MpConvolution.Builder(3).nOut(4).build(),
                new PixelNorm.Builder().build(),
                new MpSiluLayer.Builder().build(),
                new MpLinear.Builder().nOut(4).build());
    }

    private static MultiLayerNetwork network() {
        NeuralNetConfiguration.ListBuilder builder = new NeuralNetConfiguration.Builder().list();
        layers().forEach(builder::layer);
        MultiLayerNetwork network =
                new MultiLayerNetwork(
                        builder.layer(
                                        new OutputLayer.Builder(LossFunction.MCXENT)
                                                .activation(Activation.SOFTMAX)
                                                .nOut(2)
                                                .build())
                                .setInputType(InputType.convolutional(4, 4, 3))
                                .build());
        network.init();
        return network;
    }
}
