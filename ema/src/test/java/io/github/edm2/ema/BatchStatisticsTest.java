package io.github.edm2.ema;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.transferlearning.TransferLearning;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.ViewIterator;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.linalg.ops.transforms.Transforms;

/** Recalibrated statistics are those of all data, computed directly. */
class BatchStatisticsTest {

    private static final double TOLERANCE = 1e-5;
    private static final int BATCHES = 3;

    private static NeuralNetConfiguration.Builder builder(WorkspaceMode workspaces) {
        return new NeuralNetConfiguration.Builder()
                .seed(3)
                .updater(new Adam(0.05))
                .trainingWorkspaceMode(workspaces)
                .inferenceWorkspaceMode(workspaces);
    }

    private static DenseLayer dense(int in) {
        return new DenseLayer.Builder()
                .nIn(in)
                .nOut(5)
                .activation(Activation.IDENTITY)
                .dropOut(0.5)
                .build();
    }

    private static BatchNormalization norm(boolean logStd) {
        return new BatchNormalization.Builder().useLogStd(logStd).build();
    }

    private static OutputLayer output() {
        return new OutputLayer.Builder(LossFunction.MSE)
                .activation(Activation.IDENTITY)
                .nOut(2)
                .build();
    }

    private static MultiLayerNetwork network(boolean logStd, WorkspaceMode workspaces) {
        MultiLayerNetwork net =
                new MultiLayerNetwork(
                        builder(workspaces)
                                .list()
                                .layer(dense(16))
                                .layer(norm(logStd))
                                .layer(dense(5))
                                .layer(norm(logStd))
                                .layer(output())
                                .setInputType(InputType.feedForward(16))
                                .build());
        net.init();
        return net;
    }

    /** Batches of 8, 8 and 4. */
    private static DataSetIterator data(boolean images) {
        DataSet all = all(images);
        return new ViewIterator(all, Models.BATCH);
    }

    private static DataSet all(boolean images) {
        DataSet merged = DataSet.merge(Models.data(BATCHES, images));
        return new DataSet(
                merged.getFeatures()
                        .get(NDArrayIndex.interval(0, merged.numExamples() - 4))
                        .mul(3)
                        .add(1),
                merged.getLabels().get(NDArrayIndex.interval(0, merged.numExamples() - 4)));
    }

    private static DataSet example(DataSet all) {
        return new DataSet(all.getFeatures().getRows(1), all.getLabels().getRows(1));
    }

    private static INDArray variance(INDArray stored, boolean logStd) {
        return logStd ? Transforms.pow(Nd4j.onesLike(stored).muli(10), stored.mul(2)) : stored;
    }

    private static void assertNear(INDArray expected, INDArray actual) {
        double largest = expected.castTo(DataType.DOUBLE).sub(actual).amaxNumber().doubleValue();
        assertTrue(
                largest <= TOLERANCE * Math.max(1, expected.amaxNumber().doubleValue()),
                () -> expected + " but got " + actual);
    }

    @ParameterizedTest
    @CsvSource({"false, ENABLED", "true, ENABLED", "false, NONE", "true, NONE"})
    void statisticsOfANetworkAreThoseOfAllData(boolean logStd, WorkspaceMode workspaces) {
        MultiLayerNetwork net = network(logStd, workspaces);
        EmaTracker tracker = EmaTracker.of(net, 0.1);
        for (int i = 1; i <= 5; i++) {
            net.fit(data(false));
            tracker.update((long) i * all(false).numExamples());
        }
        Weights average = tracker.average(0.1);
        INDArray training = net.params().dup();

        AveragedWeights.with(
                net,
                average,
                () -> {
                    BatchStatistics.recalibrate(net, data(false));
                    INDArray seen = all(false).getFeatures();
                    for (int layer = 0; layer < 4; layer += 2) {
                        int norm = layer + 1;
                        INDArray before =
                                seen.mmul(average.get(layer + "_W"))
                                        .addRowVector(average.get(layer + "_b"));
                        INDArray mean = before.mean(0);
                        INDArray variance = before.var(false, 0);
                        assertNear(mean, net.getParam(norm + "_mean"));
                        assertNear(
                                variance,
                                variance(
                                        net.getParam(norm + (logStd ? "_log10stdev" : "_var")),
                                        logStd));
                        assertEquals(average.get(norm + "_gamma"), net.getParam(norm + "_gamma"));
                        seen =
                                before.subRowVector(mean)
                                        .divRowVector(Transforms.sqrt(variance.add(1e-5)))
                                        .mulRowVector(average.get(norm + "_gamma"))
                                        .addRowVector(average.get(norm + "_beta"));
                    }
                    assertEquals(average.get("2_W"), net.getParam("2_W"));
                    return null;
                });
        assertEquals(training, net.params());
    }

