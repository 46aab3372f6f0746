package io.github.edm2.search;

import io.github.edm2.ema.AtomicFile;
import io.github.edm2.ema.EmaTracker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.util.ModelSerializer;

/**
 * A state from which a training continues: a folder with the network, its updater and the averages,
 * which has its name only once it is complete. One is kept.
 *
 * @param folder where it is
 * @param images images trained
 */
record Checkpoint(Path folder, long images) {

    private static final String PREFIX = "checkpoint-";
    private static final String UNFINISHED = ".checkpoint-unfinished";
    private static final String NETWORK = "network.zip";
    private static final String AVERAGES = "ema.safetensors";

    /** The newest state in a run's folder. */
    static Optional<Checkpoint> newest(Path run) throws IOException {
        List<Checkpoint> all = all(run);
        return all.isEmpty() ? Optional.empty() : Optional.of(all.get(all.size() - 1));
    }

    private static List<Checkpoint> all(Path run) throws IOException {
        try (Stream<Path> entries = Files.list(run)) {
            return entries.filter(p -> p.getFileName().toString().matches(PREFIX + "\\d+"))
                    .map(p -> new Checkpoint(p, images(p)))
                    .sorted(Comparator.comparingLong(Checkpoint::images))
                    .toList();
        }
    }

    private static long images(Path folder) {
        return Long.parseLong(folder.getFileName().toString().substring(PREFIX.length()));
    }

    /** The network as it was, updater included. */
    ComputationGraph network() throws IOException {
        return ModelSerializer.restoreComputationGraph(folder.resolve(NETWORK).toFile(), true);
    }

    /** Brings averages to where they were. */
    void restore(EmaTracker tracker) {
        tracker.restore(folder.resolve(AVERAGES));
    }

    /** Saves a state in a run's folder, then deletes those before. */
    static void save(Path run, ComputationGraph network, EmaTracker tracker, long images)
            throws IOException {
        Path unfinished = run.resolve(UNFINISHED);
        delete(unfinished);
        Files.createDirectory(unfinished);
        AtomicFile.write(
                unfinished.resolve(NETWORK), out -> ModelSerializer.writeModel(network, out, true));
        tracker.save(unfinished.resolve(AVERAGES));
        Path folder = run.resolve(PREFIX + "%012d".formatted(images));
        delete(folder);
        AtomicFile.rename(unfinished, folder);
        for (Checkpoint old : all(run)) {
            if (old.images < images) {
                delete(old.folder);
            }
        }
    }

    private static void delete(Path folder) throws IOException {
        if (Files.exists(folder)) {
            try (Stream<Path> files = Files.walk(folder)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }
}
