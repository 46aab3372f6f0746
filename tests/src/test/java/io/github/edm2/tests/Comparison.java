package io.github.edm2.tests;

import io.github.edm2.models.checkpoint.NetworkFile;
import io.github.edm2.models.checkpoint.NetworkSafetensors;
import io.github.edm2.models.unet.NetworkOptions;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * Compares this project with PyTorch on the same machine: the same weights, work and number of
 * threads, run in turn, and the medians and quartiles of their ratios as a Markdown table. Without
 * PyTorch it shows this side alone. Started by {@code tests/benchmark/compare}.
 */
public final class Comparison {

    /** Runs tasks and tells how long they took. */
    interface Side {

        /** Runs a task once; the result is seconds, or bytes for {@code memory}. */
        double run(String task, int batch) throws IOException;
    }

    private record Task(String name, int batch) {

        String title() {
            return name.equals("ema") ? "EMA of two profiles" : name + ", batch " + batch;
        }
    }

    private static final List<Task> TASKS =
            List.of(
                    new Task("forward", 1),
                    new Task("forward", 4),
                    new Task("forward", 16),
                    new Task("train", 4),
                    new Task("sample", 4),
                    new Task("ema", 0));

    private static final int WARM_UP = 3;
    private static final double MOST_SECONDS = 12;
    private static final double QUICK_SECONDS = 3;
    private static final int MOST_RUNS = 15;
    private static final double TURN_SECONDS = 0.3;
    private static final int PROFILED_SHAPES = 25;

    /** Time in which Java's compiler gets to know a task before it is profiled. */
    private static final long WARM_NANOS = 10_000_000_000L;

    /** Idle processes of OpenMP spin for a moment, which would slow the other side. */
    private static final int PAUSE_MILLIS = 30;

    private final double mostSeconds;
    private final int threads;

    private Comparison(double mostSeconds, int threads) {
        this.mostSeconds = mostSeconds;
        this.threads = threads;
    }

    /**
     * Runs the comparison.
     *
     * @param args folder of the PyTorch program, number of threads, names of sizes; {@code
     *     --quick}; or {@code --profile} and a task, for a profile of this side by operation
     */
    public static void main(String[] args) throws IOException, InterruptedException {
        List<String> names = new ArrayList<>(Arrays.asList(args).subList(2, args.length));
        boolean quick = names.remove("--quick");
        Map<String, NetworkOptions> sizes = sizes();
        if (names.remove("--profile")) {
            if (names.size() != 3 || !sizes.containsKey(names.get(2))) {
                throw new IllegalArgumentException(
                        "--profile needs a task, a batch and one of %s, got %s"
                                .formatted(sizes.keySet(), names));
            }
            profile(names.get(0), Integer.parseInt(names.get(1)), sizes.get(names.get(2)));
            return;
        }
        names = names.isEmpty() ? List.of("small", "medium") : names;
        Comparison comparison =
                new Comparison(quick ? QUICK_SECONDS : MOST_SECONDS, Integer.parseInt(args[1]));
        for (String name : names) {
            if (!sizes.containsKey(name)) {
                throw new IllegalArgumentException(
                        "sizes are %s, got %s".formatted(sizes.keySet(), name));
            }
            comparison.compare(name, sizes.get(name), Path.of(args[0]));
        }
    }

    private static void profile(String task, int batch, NetworkOptions options) {
        Runnable run = new ComparedNetwork(options).task(task, batch);
        long warm = System.nanoTime() + WARM_NANOS;
        while (System.nanoTime() < warm) {
            run.run();
        }
        OperationProfile.of(run, MOST_RUNS).print(System.out, PROFILED_SHAPES);
    }

    private static Map<String, NetworkOptions> sizes() {
        Map<String, NetworkOptions> sizes = new LinkedHashMap<>();
        sizes.put("small", size(16, 3, 10, 32));
        sizes.put("medium", size(32, 3, 10, 64));
        sizes.put("xs", size(64, 4, 1000, 128));
        return sizes;
    }

    private static NetworkOptions size(int resolution, int channels, int classes, int width) {
        return NetworkOptions.builder()
                .imgResolution(resolution)
                .imgChannels(channels)
                .labelDim(classes)
                .modelChannels(width)
                .channelsPerHead(Math.min(width, 64))
                .build();
    }