    @ParameterizedTest
    @EnumSource(CNN2DFormat.class)
    void statisticsOfAGraphAreThoseOfAllData(CNN2DFormat format) {
        ComputationGraph graph =
                new ComputationGraph(
                        builder(WorkspaceMode.ENABLED)
                                .graphBuilder()
                                .addInputs("in")
                                .setInputTypes(InputType.convolutional(4, 4, 1, format))
                                .addLayer(
                                        "conv",
                                        new ConvolutionLayer.Builder(3, 3)
                                                .nOut(3)
                                                .dataFormat(format)
                                                .build(),
                                        "in")
                                .addLayer("norm", norm(true), "conv")
                                .addLayer("dense", dense(12), "norm")
                                .addLayer("norm2", norm(false), "dense")
                                .addLayer("out", output(), "norm2")
                                .setOutputs("out")
                                .build());
        graph.init();
        DataSet all = all(true);
        boolean nhwc = format == CNN2DFormat.NHWC;
        if (nhwc) {
            all.setFeatures(all.getFeatures().permute(0, 2, 3, 1).dup());
        }
        DataSetIterator data = new ViewIterator(all, Models.BATCH);
        graph.fit(data);

        BatchStatistics.recalibrate(graph, data);

        var seen = graph.feedForward(all.getFeatures(), false);
        int[] others = nhwc ? new int[] {0, 1, 2} : new int[] {0, 2, 3};
        assertNear(seen.get("conv").mean(others), graph.getParam("norm_mean"));
        assertNear(
                seen.get("conv").var(false, others),
                variance(graph.getParam("norm_log10stdev"), true));
        assertNear(seen.get("dense").mean(0), graph.getParam("norm2_mean"));
        assertNear(seen.get("dense").var(false, 0), graph.getParam("norm2_var"));
        INDArray batches = graph.params().dup();
        BatchStatistics.recalibrate(graph, new ViewIterator(all, 1));
        assertNear(batches, graph.params());
        graph.fit(data);
        assertTrue(Double.isFinite(graph.score()));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void channelThatNeverChangesCanStillBeTrained(boolean logStd) {
        MultiLayerNetwork net = network(logStd, WorkspaceMode.ENABLED);
        net.getParam("0_W").assign(0);
        BatchStatistics.recalibrate(net, data(false));
        assertTrue(Double.isFinite(net.params().sumNumber().doubleValue()));
        net.fit(data(false));
        assertTrue(Double.isFinite(net.params().sumNumber().doubleValue()));
        assertTrue(Double.isFinite(net.score(all(false))));
    }

    @Test
    void frozenLayersKeepTheirStatistics() {
        MultiLayerNetwork frozen =
                new TransferLearning.Builder(network(false, WorkspaceMode.ENABLED))
                        .setFeatureExtractor(1)
                        .build();
        BatchStatistics.recalibrate(frozen, data(false));
        assertEquals(Nd4j.zeros(DataType.FLOAT, 5), frozen.getParam("1_mean"));
        assertTrue(frozen.getParam("3_mean").amaxNumber().doubleValue() > 0);
    }

    @Test
    void whatCannotBeRecalibratedIsRefusedAndNothingChanges() {
        MultiLayerNetwork plain = Models.network(WorkspaceMode.ENABLED, DataType.FLOAT);
        assertThrows(
                IllegalArgumentException.class,
                () -> BatchStatistics.recalibrate(plain, data(false)));

        MultiLayerNetwork net = network(false, WorkspaceMode.ENABLED);
        INDArray before = net.params().dup();
        DataSet broken = all(false);
        broken.getFeatures().putScalar(3, Float.NaN);
        for (DataSet data : List.of(broken, example(broken))) {
            String message =
                    assertThrows(
                                    IllegalArgumentException.class,
                                    () ->
                                            BatchStatistics.recalibrate(
                                                    net, new ViewIterator(data, Models.BATCH)))
                            .getMessage();
            assertTrue(message.contains("layer"), message);
            assertEquals(before, net.params());
        }
    }
}
