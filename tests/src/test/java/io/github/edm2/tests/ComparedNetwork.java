package io.github.edm2.tests;

import io.github.edm2.ema.EmaTracker;
import io.github.edm2.models.Edm2;
import io.github.edm2.models.diffusion.LearningRateSchedule;
import io.github.edm2.models.diffusion.NoisePreProcessor;
import io.github.edm2.models.sampling.Denoiser;
import io.github.edm2.models.sampling.HeunSampler;
import io.github.edm2.models.training.FiniteAdam;
import io.github.edm2.models.training.MicroBatches;
import io.github.edm2.models.unet.FrozenNetwork;
import io.github.edm2.models.unet.NetworkOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

/** This project's side of a {@link Comparison}: the same tasks as the PyTorch program beside it. */
final class ComparedNetwork implements Comparison.Side {

    private static final int SAMPLING_STEPS = 18;

    private final NetworkOptions options;
    private final ComputationGraph graph;
    private final FrozenNetwork frozen;
    private final EmaTracker tracker;
    private final Map<Integer, Runnable> trainings = new HashMap<>();
    private long images;

    ComparedNetwork(NetworkOptions options) {
        this.options = options;
        graph =
                Edm2.builder()
                        .options(options)
                        .updater(new FiniteAdam(new LearningRateSchedule(1e-3, 0, 0, 1)))
                        .build()
                        .init();
        frozen = new FrozenNetwork(options, graph);
        tracker = EmaTracker.of(graph, 0.05, 0.10);
    }

    NetworkOptions options() {
        return options;
    }

    ComputationGraph graph() {
        return graph;
    }

    @Override
    public double run(String task, int batch) throws IOException {
        return switch (task) {
            case "forward" -> seconds(forwardOf(batch));
            case "sample" -> sample(batch);
            case "train" -> seconds(trainings.computeIfAbsent(batch, this::trainOf));
            case "ema" -> ema();
            case "memory" -> memory();
            default -> throw new IllegalArgumentException(task);
        };
    }

    /**
     * A task that can be profiled, its arguments being made already.
     *
     * @param task {@code forward} or {@code train}
     */
    Runnable task(String task, int batch) {
        return switch (task) {
            case "forward" -> forwardOf(batch);
            case "train" -> trainOf(batch);
            default -> throw new IllegalArgumentException("forward or train, got " + task);
        };
    }

    private INDArray images(int batch) {
        int size = options.getImgResolution();
        return Nd4j.randn(DataType.FLOAT, batch, options.getImgChannels(), size, size);
    }

    private INDArray labels(int batch) {
        if (options.getLabelDim() == 0) {
            return null;
        }
        int[] rows = new int[batch];
        Arrays.setAll(rows, i -> i % options.getLabelDim());
        return Nd4j.eye(options.getLabelDim()).castTo(DataType.FLOAT).getRows(rows);
    }

    private Runnable forwardOf(int batch) {
        Denoiser denoiser = Denoiser.of(frozen, labels(batch));
        INDArray x = images(batch);
        return () -> denoiser.denoise(x, 1);
    }

    private double sample(int batch) {
        Denoiser denoiser = Denoiser.of(frozen, labels(batch));
        INDArray noise = images(batch);
        HeunSampler sampler = HeunSampler.builder().steps(SAMPLING_STEPS).build();
        return seconds(() -> sampler.sample(denoiser, noise));
    }

    private Runnable trainOf(int batch) {
        INDArray clean = images(batch);
        INDArray labels = labels(batch);
        MultiDataSet data =
                new MultiDataSet(
                        labels == null ? new INDArray[] {clean} : new INDArray[] {clean, labels},
                        new INDArray[] {clean});
        NoisePreProcessor noise = new NoisePreProcessor(-0.4, 1, 0, 0);
        noise.addNoise(data, Nd4j.randn(DataType.FLOAT, batch, 1), images(batch));
        MicroBatches step = new MicroBatches(options, graph, batch);
        return () -> step.fit(data);
    }

    private double ema() {
        images += 64;
        return seconds(() -> tracker.update(images));
    }

    private static double seconds(Runnable task) {
        long start = System.nanoTime();
        task.run();
        return (System.nanoTime() - start) / 1e9;
    }

    /** Peak resident memory in bytes, as Linux tells it. */
    private static double memory() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("VmHWM:"))
                .mapToDouble(line -> Double.parseDouble(line.replaceAll("\\D", "")) * 1024)
                .findFirst()
                .orElse(Double.NaN);
    }
}
