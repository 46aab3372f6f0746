package io.github.edm2.layers;

import java.util.Map;
import java.util.stream.Stream;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.transferlearning.TransferLearning;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.ops.transforms.Transforms;

/** What DL4J does with its own layers, it does with these: every layer and vertex by every verb. */
class VerbsTest {

    private static final DataType[] TYPES = {
        DataType.DOUBLE, DataType.FLOAT16, DataType.UINT8, DataType.INT32
    };

    private static int combinations;

    static Stream<Specimen> specimens() {
        return Stream.concat(Specimen.stock(), Specimen.all());
    }

    static Stream<Arguments> specimensByVerb() {
        return specimens().flatMap(s -> Stream.of(Verb.values()).map(v -> Arguments.of(s, v)));
    }

    static Stream<Specimen> layers() {
        return specimens()
                .filter(
                        s ->
                                s.operation().get()
                                        instanceof org.deeplearning4j.nn.conf.layers.Layer);
    }

    @AfterAll
    static void printCount() {
        System.out.println(combinations + " combinations of layers and verbs");
    }

    @ParameterizedTest
    @MethodSource("specimensByVerb")
    void aCopyComputesWhatTheNetworkComputes(Specimen specimen, Verb verb) throws Exception {
        ComputationGraph network = network(specimen);
        MultiDataSet batch =
                new MultiDataSet(
                        specimen.inputs(DataType.FLOAT), specimen.labels(network, DataType.FLOAT));
        ComputationGraph copy = verb.copy(specimen, network, batch);
        assertSame(network, copy);
        Assertions.assertEquals(
                network.output(batch.getFeatures())[0], copy.output(batch.getFeatures())[0]);
        combinations++;
    }

    @ParameterizedTest
    @MethodSource("layers")
    void aNewHeadKeepsTheLayersOfAMultiLayerNetwork(Specimen specimen) {
        org.deeplearning4j.nn.conf.layers.Layer made =
                (org.deeplearning4j.nn.conf.layers.Layer) specimen.operation().get();
        MultiLayerNetwork network =
                new MultiLayerNetwork(
                        new NeuralNetConfiguration.Builder()
                                .seed(3)
                                .list()
                                .layer(Specimen.front(specimen.inputTypes().get(0)))
                                .layer(made)
                                .layer(specimen.loss(made))
                                .setInputType(specimen.inputTypes().get(0))
                                .build());
        network.init();
        INDArray x = specimen.inputs(DataType.FLOAT)[0];
        INDArray expected = network.output(x);
        for (int frozen = -1; frozen < 2; frozen++) {
            TransferLearning.Builder transfer =
                    new TransferLearning.Builder(network).fineTuneConfiguration(Verb.fineTuning());
            if (frozen >= 0) {
                transfer.setFeatureExtractor(frozen);
            }
            MultiLayerNetwork copy =
                    transfer.removeOutputLayer().addLayer(specimen.loss(made)).build();
            Assertions.assertEquals(expected, copy.output(x));
            combinations++;
        }
    }

    /** Without DL4J's ActivationLayer, which keeps the input's type with every activation. */
    static Stream<Specimen> castingSpecimens() {
        return specimens().filter(s -> !(s.operation().get() instanceof ActivationLayer));
    }

    @ParameterizedTest
    @MethodSource("castingSpecimens")
    void inputsOfAnotherTypeAreCast(Specimen specimen) {
        for (DataType type : TYPES) {
            ComputationGraph cast = FastGraph.of(specimen.networkOfInputs());
            ComputationGraph expected = FastGraph.of(specimen.networkOfInputs());
            INDArray[] of = specimen.inputs(DataType.FLOAT);
            INDArray[] same = new INDArray[of.length];
            for (int i = 0; i < of.length; i++) {
                // Numbers that every type holds.
                of[i] = Transforms.abs(of[i].mul(2)).castTo(DataType.INT32).castTo(type);
                same[i] = of[i].castTo(DataType.FLOAT);
            }
            INDArray labels = Specimen.random(DataType.FLOAT, 2, expected.output(same)[0].shape());
            for (int step = 0; step < 2; step++) {
                Nd4j.getRandom().setSeed(7 + step);
                cast.fit(of, new INDArray[] {labels});
                Nd4j.getRandom().setSeed(7 + step);
                expected.fit(same, new INDArray[] {labels});
            }
            INDArray output = cast.output(of)[0];
            Assertions.assertEquals(DataType.FLOAT, output.dataType());
            Assertions.assertEquals(expected.output(same)[0], output, type.name());
            assertSame(expected, cast);
            combinations++;
        }
    }

    private static ComputationGraph network(Specimen specimen) {
        return FastGraph.of(
                specimen.network(DataType.FLOAT, WorkspaceMode.ENABLED, new Adam(.01), true));
    }

    private static void assertSame(ComputationGraph expected, ComputationGraph actual) {
        for (Layer layer : expected.getLayers()) {
            String name = layer.conf().getLayer().getLayerName();
            Map<String, INDArray> parameters = layer.paramTable();
            if (!parameters.isEmpty()) {
                Assertions.assertEquals(parameters, actual.getLayer(name).paramTable(), name);
            }
        }
    }
}
