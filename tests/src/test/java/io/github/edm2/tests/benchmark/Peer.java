package io.github.edm2.tests.benchmark;

import io.github.edm2.models.unet.NetworkOptions;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A PyTorch program; it is told tasks, and answers with the seconds that each took. */
final class Peer implements Comparison.Side, AutoCloseable {

    /** What PyTorch does where this side does the same by verbs of DL4J. */
    private static final Map<String, String> OF_VERBS = Map.of("output", "forward", "fit", "train");

    private final String name;
    private final Process process;
    private final BufferedReader answers;
    private final PrintWriter tasks;

    private Peer(Process process, String name, BufferedReader answers) {
        this.process = process;
        this.name = name;
        this.answers = answers;
        tasks = new PrintWriter(process.outputWriter(StandardCharsets.UTF_8), true);
    }

    /**
     * Starts PyTorch in Python, and a newer PyTorch without it; says what is missing.
     *
     * @param folder where the programs are
     * @param work where the weights and snapshots to work with are
     * @param options of the network
     * @param torch class path of the newer PyTorch; empty for none
     */
    static List<Peer> start(
            Path folder, ComparisonFiles work, int threads, NetworkOptions options, String torch)
            throws IOException, InterruptedException {
        String python = System.getenv().getOrDefault("EDM2_PYTHON", "/usr/bin/python3");
        List<Peer> peers = new ArrayList<>();
        if (!Files.isExecutable(Path.of(python))) {
            System.out.println("There is no " + python + " (EDM2_PYTHON names another).");
            return peers;
        }
        start(
                        "PyTorch in Python",
                        python,
                        folder.resolve("peer_benchmark.py").toString(),
                        work.weights().toString(),
                        Integer.toString(threads),
                        work.snapshots().toString())
                .ifPresent(peers::add);
        if (!torch.isEmpty() && !peers.isEmpty()) {
            trace(python, folder, work);
            Path empty = Files.createDirectories(work.traced().resolve("no-libraries"));
            start(
                            "PyTorch without Python",
                            "java",
                            "-Xmx1g",
                            "-cp",
                            torch,
                            "-Djava.library.path=" + empty, // an installed libtorch is another
                            "-Dai.djl.offline=true",
                            folder.resolve("TorchPeer.java").toString(),
                            work.traced().toString(),
                            Integer.toString(threads),
                            Integer.toString(options.getImgChannels()),
                            Integer.toString(options.getImgResolution()),
                            Integer.toString(options.getLabelDim()))
                    .ifPresent(peers::add);
        }
        return peers;
    }

    private static void trace(String python, Path folder, ComparisonFiles work)
            throws IOException, InterruptedException {
        Files.createDirectories(work.traced());
        List<String> command =
                List.of(
                        python,
                        folder.resolve("peer_trace.py").toString(),
                        work.weights().toString(),
                        work.traced().toString(),
                        "1",
                        "4",
                        "16");
        Process process =
                new ProcessBuilder(command)
                        .redirectError(ProcessBuilder.Redirect.DISCARD)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start();
        if (process.waitFor() != 0) {
            throw new IOException("peer_trace.py failed with " + process.exitValue());
        }
    }

    private static Optional<Peer> start(String kind, String... command) throws IOException {
        Process process =
                new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        BufferedReader answers = process.inputReader(StandardCharsets.UTF_8);
        String ready = answers.readLine();
        if (ready == null) {
            System.out.println(kind + " cannot be started: " + String.join(" ", command));
            return Optional.empty();
        }
        String version = ready.replace("ready ", "");
        System.out.println(kind + " " + version);
        return Optional.of(new Peer(process, "PyTorch " + version.split("[+,]")[0], answers));
    }

    /** Name and version. */
    String name() {
        return name;
    }

    @Override
    public double run(String task, int batch) throws IOException {
        tasks.println(OF_VERBS.getOrDefault(task, task) + " " + batch);
        String answer = answers.readLine();
        if (answer == null) {
            throw new IOException("%s ended in task %s".formatted(name, task));
        }
        return Double.parseDouble(answer);
    }

    @Override
    public void close() {
        tasks.close();
        process.destroy();
    }
}
