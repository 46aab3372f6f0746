package io.github.edm2.layers;

import java.util.Arrays;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.memory.MemoryReport;
import org.deeplearning4j.nn.conf.memory.MemoryType;
import org.deeplearning4j.nn.conf.memory.MemoryUseMode;
import org.deeplearning4j.nn.conf.preprocessor.CnnToFeedForwardPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToCnnPreProcessor;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** What the layers tell DL4J about themselves: types, sizes, memory, preprocessors. */
class ConfigurationTest {

    static Stream<Specimen> specimens() {
        return Specimen.all();
    }

    @ParameterizedTest
    @MethodSource("specimens")
    void declaredOutputTypeIsTheShapeThatComesOut(Specimen specimen) {
        ComputationGraph network = network(specimen);
        INDArray[] inputs = specimen.inputs(DataType.FLOAT);
        INDArray out = network.feedForward(inputs, false).get(Specimen.OPERATION);
        InputType declared =
                network.getConfiguration()
                        .getLayerActivationTypes(specimen.inputTypes().toArray(InputType[]::new))
                        .get(Specimen.OPERATION);
        long[] expected = declared.getShape(true);
        expected[0] = Specimen.BATCH;
        Assertions.assertArrayEquals(expected, out.shape(), () -> "declared " + declared);
    }

    @ParameterizedTest
    @MethodSource("specimens")
    void memoryReportCountsParametersAndUpdater(Specimen specimen) {
        ComputationGraph network = network(specimen);
        InputType[] types = specimen.inputTypes().toArray(InputType[]::new);
        MemoryReport report;
        long parameters = 0;
        Object operation = network.getConfiguration().getVertices().get(Specimen.OPERATION);
        if (network.getLayer(Specimen.OPERATION) != null) {
            Layer layer = network.getLayer(Specimen.OPERATION).conf().getLayer();
            parameters = network.getLayer(Specimen.OPERATION).numParams();
            report =
                    layer.getMemoryReport(
                            specimen.name().contains("linear of im")
                                    ? InputType.feedForward(types[0].arrayElementsPerExample())
                                    : types[0]);
        } else {
            report = ((GraphVertex) operation).getMemoryReport(types);
        }
        long bytes = DataType.FLOAT.width();
        Assertions.assertEquals(
                parameters * bytes,
                report.getMemoryBytes(
                        MemoryType.PARAMETERS, 1, MemoryUseMode.TRAINING, null, DataType.FLOAT));
        Assertions.assertEquals(
                2 * parameters * bytes, // Adam
                report.getMemoryBytes(
                        MemoryType.UPDATER_STATE, 1, MemoryUseMode.TRAINING, null, DataType.FLOAT));
        Assertions.assertTrue(
                network.getConfiguration().getMemoryReport(types).toString().length() > 0);
    }

    @ParameterizedTest
    @MethodSource("specimens")
    void summaryNamesTheOperationAndItsParameters(Specimen specimen) {
        ComputationGraph network = network(specimen);
        String summary = network.summary(specimen.inputTypes().toArray(InputType[]::new));
        String line =
                Arrays.stream(summary.split("\n"))
                        .filter(l -> l.startsWith(Specimen.OPERATION + " "))
                        .findFirst()
                        .orElseThrow();
        if (network.getLayer(Specimen.OPERATION) != null) {
            long parameters = network.getLayer(Specimen.OPERATION).numParams();
            Assertions.assertTrue(line.contains("%,d".formatted(parameters)), line);
        }
        Assertions.assertTrue(
                summary.contains("%,d".formatted(network.numParams())), "total parameters");
    }

    @Test
    void parametersAreWeightsAndOneGain() {
        MpConvolution convolution = new MpConvolution.Builder(3).nIn(5).nOut(7).build();
        Assertions.assertEquals(5 * 7 * 9, convolution.initializer().numParams(convolution));
        MpLinear linear = new MpLinear.Builder().nIn(5).nOut(7).learnedGain(0).build();
        Assertions.assertEquals(5 * 7 + 1, linear.initializer().numParams(linear));
    }

