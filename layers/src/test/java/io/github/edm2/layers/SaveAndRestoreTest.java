package io.github.edm2.layers;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Adam;

/** Networks with any layer or vertex can be stored, restored, cloned and trained in any mode. */
class SaveAndRestoreTest {

    private static final DataType[] TYPES = {DataType.FLOAT, DataType.DOUBLE};

    static Stream<Specimen> specimens() {
        return Specimen.all();
    }

    @ParameterizedTest
    @MethodSource("specimens")
    void configurationSurvivesJson(Specimen specimen) {
        ComputationGraphConfiguration conf =
                network(specimen, DataType.FLOAT, WorkspaceMode.ENABLED).getConfiguration();
        ComputationGraphConfiguration restored =
                ComputationGraphConfiguration.fromJson(conf.toJson());
        Assertions.assertEquals(conf, restored);
        Assertions.assertEquals(conf.hashCode(), restored.hashCode());
        Assertions.assertEquals(conf, conf.clone());
        Assertions.assertEquals(conf, ComputationGraphConfiguration.fromYaml(conf.toYaml()));
    }

    @ParameterizedTest
    @MethodSource("specimens")
    void restoredNetworkContinuesAsTheOriginal(Specimen specimen, @TempDir Path folder)
            throws IOException {
        for (DataType type : TYPES) {
            ComputationGraph network = network(specimen, type, WorkspaceMode.ENABLED);
            MultiDataSet batch = batch(specimen, network, type);
            train(network, batch, 2);
            Path file = folder.resolve(type + ".zip");
            ModelSerializer.writeModel(network, file.toFile(), true);
            ComputationGraph restored =
                    ModelSerializer.restoreComputationGraph(file.toFile(), true);
            assertSame(network, restored, batch);
            train(network, batch, 1);
            train(restored, batch, 1);
            assertSame(network, restored, batch);
        }
    }

    @ParameterizedTest
    @MethodSource("specimens")
    void cloneContinuesAsTheOriginalAndApartFromIt(Specimen specimen) {
        ComputationGraph network = network(specimen, DataType.FLOAT, WorkspaceMode.ENABLED);
        MultiDataSet batch = batch(specimen, network, DataType.FLOAT);
        train(network, batch, 2);
        ComputationGraph copy = network.clone();
        // DL4J (M2.1) restores it from a file, but does not clone it; Adam depends on it.
        copy.getConfiguration().setIterationCount(network.getIterationCount());
        assertSame(network, copy, batch);
        INDArray before = copy.params().dup();
        train(network, batch, 1);
        Assertions.assertEquals(before, copy.params(), "the original's training changed the copy");
        train(copy, batch, 1);
        assertSame(network, copy, batch);
    }

    @ParameterizedTest
    @MethodSource("specimens")
    void workspacesChangeNothing(Specimen specimen) {
        for (DataType type : TYPES) {
            ComputationGraph with = network(specimen, type, WorkspaceMode.ENABLED);
            ComputationGraph without = network(specimen, type, WorkspaceMode.NONE);
            MultiDataSet batch = batch(specimen, with, type);
            for (int step = 0; step < 3; step++) {
                train(with, batch, 1);
                train(without, batch, 1);
                Assertions.assertEquals(gradients(without), gradients(with), "step " + step);
            }
            assertSame(without, with, batch);
        }
    }

    /** Effective weights are kept between calls; they must follow the batch and the parameters. */
    @ParameterizedTest
    @MethodSource("specimens")
    void nothingOfAnEarlierCallIsLeft(Specimen specimen) {
        ComputationGraph used = network(specimen, DataType.FLOAT, WorkspaceMode.ENABLED);
        ComputationGraph fresh = network(specimen, DataType.FLOAT, WorkspaceMode.ENABLED);
        MultiDataSet batch = batch(specimen, used, DataType.FLOAT);
        INDArray parameters = used.params().dup();
        train(used, batch, 2);
        used.setParams(parameters);
        INDArray[] two = new INDArray[batch.numFeatureArrays()];
        for (int i = 0; i < two.length; i++) {
            two[i] = batch.getFeatures(i).get(NDArrayIndex.interval(0, 2));
        }
        Assertions.assertEquals(fresh.output(two)[0], used.output(two)[0]);
        Assertions.assertEquals(
                fresh.output(batch.getFeatures())[0], used.output(batch.getFeatures())[0]);
    }

    private static ComputationGraph network(
            Specimen specimen, DataType type, WorkspaceMode workspaces) {
        return FastGraph.of(specimen.network(type, workspaces, new Adam(.01), true));
    }

    private static MultiDataSet batch(Specimen specimen, ComputationGraph network, DataType type) {
        return new MultiDataSet(specimen.inputs(type), specimen.labels(network, type));
    }

    private static void train(ComputationGraph network, MultiDataSet batch, int steps) {
        for (int i = 0; i < steps; i++) {
            // The same dropout; seed 0 would give another one each time.
            Nd4j.getRandom().setSeed(1 + network.getIterationCount());
            network.fit(batch);
        }
    }

    private static Map<String, INDArray> gradients(ComputationGraph network) {
        return new TreeMap<>(network.gradient().gradientForVariable());
    }

    private static void assertSame(
            ComputationGraph expected, ComputationGraph actual, MultiDataSet batch) {
        Assertions.assertEquals(expected.params(), actual.params(), "parameters");
        Assertions.assertEquals(
                expected.getUpdater().getUpdaterStateViewArray(),
                actual.getUpdater().getUpdaterStateViewArray(),
                "updater state");
        Assertions.assertEquals(
                expected.output(batch.getFeatures())[0],
                actual.output(batch.getFeatures())[0],
                "output");
    }
}