    private void compare(String name, NetworkOptions options, Path folder)
            throws IOException, InterruptedException {
        ComparedNetwork ours = new ComparedNetwork(options);
        System.out.printf(
                "%n%s: %dx%d, %d channels, %,d parameters, %d threads%n%n",
                name,
                options.getImgResolution(),
                options.getImgResolution(),
                options.getModelChannels(),
                ours.graph().params().length(),
                threads);
        Path weights = Files.createTempFile("edm2-compare", ".safetensors");
        try {
            NetworkSafetensors.write(
                    weights, new NetworkFile(options, ours.graph()), DataType.FLOAT);
            try (Peer peer = Peer.start(folder, weights, threads)) {
                System.out.println("| task | this project | PyTorch | ratio (quartiles) |");
                System.out.println("|---|---|---|---|");
                for (Task task : TASKS) {
                    compare(task, ours, peer);
                }
                System.out.printf(
                        "| peak memory | %.2f GB | %.2f GB | |%n",
                        ours.run("memory", 0) / 1e9, peer.run("memory", 0) / 1e9);
            }
        } finally {
            Files.delete(weights);
        }
    }

    private void compare(Task task, Side ours, Side theirs)
            throws IOException, InterruptedException {
        double warm = 0;
        for (int i = 0; i < WARM_UP || warm < mostSeconds / 2; i++) {
            double a = run(task, ours);
            double b = run(task, theirs);
            warm += a + (Double.isNaN(b) ? 0 : b);
        }
        List<Double> our = new ArrayList<>();
        List<Double> their = new ArrayList<>();
        List<Double> ratios = new ArrayList<>();
        double spent = 0;
        while (ratios.size() < MOST_RUNS && (spent < mostSeconds || ratios.size() < WARM_UP)) {
            double a = run(task, ours);
            double b = run(task, theirs);
            our.add(a);
            their.add(b);
            ratios.add(b / a);
            spent += a + (Double.isNaN(b) ? 0 : b);
        }
        System.out.printf(
                "| %s | %.1f ms | %.1f ms | %.2f (%.2f to %.2f) |%n",
                task.title(),
                1000 * quantile(our, 0.5),
                1000 * quantile(their, 0.5),
                quantile(ratios, 0.5),
                quantile(ratios, 0.25),
                quantile(ratios, 0.75));
    }

    /**
     * Median of a turn: a single short run would mostly tell how long idle threads take to wake.
     */
    private static double run(Task task, Side side) throws IOException, InterruptedException {
        Thread.sleep(PAUSE_MILLIS);
        List<Double> times = new ArrayList<>();
        double spent = 0;
        do {
            double seconds = side.run(task.name, task.batch);
            times.add(seconds);
            spent += seconds;
        } while (spent < TURN_SECONDS);
        return quantile(times, 0.5);
    }

    private static double quantile(List<Double> values, double share) {
        return values.stream().sorted().toList().get((int) (share * (values.size() - 1)));
    }

    /** The PyTorch program, or nothing where there is none. */
    private static final class Peer implements Side, AutoCloseable {

        private final Process process;
        private final BufferedReader answers;
        private final PrintWriter tasks;

        private Peer(Process process) {
            this.process = process;
            answers = process.inputReader(StandardCharsets.UTF_8);
            tasks = new PrintWriter(process.outputWriter(StandardCharsets.UTF_8), true);
        }

        static Peer start(Path folder, Path weights, int threads) throws IOException {
            String python = System.getenv().getOrDefault("EDM2_PYTHON", "/usr/bin/python3");
            if (!Files.isExecutable(Path.of(python))) {
                System.out.println("There is no " + python + " (EDM2_PYTHON names another).");
                return new Peer();
            }
            Process process =
                    new ProcessBuilder(
                                    python,
                                    folder.resolve("peer_benchmark.py").toString(),
                                    weights.toString(),
                                    Integer.toString(threads))
                            .redirectError(ProcessBuilder.Redirect.DISCARD)
                            .start();
            Peer peer = new Peer(process);
            String ready = peer.answers.readLine();
            if (ready == null) {
                System.out.println(python + " has no PyTorch or NumPy.");
                return new Peer();
            }
            System.out.println("PyTorch " + ready.replace("ready ", "") + "\n");
            return peer;
        }

        private Peer() {
            process = null;
            answers = null;
            tasks = null;
        }

        @Override
        public double run(String task, int batch) throws IOException {
            if (process == null) {
                return Double.NaN;
            }
            tasks.println(task + " " + batch);
            String answer = answers.readLine();
            if (answer == null) {
                throw new IOException("the PyTorch program ended in task " + task);
            }
            return Double.parseDouble(answer);
        }

        @Override
        public void close() {
            if (process != null) {
                tasks.close();
                process.destroy();
            }
        }
    }
}
