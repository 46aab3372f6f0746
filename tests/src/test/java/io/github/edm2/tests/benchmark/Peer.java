package io.github.edm2.tests.benchmark;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** The PyTorch program, or nothing where there is none. */
final class Peer implements Comparison.Side, AutoCloseable {

    private final Process process;
    private final BufferedReader answers;
    private final PrintWriter tasks;

    private Peer(Process process) {
        this.process = process;
        answers = process.inputReader(StandardCharsets.UTF_8);
        tasks = new PrintWriter(process.outputWriter(StandardCharsets.UTF_8), true);
    }

    /**
     * Starts the program and prints its version.
     *
     * @param folder where it is
     * @param work where the weights and snapshots to work with are
     */
    static Peer start(Path folder, ComparisonFiles work, int threads) throws IOException {
        String python = System.getenv().getOrDefault("EDM2_PYTHON", "/usr/bin/python3");
        if (!Files.isExecutable(Path.of(python))) {
            System.out.println("There is no " + python + " (EDM2_PYTHON names another).");
            return new Peer();
        }
        Process process =
                new ProcessBuilder(
                                python,
                                folder.resolve("peer_benchmark.py").toString(),
                                work.weights().toString(),
                                Integer.toString(threads),
                                work.snapshots().toString())
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

    /** What PyTorch does where this side does the same by verbs of DL4J. */
    private static final Map<String, String> OF_VERBS = Map.of("output", "forward", "fit", "train");

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
        tasks.println(OF_VERBS.getOrDefault(task, task) + " " + batch);
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
