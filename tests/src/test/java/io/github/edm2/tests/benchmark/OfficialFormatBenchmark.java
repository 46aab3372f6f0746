package io.github.edm2.tests.benchmark;

import io.github.edm2.ema.PosthocReconstruction;
import io.github.edm2.ema.PowerFunction;
import io.github.edm2.ema.ProfileAt;
import io.github.edm2.ema.StoredAverage;
import io.github.edm2.ema.TensorFile;
import io.github.edm2.ema.WeightFile;
import io.github.edm2.models.Edm2;
import io.github.edm2.models.Preset;
import io.github.edm2.models.checkpoint.NetworkFile;
import io.github.edm2.models.checkpoint.NetworkSafetensors;
import io.github.edm2.models.checkpoint.OfficialFile;
import io.github.edm2.models.checkpoint.StateDict;
import io.github.edm2.models.unet.NetworkOptions;
import io.github.edm2.tests.official.OfficialPickleWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;
import org.bytedeco.javacpp.Pointer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * Measures files of the official format at the size of preset edm2-img512-xs: loading a network, or
 * reconstructing 8 averages from 16 snapshots, in memory or into files. Run it alone on a quiet
 * machine with the tests' classes and the class path of {@code examples/target/classpath.txt}, as
 * {@code tests/benchmark/compare} does; its arguments are a folder with 6.5 GB of room, in which
 * the files stay for the next run, and {@code load}, {@code stream} or {@code memory}.
 */
public final class OfficialFormatBenchmark {

    private static final String PRESET = "edm2-img512-xs";
    private static final int SNAPSHOTS = 8;
    private static final double[] STORED = {0.05, 0.10};
    private static final double[] WANTED =
            DoubleStream.iterate(0.03, s -> s + 0.02).limit(8).toArray();
    private static final int RUNS = 3;
    private static final double GIGA = 1e9;

    private OfficialFormatBenchmark() {}

    public static void main(String[] args) throws IOException {
        List<StoredAverage> stored = new ArrayList<>();
        Path folder = Files.createDirectories(Path.of(args[0]));
        write(folder);
        for (int i = 1; i <= SNAPSHOTS; i++) {
            for (double sigmaRel : STORED) {
                Path file = file(folder, i, sigmaRel);
                ProfileAt at = new ProfileAt(new PowerFunction(sigmaRel), i * 1024L);
                stored.add(new StoredAverage(at, () -> OfficialFile.open(file)));
            }
        }
        switch (args[1]) {
            case "load" -> repeat(() -> load(file(folder, 1, STORED[0])));
            case "stream" -> repeat(() -> stream(folder, stored));
            case "memory" -> repeat(() -> inMemory(folder, stored));
            default -> throw new IllegalArgumentException("load, stream or memory, got " + args[1]);
        }
    }

    private interface Run {
        void run() throws IOException;
    }

    private static void repeat(Run run) throws IOException {
        for (int i = 0; i < RUNS; i++) {
            run.run();
            System.gc(); // gives the memory of this run back before the next
        }
    }

    private static Path file(Path folder, int number, double sigmaRel) {
        return folder.resolve("network-snapshot-%07d-%.3f.pkl".formatted(number, sigmaRel));
    }

    private static void write(Path folder) throws IOException {
        NetworkOptions options = Preset.of(PRESET).network();
        Path first = file(folder, 1, STORED[0]);
        if (Files.exists(file(folder, SNAPSHOTS, STORED[1]))) {
            return;
        }
        ComputationGraph graph = Edm2.preset(PRESET).build().init();
        Map<String, Object> arguments = new LinkedHashMap<>();
        arguments.put("img_resolution", options.getImgResolution());
        arguments.put("img_channels", options.getImgChannels());
        arguments.put("label_dim", options.getLabelDim());
        arguments.put("model_channels", options.getModelChannels());
        new OfficialPickleWriter(arguments, StateDict.of(graph)).write(first);
        for (int i = 1; i <= SNAPSHOTS; i++) {
            for (double sigmaRel : STORED) {
                Path file = file(folder, i, sigmaRel);
                if (!Files.exists(file)) {
                    Files.copy(first, file);
                }
            }
        }
    }

    private static void load(Path file) throws IOException {
        double reading = read(file);
        long memory = Pointer.physicalBytes();
        long start = System.nanoTime();
        ComputationGraph graph = Edm2.fromOfficial(file);
        double seconds = (System.nanoTime() - start) / GIGA;
        System.out.printf(
                "load: %,d parameters, file %.3f GB read in %.2f s, loaded in %.2f s, memory + %.3f GB (float network %.3f GB)%n",
                graph.params().length(),
                Files.size(file) / GIGA,
                reading,
                seconds,
                (Pointer.physicalBytes() - memory) / GIGA,
                graph.params().length() * Float.BYTES / GIGA);
        graph.params().close();
    }

    private static double read(Path file) throws IOException {
        long start = System.nanoTime();
        ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 20);
        try (FileChannel channel = FileChannel.open(file)) {
            while (channel.read(buffer.clear()) >= 0) {
                // Only the time counts.
            }
        }
        return (System.nanoTime() - start) / GIGA;
    }

    /** What {@code phema --format safetensors --half} does. */
    private static void stream(Path folder, List<StoredAverage> stored) throws IOException {
        long start = System.nanoTime();
        NetworkFile network = Edm2.read(file(folder, SNAPSHOTS, STORED[1]));
        double reading = (System.nanoTime() - start) / GIGA;
        start = System.nanoTime();
        List<WeightFile> files = new ArrayList<>();
        for (double s : WANTED) {
            files.add(
                    NetworkSafetensors.withWeights(
                            folder.resolve("phema-%.3f.safetensors".formatted(s)),
                            network,
                            DataType.FLOAT16));
        }
        new PosthocReconstruction(StateDict.parameters(network.graph()), stored, elements -> {})
                .stream(SNAPSHOTS * 1024L, WANTED, files);
        report("into half-precision files", stored, start);
        for (WeightFile file : files) {
            file.commit();
        }
        report("flushed to the disk", stored, start);
        System.out.printf("a network for its options and buffers was loaded in %.2f s%n", reading);
    }

    private static void inMemory(Path folder, List<StoredAverage> stored) {
        Map<String, List<Long>> shapes =
                StateDict.parameters(Edm2.fromOfficial(file(folder, 1, STORED[0])));
        long start = System.nanoTime();
        new PosthocReconstruction(shapes, stored, elements -> {}).at(SNAPSHOTS * 1024L, WANTED);
        report("in memory", stored, start);
    }

    private static void report(String what, List<StoredAverage> stored, long start) {
        double seconds = (System.nanoTime() - start) / GIGA;
        long bytes = 0;
        for (StoredAverage average : stored) {
            try (TensorFile file = average.file().get()) {
                bytes += file.path().toFile().length();
            }
        }
        System.out.printf(
                "%d averages from %d snapshots %s: %.2f GB in %.2f s, %.2f GB/s; process %.2f GB%n",
                WANTED.length,
                stored.size(),
                what,
                bytes / GIGA,
                seconds,
                bytes / GIGA / seconds,
                Pointer.physicalBytes() / GIGA);
    }
}
