package io.github.edm2.tests.benchmark;

import io.github.edm2.ema.EmaTracker;
import io.github.edm2.ema.Snapshot;
import io.github.edm2.ema.SnapshotStore;
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
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

/** This project's side of a {@link Comparison}: the same tasks as the PyTorch program beside it. */
final class ComparedNetwork implements Comparison.Side {

    /** Argument of a process of its own that trains and prints its peak memory. */
    static final String MEMORY = "--memory";

    private static final int SAMPLING_STEPS = 18;
    private static final int SNAPSHOTS = 4;
    private static final int IMAGES_PER_UPDATE = 64;

    /** Steps after which a training has all its memory. */
    private static final int MEMORY_STEPS = 5;

    private static final int READ_BYTES = 1 << 20;

    /** Time in which ND4J frees what the collector has found. */
    private static final long RELEASE_NANOS = 50_000_000;

    private final String size;
    private final NetworkOptions options;
    private final ComparisonFiles files;
    private final ComputationGraph graph;
    private final Map<Integer, Runnable> outputs = new HashMap<>();
    private final Map<Integer, Runnable> trainings = new HashMap<>();
    private final Map<Integer, Runnable> fits = new HashMap<>();
    private FrozenNetwork frozen;
    private EmaTracker tracker;
    private SnapshotStore store;
    private long images;

    /**
     * @param size name of the options
     * @param files where weights and snapshots are; null if only {@link #task} is needed
     */
    ComparedNetwork(String size, NetworkOptions options, ComparisonFiles files) {
        this.size = size;
        this.options = options;
        this.files = files;
        graph =
                Edm2.builder()
                        .options(options)
                        .updater(new FiniteAdam(new LearningRateSchedule(1e-3, 0, 0, 1)))
                        .build()
                        .init();
    }

    ComputationGraph graph() {
        return graph;
    }

    @Override
    public double run(String task, int batch) throws IOException {
        return switch (task) {
            case "forward" -> seconds(forwardOf(batch));
            case "sample" -> sample(batch);
            case "output" -> seconds(outputs.computeIfAbsent(batch, this::outputOf));
            case "train" -> seconds(trainings.computeIfAbsent(batch, this::trainOf));
            case "fit" -> seconds(fits.computeIfAbsent(batch, this::fitOf));
            case "ema" -> ema();
            case "reconstruct" -> reconstruct();
            case "evict" -> evict();
            case "read" -> read();
            case "start" -> start();
            case "memory" -> memory(batch);
            default -> throw new IllegalArgumentException(task);
        };
    }

