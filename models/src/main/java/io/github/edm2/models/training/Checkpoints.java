package io.github.edm2.models.training;

import io.github.edm2.ema.AtomicFile;
import io.github.edm2.ema.EmaTracker;
import io.github.edm2.models.checkpoint.Checksum;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.nd4j.shade.jackson.core.JsonProcessingException;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/**
 * States of a training from which it continues bit for bit: a folder each, named after the number
 * of images, with the network and its updater, the averages, and a table of contents with
 * checksums. A folder has its name only when it is complete. For one thread at a time.
 */
public final class Checkpoints {

    /**
     * A state on disk.
     *
     * @param folder where it is
     * @param images images trained
     * @param seconds time that took
     */
    public record Checkpoint(Path folder, long images, double seconds) {

        /** The file of the network and its updater. */
        public Path network() {
            return folder.resolve(NETWORK);
        }

        /**
         * Brings averages to where they were.
         *
         * @throws io.github.edm2.ema.SnapshotException if they are of another network or other
         *     profiles
         */
        public void restore(EmaTracker tracker) {
            tracker.restore(folder.resolve(AVERAGES));
        }
    }

    private static final String NETWORK = "network.zip";
    private static final String AVERAGES = "ema.safetensors";
    private static final String CONTENTS = "checkpoint.json";

    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path folder;
    private final String prefix;
    private final int kept;

    /**
     * @param folder where the checkpoints are; need not exist
     * @param prefix of their names, which the number of images follows
     * @param kept how many of the latest are kept, at least 1
     */
    public Checkpoints(Path folder, String prefix, int kept) {
        this.folder = folder;
        this.prefix = prefix;
        this.kept = kept;
    }

    /**
     * The newest state. One without a table of contents, which searches did not always write, is
     * not verified.
     *
     * @throws IOException if it is damaged or cannot be read
     */
    public Optional<Checkpoint> newest() throws IOException {
        List<Path> all = all();
        return all.isEmpty() ? Optional.empty() : Optional.of(open(all.get(all.size() - 1)));
    }

    private List<Path> all() throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        String name = Pattern.quote(prefix) + "\\d{12,}";
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.filter(p -> p.getFileName().toString().matches(name))
                    .sorted(Comparator.comparingLong(this::images))
                    .toList();
        }
    }

    private long images(Path checkpoint) {
        return Long.parseLong(checkpoint.getFileName().toString().substring(prefix.length()));
    }

    private Checkpoint open(Path checkpoint) throws IOException {
        Path file = checkpoint.resolve(CONTENTS);
        JsonNode contents = JSON.createObjectNode();
        if (Files.exists(file)) {
            try {
                contents = JSON.readTree(Files.readAllBytes(file));
            } catch (JsonProcessingException e) {
                throw damaged(file, e);
            }
            for (String name : List.of(NETWORK, AVERAGES)) {
                Path part = checkpoint.resolve(name);
                String checksum = contents.path("sha256").path(name).asText();
                if (!Files.isRegularFile(part) || !Checksum.of(part).hex().equals(checksum)) {
                    throw damaged(part, null);
                }
            }
        }
        return new Checkpoint(checkpoint, images(checkpoint), contents.path("seconds").asDouble());
    }

    private static IOException damaged(Path part, Exception cause) {
        return new IOException(
                "%s is missing or damaged; delete the folder %s to continue from what was saved before it"
                        .formatted(part, part.getParent().getFileName()),
                cause);
    }

    /**
     * Saves a state and deletes those that are not needed any more.
     *
     * @param network writes the network with its updater
     * @param tracker its averages
     * @param images images trained, more than in the newest state
     * @param seconds time that took
     * @throws IOException if it cannot be written; nothing of it is left then
     * @throws io.github.edm2.ema.SnapshotException the same for the averages
     */
    public void save(AtomicFile.Writer network, EmaTracker tracker, long images, double seconds)
            throws IOException {
        Path unfinished = folder.resolve("." + prefix + "unfinished");
        delete(unfinished);
        Files.createDirectories(unfinished);
        try (Closeable whatFailed = () -> delete(unfinished)) {
            AtomicFile.write(unfinished.resolve(NETWORK), network);
            tracker.save(unfinished.resolve(AVERAGES));
            ObjectNode contents = JSON.createObjectNode();
            contents.put("images", images).put("seconds", seconds);
            ObjectNode checksums = contents.putObject("sha256");
            for (String name : List.of(NETWORK, AVERAGES)) {
                checksums.put(name, Checksum.of(unfinished.resolve(name)).hex());
            }
            byte[] json = JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(contents);
            AtomicFile.write(unfinished.resolve(CONTENTS), out -> out.write(json));
            AtomicFile.rename(unfinished, folder.resolve(prefix + "%012d".formatted(images)));
        }
        List<Path> all = all();
        for (Path old : all.subList(0, Math.max(0, all.size() - kept))) {
            delete(old);
        }
    }

    private static void delete(Path checkpoint) throws IOException {
        if (Files.exists(checkpoint)) {
            List<Path> files;
            try (Stream<Path> walked = Files.walk(checkpoint)) {
                files = walked.sorted(Comparator.reverseOrder()).toList();
            }
            for (Path file : files) {
                Files.delete(file);
            }
        }
    }
}