    @Test
    void weightsStartWithUnitVarianceAndGainsAsTold() {
        MpConvolution layer =
                new MpConvolution.Builder(3).nIn(32).nOut(32).learnedGain(.25).build();
        ComputationGraph network =
                new ComputationGraph(
                        new NeuralNetConfiguration.Builder()
                                .seed(3)
                                .graphBuilder()
                                .addInputs("in")
                                .addLayer("layer", layer, "in")
                                .setOutputs("layer")
                                .build());
        network.init();
        INDArray weights = network.getLayer("layer").getParam(MpWeightLayer.WEIGHT_KEY);
        Assertions.assertEquals(0, weights.meanNumber().doubleValue(), .05);
        Assertions.assertEquals(1, weights.stdNumber().doubleValue(), .05);
        Assertions.assertEquals(
                .25, network.getLayer("layer").getParam(MpWeightLayer.GAIN_KEY).getDouble(0));
    }

    /** Flat images to a convolution, images to a linear layer; nIn everywhere inferred. */
    @Test
    void multiLayerNetworkInfersSizesAndAddsPreprocessors() {
        MultiLayerNetwork network = multiLayerNetwork();
        MultiLayerConfiguration conf = network.getLayerWiseConfigurations();
        Assertions.assertInstanceOf(FeedForwardToCnnPreProcessor.class, conf.getInputPreProcess(0));
        Assertions.assertInstanceOf(CnnToFeedForwardPreProcessor.class, conf.getInputPreProcess(4));
        MpLinear linear = (MpLinear) network.getLayer(4).conf().getLayer();
        Assertions.assertEquals(6 * 4 * 4, linear.getNIn());

        INDArray features = Specimen.random(DataType.FLOAT, 1, 5, 64);
        INDArray labels = Nd4j.eye(5).castTo(DataType.FLOAT);
        network.fit(features, labels);
        double first = network.score();
        for (int i = 0; i < 20; i++) {
            network.fit(features, labels);
        }
        Assertions.assertTrue(network.score() < first / 2, first + " to " + network.score());
        MultiLayerConfiguration restored = MultiLayerConfiguration.fromJson(conf.toJson());
        Assertions.assertEquals(conf, restored);
        Assertions.assertTrue(network.summary().contains("%,d".formatted(network.numParams())));
    }

    /** A function of images may come first, too. */
    @Test
    void imageFunctionsAddThePreprocessorOfFlatImages() {
        for (Layer layer :
                new Layer[] {
                    new PixelNorm.Builder().build(),
                    new Resample.Builder(Resample.Direction.UP).build(),
                    new CosineAttention.Builder(1).build()
                }) {
            MultiLayerConfiguration conf =
                    new NeuralNetConfiguration.Builder()
                            .list()
                            .layer(layer)
                            .layer(new OutputLayer.Builder().nOut(2).build())
                            .setInputType(InputType.convolutionalFlat(4, 4, 3))
                            .build();
            Assertions.assertInstanceOf(
                    FeedForwardToCnnPreProcessor.class, conf.getInputPreProcess(0));
        }
    }

    private static MultiLayerNetwork multiLayerNetwork() {
        MultiLayerNetwork network =
                new MultiLayerNetwork(
                        new NeuralNetConfiguration.Builder()
                                .seed(5)
                                .updater(new Adam(.02))
                                .list()
                                .layer(new MpConvolution.Builder(3).nOut(6).build())
                                .layer(new PixelNorm.Builder().build())
                                .layer(new MpSiluLayer.Builder().build())
                                .layer(new Resample.Builder(Resample.Direction.DOWN).build())
                                .layer(new MpLinear.Builder().nOut(8).build())
                                .layer(
                                        new OutputLayer.Builder(LossFunction.MCXENT)
                                                .nOut(5)
                                                .activation(Activation.SOFTMAX)
                                                .build())
                                .setInputType(InputType.convolutionalFlat(8, 8, 1))
                                .build());
        network.init();
        return network;
    }

    private static ComputationGraph network(Specimen specimen) {
        return specimen.network(DataType.FLOAT, WorkspaceMode.ENABLED, new Adam(.01), true);
    }
}