    /**
     * A task that can be profiled, its arguments being made already.
     *
     * @param task {@code forward}, {@code output}, {@code train} or {@code fit}
     */
    Runnable task(String task, int batch) {
        return switch (task) {
            case "forward" -> forwardOf(batch);
            case "output" -> outputOf(batch);
            case "train" -> trainOf(batch);
            case "fit" -> fitOf(batch);
            default ->
                    throw new IllegalArgumentException(
                            "forward, output, train or fit, got " + task);
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

    private Denoiser denoiser(int batch) {
        if (frozen == null) {
            frozen = new FrozenNetwork(options, graph);
        }
        return Denoiser.of(frozen, labels(batch));
    }

    private Runnable forwardOf(int batch) {
        Denoiser denoiser = denoiser(batch);
        INDArray x = images(batch);
        return () -> denoiser.denoise(x, 1);
    }

    private double sample(int batch) {
        Denoiser denoiser = denoiser(batch);
        INDArray noise = images(batch);
        HeunSampler sampler = HeunSampler.builder().steps(SAMPLING_STEPS).build();
        return seconds(() -> sampler.sample(denoiser, noise));
    }

    /** DL4J's own verb. */
    private Runnable outputOf(int batch) {
        INDArray x = images(batch);
        INDArray sigma = Nd4j.ones(DataType.FLOAT, batch, 1);
        INDArray labels = labels(batch);
        return () -> {
            if (labels == null) {
                graph.output(x, sigma);
            } else {
                graph.output(x, sigma, labels);
            }
        };
    }

    private Runnable trainOf(int batch) {
        MultiDataSet data = noisy(batch);
        MicroBatches step = new MicroBatches(graph, batch);
        return () -> step.fit(data);
    }

    /** DL4J's own verb. */
    private Runnable fitOf(int batch) {
        MultiDataSet data = noisy(batch);
        return () -> graph.fit(data);
    }

    private MultiDataSet noisy(int batch) {
        INDArray clean = images(batch);
        INDArray labels = labels(batch);
        MultiDataSet data =
                new MultiDataSet(
                        labels == null ? new INDArray[] {clean} : new INDArray[] {clean, labels},
                        new INDArray[] {clean});
        NoisePreProcessor noise = new NoisePreProcessor(-0.4, 1, 0, 0);
        noise.addNoise(data, Nd4j.randn(DataType.FLOAT, batch, 1), images(batch));
        return data;
    }

    private double ema() {
        if (tracker == null) {
            tracker = EmaTracker.of(graph, 0.05, 0.10);
        }
        images += IMAGES_PER_UPDATE;
        return seconds(() -> tracker.update(images));
    }

    private SnapshotStore store() {
        if (store == null) {
            store = SnapshotStore.openOrCreate(files.snapshots(), graph);
            for (int i = 0; i < SNAPSHOTS; i++) {
                ema();
                tracker.addTo(store, DataType.FLOAT16);
            }
        }
        return store;
    }

    private double reconstruct() {
        SnapshotStore stored = store();
        // Frees what was reconstructed before, as PyTorch does between its measurements.
        System.gc();
        LockSupport.parkNanos(RELEASE_NANOS);
        return seconds(() -> stored.reconstruct(0.075));
    }

    /**
     * Makes the system forget the files of the snapshots: their next reader gets them from disk.
     */
    private double evict() throws IOException {
        for (Snapshot snapshot : store().snapshots()) {
            output(
                    "dd",
                    "of=" + path(snapshot),
                    "oflag=nocache",
                    "conv=notrunc,fdatasync",
                    "count=0");
        }
        return 0;
    }

    /** Reads the files of the snapshots, and does nothing with them. */
    private double read() throws IOException {
        ByteBuffer buffer = ByteBuffer.allocateDirect(READ_BYTES);
        List<Path> paths = store().snapshots().stream().map(this::path).toList();
        long start = System.nanoTime();
        for (Path path : paths) {
            try (FileChannel file = FileChannel.open(path)) {
                while (file.read(buffer.clear()) >= 0) {
                    // the next piece
                }
            }
        }
        return (System.nanoTime() - start) / 1e9;
    }

    private Path path(Snapshot snapshot) {
        return files.snapshots().resolve(snapshot.file());
    }

    /** The command line, from its start to the first image. */
    private double start() throws IOException {
        Path edm2 = Path.of("examples", "edm2").toAbsolutePath();
        long start = System.nanoTime();
        output(
                edm2.toString(),
                "generate",
                "--net",
                files.weights().toString(),
                "--seeds",
                "0",
                "--steps",
                Integer.toString(SAMPLING_STEPS),
                "--outdir",
                files.images().toString());
        return (System.nanoTime() - start) / 1e9;
    }

    /** Peak memory in bytes of a process like this one that only trains. */
    private double memory(int batch) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current().info().command().orElseThrow());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        Collections.addAll(
                command,
                "-cp",
                System.getProperty("java.class.path"),
                Comparison.class.getName(),
                ".",
                "0",
                "", // no peer
                MEMORY,
                size,
                Integer.toString(batch));
        List<String> lines = output(command.toArray(String[]::new)).lines().toList();
        return Double.parseDouble(lines.get(lines.size() - 1));
    }

    /** What {@link #memory} starts. */
    static void printMemory(NetworkOptions options, int batch) throws IOException {
        Runnable step = new ComparedNetwork("", options, null).trainOf(batch);
        for (int i = 0; i < MEMORY_STEPS; i++) {
            step.run();
        }
        System.out.println(peakMemory());
    }

    private static String output(String... command) throws IOException {
        Process process =
                new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.onExit().join().exitValue() != 0) {
            throw new IOException(String.join(" ", command) + " failed: " + output);
        }
        return output;
    }

    private static double seconds(Runnable task) {
        long start = System.nanoTime();
        task.run();
        return (System.nanoTime() - start) / 1e9;
    }

    /** Peak resident memory of this process in bytes, as Linux tells it. */
    private static double peakMemory() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("VmHWM:"))
                .mapToDouble(line -> Double.parseDouble(line.replaceAll("\\D", "")) * 1024)
                .findFirst()
                .orElse(Double.NaN);
    }
}
