package io.github.edm2.examples.cli;

import io.github.edm2.ema.AtomicFile;
import io.github.edm2.ema.EmaTracker;
import io.github.edm2.models.checkpoint.Checksum;
import io.github.edm2.models.checkpoint.NetworkFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.nd4j.shade.jackson.core.JsonProcessingException;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/**
 * States of a training from which it continues bit for bit: a folder each, named after the number
 * of images, with the network and its updater, the averages, and a table of contents with
 * checksums. A folder has its name only when it is complete. The latest two are kept.
 */
final class Checkpoints {

    /**
     * A state on disk.
     *
     * @param folder where it is
     * @param images images trained
     * @param seconds time that took
     */
    record Checkpoint(Path folder, long images, double seconds) {

        NetworkFile network() {
            return NetworkFile.read(folder.resolve(NETWORK), true);
        }

        void restore(EmaTracker tracker) {
            tracker.restore(folder.resolve(AVERAGES));
        }
    }

    private static final String NETWORK = "network.zip";
    private static final String AVERAGES = "ema.safetensors";
    private static final String CONTENTS = "checkpoint.json";
    private static final String UNFINISHED = ".unfinished";
    private static final String NAME = "%012d";
    private static final int KEPT = 2;

    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path folder;

    /**
     * @param folder where the checkpoints are; need not exist
     */
    Checkpoints(Path folder) {
        this.folder = folder;
    }

    /**
     * The newest state.
     *
     * @throws CommandException if it is damaged
     */
    Optional<Checkpoint> newest() throws IOException {
        List<Path> all = all();
        return all.isEmpty() ? Optional.empty() : Optional.of(open(all.get(all.size() - 1)));
    }

    private List<Path> all() throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.filter(p -> p.getFileName().toString().matches("\\d{12,}"))
                    .sorted(Comparator.comparingLong(p -> images(p)))
                    .toList();
        }
    }

    private static long images(Path checkpoint) {
        return Long.parseLong(checkpoint.getFileName().toString());
    }

    private static Checkpoint open(Path checkpoint) throws IOException {
        Path file = checkpoint.resolve(CONTENTS);
        requireUndamaged(Files.isRegularFile(file), file);
        JsonNode contents = contents(file);
        for (String name : List.of(NETWORK, AVERAGES)) {
            Path part = checkpoint.resolve(name);
            requireUndamaged(
                    Files.isRegularFile(part)
                            && Checksum.of(part)
                                    .hex()
                                    .equals(contents.path("sha256").path(name).asText()),
                    part);
        }
        return new Checkpoint(checkpoint, images(checkpoint), contents.path("seconds").asDouble());
    }

    private static JsonNode contents(Path file) throws IOException {
        try {
            return JSON.readTree(Files.readAllBytes(file));
        } catch (JsonProcessingException e) {
            throw damaged(file, e);
        }
    }

    private static void requireUndamaged(boolean condition, Path part) {
        if (!condition) {
            throw damaged(part, null);
        }
    }

    private static CommandException damaged(Path part, Exception cause) {
        return new CommandException(
                "%s is missing or damaged; delete the folder %s to continue from the checkpoint before it"
                        .formatted(part, part.getParent().getFileName()),
                cause);
    }

    /**
     * Saves a state and deletes those that are not needed any more.
     *
     * @param network with its updater
     * @param tracker its averages
     * @param images images trained
     * @param seconds time that took
     */
    void save(NetworkFile network, EmaTracker tracker, long images, double seconds)
            throws IOException {
        Path unfinished = folder.resolve(UNFINISHED);
        delete(unfinished);
        Files.createDirectories(unfinished);
        try {
            AtomicFile.write(unfinished.resolve(NETWORK), out -> network.write(out, true));
            tracker.save(unfinished.resolve(AVERAGES));
            ObjectNode contents = JSON.createObjectNode();
            contents.put("images", images).put("seconds", seconds);
            ObjectNode checksums = contents.putObject("sha256");
            for (String name : List.of(NETWORK, AVERAGES)) {
                checksums.put(name, Checksum.of(unfinished.resolve(name)).hex());
            }
            byte[] json = JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(contents);
            AtomicFile.write(unfinished.resolve(CONTENTS), out -> out.write(json));
            AtomicFile.rename(unfinished, folder.resolve(NAME.formatted(images)));
        } catch (IOException | RuntimeException e) {
            deleteAfter(e, unfinished);
            throw e;
        }
        List<Path> all = all();
        for (Path old : all.subList(0, Math.max(0, all.size() - KEPT))) {
            delete(old);
        }
    }

    private static void deleteAfter(Exception failure, Path unfinished) {
        try {
            delete(unfinished);
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }

    private static void delete(Path checkpoint) throws IOException {
        if (!Files.exists(checkpoint)) {
            return;
        }
        try (Stream<Path> files = Files.walk(checkpoint)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }
}
