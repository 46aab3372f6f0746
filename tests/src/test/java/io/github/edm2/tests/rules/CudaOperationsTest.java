package io.github.edm2.tests.rules;

import io.github.edm2.models.Edm2;
import io.github.edm2.models.TinyNetwork;
import io.github.edm2.models.metrics.FeatureAccumulator;
import io.github.edm2.models.metrics.FeatureStatistics;
import io.github.edm2.models.metrics.FrechetDistance;
import io.github.edm2.models.metrics.KernelDistance;
import io.github.edm2.models.metrics.Manifold;
import io.github.edm2.models.sampling.Denoiser;
import io.github.edm2.models.sampling.HeunSampler;
import io.github.edm2.models.training.MicroBatches;
import io.github.edm2.models.unet.FrozenNetwork;
import io.github.edm2.models.unet.NetworkOptions;
import io.github.edm2.tests.benchmark.OperationRecorder;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Every custom operation that the library executes is in ND4J's CUDA library too. {@code
 * cuda-ops.txt} lists the operations of nd4j-cuda-11.6 1.0.0-M2.1.
 */
class CudaOperationsTest {

    private static final MultiDataSet BATCH = TinyNetwork.batch(DataType.FLOAT, 1);

    @Test
    void computationGraphRunsOnCuda() {
        ComputationGraph graph = model().init();
        Set<String> operations;
        try (OperationRecorder recorder = OperationRecorder.open()) {
            graph.fit(BATCH);
            graph.score(BATCH, false);
            graph.scoreExamples(BATCH, true);
            sample(Denoiser.of(graph, BATCH.getFeatures(2)));
            operations = recorder.customOperations();
        }
        assertOnCuda(operations);
        for (String expected : new String[] {"conv2d", "conv2d_bp", "conv2d_input_bp", "matmul"}) {
            Assertions.assertTrue(operations.contains(expected), expected + " in " + operations);
        }
    }

    @Test
    void frozenNetworkRunsOnCuda() {
        FrozenNetwork frozen = new FrozenNetwork(model().networkOptions(), model().init());
        Set<String> operations;
        try (OperationRecorder recorder = OperationRecorder.open()) {
            sample(Denoiser.of(frozen, BATCH.getFeatures(2)));
            operations = recorder.customOperations();
        }
        assertOnCuda(operations);
        Assertions.assertTrue(operations.contains("conv2d"), operations.toString());
    }

    @Test
    void preparedNetworkRunsOnCuda() {
        Set<String> operations;
        try (OperationRecorder recorder = OperationRecorder.open()) {
            for (double[] filter : new double[][] {{1, 1}, {1, 3, 3, 1}}) {
                NetworkOptions options =
                        model().networkOptions().toBuilder().resampleFilter(filter).build();
                Edm2 model = Edm2.builder().options(options).build();
                new MicroBatches(model.init(), 2).fit(BATCH);
            }
            operations = recorder.customOperations();
        }
        assertOnCuda(operations);
        for (String expected : new String[] {"conv2d_bp", "avgpool2d", "conv2d_input_bp"}) {
            Assertions.assertTrue(operations.contains(expected), expected + " in " + operations);
        }
    }

    @Test
    void sameDiffRunsOnCuda() {
        SameDiff sd = TinyNetwork.trainable(model().initSameDiff());
        Set<String> operations;
        try (OperationRecorder recorder = OperationRecorder.open()) {
            sd.fit(BATCH);
            sample(Denoiser.of(sd, BATCH.getFeatures(2)));
            operations = recorder.customOperations();
        }
        assertOnCuda(operations);
        for (String expected : new String[] {"conv2d", "conv2d_bp", "softmax_bp", "deconv2d"}) {
            Assertions.assertTrue(operations.contains(expected), expected + " in " + operations);
        }
    }

    @Test
    void metricsRunOnCuda() {
        INDArray x = Nd4j.rand(DataType.FLOAT, 20, 4);
        INDArray y = Nd4j.rand(DataType.FLOAT, 30, 4);
        Set<String> operations;
        try (OperationRecorder recorder = OperationRecorder.open()) {
            FrechetDistance.between(statistics(x), statistics(y).plus(statistics(x)));
            KernelDistance.between(x, y, 2, 10, 0);
            Manifold.of(x, y);
            operations = recorder.customOperations();
        }
        assertOnCuda(operations);
        Assertions.assertTrue(operations.contains("matmul"), operations.toString());
    }

    private static FeatureStatistics statistics(INDArray features) {
        FeatureAccumulator accumulator = new FeatureAccumulator(4);
        accumulator.add(features);
        return accumulator.statistics();
    }

    @Test
    void recorderSeesExecutedOperationsWhileItIsOpen() {
        OperationRecorder closed;
        try (OperationRecorder recorder = OperationRecorder.open()) {
            axpy();
            Assertions.assertEquals(Set.of("axpy"), recorder.customOperations());
            closed = recorder;
        }
        Nd4j.ones(2, 2).mmul(Nd4j.ones(2, 2));
        Assertions.assertEquals(Set.of("axpy"), closed.customOperations());
    }

    @Test
    void operationsThatCudaLacksAreNoticed() {
        Assertions.assertThrows(
                AssertionError.class, () -> assertOnCuda(Set.of("conv2d", "no_such_operation")));
    }

    /** Asserts that the CUDA library has all of the operations. */
    static void assertOnCuda(Set<String> operations) {
        Set<String> missing = new TreeSet<>(operations);
        missing.removeAll(cudaOperations());
        Assertions.assertEquals(Set.of(), missing, "operations without a CUDA implementation");
    }

    private static Set<String> cudaOperations() {
        try (BufferedReader lines =
                new BufferedReader(
                        new InputStreamReader(
                                CudaOperationsTest.class.getResourceAsStream("/cuda-ops.txt"),
                                StandardCharsets.UTF_8))) {
            return lines.lines().collect(Collectors.toSet());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Edm2 model() {
        return TinyNetwork.builder(DataType.FLOAT, .2).build();
    }

    private static void sample(Denoiser denoiser) {
        INDArray noise = TinyNetwork.normal(DataType.FLOAT, 2, TinyNetwork.IMAGES);
        HeunSampler sampler = HeunSampler.builder().steps(2).sChurn(1).build();
        sampler.sample(Denoiser.guided(denoiser, denoiser, 2), noise, noise::dup, step -> {});
    }

    private static void axpy() {
        INDArray x = Nd4j.ones(3);
        Nd4j.exec(
                DynamicCustomOp.builder("axpy")
                        .addInputs(x, x)
                        .addOutputs(x)
                        .addFloatingPointArguments(2.0)
                        .build());
    }
}
