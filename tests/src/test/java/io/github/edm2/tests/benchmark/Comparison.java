package io.github.edm2.tests.benchmark;

import io.github.edm2.models.checkpoint.NetworkFile;
import io.github.edm2.models.checkpoint.NetworkSafetensors;
import io.github.edm2.models.unet.NetworkOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
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

    private record Task(String name, int batch, int warmUp, String title) {}

    private static final int WARM_UP = 3;

    private static final List<Task> TASKS =
            List.of(
                    new Task("forward", 1, WARM_UP, "forward, batch 1"),
                    new Task("forward", 4, WARM_UP, "forward, batch 4"),
                    new Task("forward", 16, WARM_UP, "forward, batch 16"),
                    new Task("output", 1, WARM_UP, "net.output, batch 1"),
                    new Task("output", 4, WARM_UP, "net.output, batch 4"),
                    new Task("output", 16, WARM_UP, "net.output, batch 16"),
                    new Task("train", 4, WARM_UP, "training step, batch 4"),
                    new Task("fit", 4, WARM_UP, "net.fit, batch 4"),
                    new Task("sample", 4, WARM_UP, "18 steps of sampling, batch 4"),
                    new Task("ema", 0, WARM_UP, "EMA of two profiles"),
                    new Task("reconstruct", 0, WARM_UP, "reconstruction from 8 snapshots"),
                    new Task("start", 0, 0, "from start to first image"));

    private static final double MOST_SECONDS = 12;
    private static final double QUICK_SECONDS = 3;
    private static final int MOST_RUNS = 15;
    private static final double TURN_SECONDS = 0.3;
    private static final int PROFILED_SHAPES = 25;

    /** Time in which Java's compiler gets to know a task before it is profiled. */
    private static final long WARM_NANOS = 10_000_000_000L;

    /** Idle processes of OpenMP spin for a moment, which would slow the other side. */
    private static final int PAUSE_MILLIS = 30;

    private final Path folder;
    private final double mostSeconds;
    private final int threads;
    private final List<String> wanted;
    private final String torch;

    private Comparison(
            Path folder, double mostSeconds, int threads, String torch, List<String> wanted) {
        List<String> tasks =
                Stream.concat(TASKS.stream().map(Task::name), Stream.of("memory")).toList();
        if (!tasks.containsAll(wanted)) {
            throw new IllegalArgumentException(
                    "sizes are %s and tasks %s, got %s".formatted(sizes().keySet(), tasks, wanted));
        }
        this.folder = folder;
        this.mostSeconds = mostSeconds;
        this.threads = threads;
        this.torch = torch;
        this.wanted = List.copyOf(wanted);
    }

    /**
     * Runs the comparison.
     *
     * @param args folder of the PyTorch programs, number of threads, class path of the newer
     *     PyTorch, names of sizes and of tasks; {@code --quick}; or {@code --profile} and a task,
     *     for a profile of this side by operation; or {@code --resolutions}
     */
    public static void main(String[] args) throws IOException, InterruptedException {
        Path folder = Path.of(args[0]);
        int threads = Integer.parseInt(args[1]);
        String torch = args[2];
        List<String> rest = new ArrayList<>(Arrays.asList(args).subList(3, args.length));
        if (rest.remove("--profile")) {
            profile(rest);
            return;
        }
        if (rest.remove(ComparedNetwork.MEMORY)) {
            ComparedNetwork.printMemory(sizes().get(rest.get(0)), Integer.parseInt(rest.get(1)));
            return;
        }
        if (rest.remove("--resolutions")) {
            ResolutionTable.print();
            return;
        }
        boolean quick = rest.remove("--quick");
        List<String> sizes = new ArrayList<>(rest);
        sizes.retainAll(sizes().keySet());
        rest.removeAll(sizes);
        Comparison comparison =
                new Comparison(folder, quick ? QUICK_SECONDS : MOST_SECONDS, threads, torch, rest);
        for (String size : sizes.isEmpty() ? List.of("small", "medium") : sizes) {
            comparison.compare(size);
        }
    }

    private static void profile(List<String> args) {
        if (args.size() != 3 || !sizes().containsKey(args.get(2))) {
            throw new IllegalArgumentException(
                    "--profile needs a task, a batch and one of %s, got %s"
                            .formatted(sizes().keySet(), args));
        }
        Runnable run =
                new ComparedNetwork(args.get(2), sizes().get(args.get(2)), null)
                        .task(args.get(0), Integer.parseInt(args.get(1)));
        long warm = System.nanoTime() + WARM_NANOS;
        while (System.nanoTime() < warm) {
            run.run();
        }
        OperationProfile.of(run, MOST_RUNS).print(System.out, PROFILED_SHAPES);
    }

    static Map<String, NetworkOptions> sizes() {
        Map<String, NetworkOptions> sizes = new LinkedHashMap<>();
        sizes.put("small", size(16, 3, 10, 32));
        sizes.put("medium", size(32, 3, 10, 64));
        sizes.put("xs", size(64, 4, 1000, 128));
        ResolutionTable.RESOLUTIONS.forEach(
                resolution ->
                        sizes.put(ResolutionTable.name(resolution), size(resolution, 3, 10, 64)));
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

    private void compare(String name) throws IOException, InterruptedException {
        NetworkOptions options = sizes().get(name);
        try (ComparisonFiles files = ComparisonFiles.create()) {
            ComparedNetwork ours = new ComparedNetwork(name, options, files);
            System.out.printf(
                    "%n%s: %dx%d, %d channels, %,d parameters, %d threads%n%n",
                    name,
                    options.getImgResolution(),
                    options.getImgResolution(),
                    options.getModelChannels(),
                    ours.graph().params().length(),
                    threads);
            NetworkSafetensors.write(
                    files.weights(), new NetworkFile(options, ours.graph()), DataType.FLOAT);
            List<Peer> peers = Peer.start(folder, files, threads, options, torch);
            try {
                System.out.println();
                System.out.println(row("task", "this project", peers, Peer::name, "ratio"));
                System.out.println("|---|---|" + "---|---|".repeat(peers.size()));
                for (Task task : TASKS) {
                    if (isWanted(task.name)) {
                        compare(task, ours, peers);
                    }
                }
                if (isWanted("reconstruct")) {
                    reading(ours);
                }
                if (isWanted("memory")) {
                    memory(ours, peers);
                }
            } finally {
                peers.forEach(Peer::close);
            }
        }
    }

    private static String row(
            String task,
            String ours,
            List<Peer> peers,
            Function<Peer, String> theirs,
            String last) {
        StringBuilder row = new StringBuilder("| %s | %s |".formatted(task, ours));
        peers.forEach(peer -> row.append(" %s | %s |".formatted(theirs.apply(peer), last)));
        return row.toString();
    }

    private boolean isWanted(String task) {
        return wanted.isEmpty() || wanted.contains(task);
    }

    /** How much of the time of a reconstruction the files could not be read faster. */
    private static void reading(Side ours) throws IOException {
        reading(ours, false);
        reading(ours, true);
    }

    private static void reading(Side ours, boolean fromDisk) throws IOException {
        List<Double> reading = new ArrayList<>();
        List<Double> reconstruction = new ArrayList<>();
        List<Double> shares = new ArrayList<>();
        for (int i = 0; i < MOST_RUNS; i++) {
            if (fromDisk) {
                ours.run("evict", 0);
            }
            reading.add(ours.run("read", 0));
            if (fromDisk) {
                ours.run("evict", 0);
            }
            reconstruction.add(ours.run("reconstruct", 0));
            shares.add(reading.get(i) / reconstruction.get(i));
        }
        System.out.printf(
                "| the same %s, and reading its files alone | %.1f, %.1f ms | | %.2f of the time |%n",
                fromDisk ? "from the disk" : "from memory",
                1000 * quantile(reconstruction, 0.5),
                1000 * quantile(reading, 0.5),
                quantile(shares, 0.5));
    }

    /** Of processes of their own, that do nothing but train. */
    private static void memory(Side ours, List<Peer> peers) throws IOException {
        double a = ours.run("memory", 4);
        StringBuilder row =
                new StringBuilder(
                        "| peak memory of training, batch 4 | %.2f GB |".formatted(a / 1e9));
        for (Peer peer : peers) {
            double b = peer.run("memory", 4);
            row.append(Double.isNaN(b) ? " | |" : " %.2f GB | %.2f |".formatted(b / 1e9, b / a));
        }
        System.out.println(row);
    }

    private void compare(Task task, Side ours, List<Peer> peers)
            throws IOException, InterruptedException {
        warmUp(task, ours);
        List<Peer> able = new ArrayList<>();
        for (Peer peer : peers) {
            if (warmUp(task, peer)) {
                able.add(peer);
            }
        }
        List<Double> our = new ArrayList<>();
        Map<Peer, List<Double>> their = new HashMap<>();
        Map<Peer, List<Double>> ratios = new HashMap<>();
        double spent = 0;
        while (our.size() < MOST_RUNS && (spent < mostSeconds || our.size() < WARM_UP)) {
            double a = run(task, ours);
            our.add(a);
            spent += a;
            for (Peer peer : able) {
                double b = run(task, peer);
                their.computeIfAbsent(peer, p -> new ArrayList<>()).add(b);
                ratios.computeIfAbsent(peer, p -> new ArrayList<>()).add(b / a);
                spent += b;
            }
        }
        StringBuilder row =
                new StringBuilder("| %s | %.1f ms |".formatted(task.title, 1000 * median(our)));
        for (Peer peer : peers) {
            row.append(
                    able.contains(peer)
                            ? " %.1f ms | %.2f (%.2f to %.2f) |"
                                    .formatted(
                                            1000 * median(their.get(peer)),
                                            median(ratios.get(peer)),
                                            quantile(ratios.get(peer), 0.25),
                                            quantile(ratios.get(peer), 0.75))
                            : " | |");
        }
        System.out.println(row);
    }

    private static double median(List<Double> values) {
        return quantile(values, 0.5);
    }

    /**
     * Each side alone: Java's compiler must be done before the other side is measured.
     *
     * @return whether the side knows the task
     */
    private boolean warmUp(Task task, Side side) throws IOException, InterruptedException {
        long end = System.nanoTime() + (long) (mostSeconds * 1e9);
        for (int i = 0; i < task.warmUp || task.warmUp > 0 && System.nanoTime() < end; i++) {
            if (Double.isNaN(run(task, side))) {
                return false;
            }
        }
        return true;
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
}
