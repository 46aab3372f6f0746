package io.github.edm2.search;

import io.github.edm2.ema.AtomicFile;
import io.github.edm2.ema.ExclusiveFile;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.nd4j.shade.guava.hash.Hashing;
import org.nd4j.shade.jackson.core.JsonProcessingException;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/**
 * A study on disk: {@code study.json} with its configuration, {@code results.jsonl} with a line per
 * candidate, and a folder per training in {@code runs}. Whenever the program ends, the folder can
 * be opened again: of a line that was being written nothing is left. One process at a time.
 */
final class StudyFolder implements Closeable {

    static final String CONFIGURATION = "study.json";
    static final String RESULTS = "results.jsonl";
    static final String REPORT = "report.html";
    private static final String RUNS = "runs";
    private static final String LOCK = ".lock";

    /** Enough that no two trainings of a study share a folder. */
    private static final int NAME_DIGITS = 12;

    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path folder;
    private final FileChannel lock;
    private final FileChannel results;
    private final Map<Integer, TrialResult> recorded = new TreeMap<>();

    /**
     * Opens a study, or begins it.
     *
     * @param folder made if need be
     * @param configuration what must be the same each time, as JSON
     * @throws SearchException if the study in the folder has another configuration, is damaged, or
     *     is open in another process
     */
    StudyFolder(Path folder, JsonNode configuration) {
        this.folder = folder;
        try {
            Files.createDirectories(folder);
            lock = ExclusiveFile.open(folder.resolve(LOCK)).orElseThrow(this::inUse);
            boolean isOpen = false;
            try {
                requireSame(configuration);
                long complete = readRecorded();
                results =
                        FileChannel.open(
                                folder.resolve(RESULTS),
                                StandardOpenOption.CREATE,
                                StandardOpenOption.WRITE);
                results.truncate(complete).position(complete);
                isOpen = true;
            } finally {
                if (!isOpen) {
                    lock.close();
                }
            }
        } catch (IOException e) {
            throw new SearchException(
                    "The study %s cannot be opened (%s)".formatted(folder, AtomicFile.reason(e)),
                    e);
        }
    }

    private SearchException inUse() {
        return new SearchException(
                "The study %s is being worked on already; wait for it or choose another folder"
                        .formatted(folder));
    }

    private void requireSame(JsonNode wanted) throws IOException {
        Path file = folder.resolve(CONFIGURATION);
        if (!Files.exists(file)) {
            byte[] json = JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(wanted);
            AtomicFile.write(file, out -> out.write(json));
            return;
        }
        // What was written is compared, so that numbers have the types that reading gives them.
        JsonNode again = JSON.readTree(JSON.writeValueAsBytes(wanted));
        for (JsonDifference difference : JsonDifference.between(read(file), again)) {
            throw new SearchException(
                    "The study %s has %s %s, not %s; give the same configuration to continue it, or another folder"
                            .formatted(
                                    folder,
                                    difference.name(),
                                    ReadableValue.of(difference.kept()),
                                    ReadableValue.of(difference.wanted())));
        }
    }

    private static JsonNode read(Path file) throws IOException {
        try {
            return JSON.readTree(Files.readAllBytes(file));
        } catch (JsonProcessingException e) {
            throw new SearchException(
                    "%s is damaged; restore it or begin a study in another folder".formatted(file),
                    e);
        }
    }

    /** Reads the lines that were written to their ends, and returns their length in bytes. */
    private long readRecorded() throws IOException {
        List<TrialResult> lines = new ArrayList<>();
        Path file = folder.resolve(RESULTS);
        long complete = Files.exists(file) ? readLines(file, lines) : 0;
        lines.forEach(result -> recorded.put(result.index(), result));
        return complete;
    }

    private static long readLines(Path file, List<TrialResult> lines) throws IOException {
        // Bytes, because what was cut off may end within a character.
        byte[] bytes = Files.readAllBytes(file);
        int complete = bytes.length;
        while (complete > 0 && bytes[complete - 1] != '\n') {
            complete--;
        }
        String text = new String(bytes, 0, complete, StandardCharsets.UTF_8);
        for (String line : text.lines().toList()) {
            try {
                lines.add(TrialResult.parse(line));
            } catch (JsonProcessingException e) {
                throw new SearchException(
                        "Line %d of %s is damaged; delete it to have its candidate scored again"
                                .formatted(lines.size() + 1, file),
                        e);
            }
        }
        return complete;
    }

    /**
     * The results in a folder, in the order of their lines.
     *
     * @throws SearchException if there is no study or it is damaged
     */
    static List<TrialResult> results(Path folder) {
        List<TrialResult> lines = new ArrayList<>();
        try {
            configuration(folder);
            if (Files.exists(folder.resolve(RESULTS))) {
                readLines(folder.resolve(RESULTS), lines);
            }
        } catch (IOException e) {
            throw new SearchException(
                    "The study %s cannot be read (%s)".formatted(folder, AtomicFile.reason(e)), e);
        }
        return lines;
    }

    /**
     * The configuration of the study in a folder.
     *
     * @throws SearchException if there is no study or it is damaged
     */
    static JsonNode configuration(Path folder) throws IOException {
        Path file = folder.resolve(CONFIGURATION);
        if (!Files.exists(file)) {
            throw new SearchException(
                    "There is no study in %s; begin one or name its folder".formatted(folder));
        }
        return read(file);
    }

    /** The result of a candidate, if it has one. */
    synchronized Optional<TrialResult> recorded(int index) {
        return Optional.ofNullable(recorded.get(index));
    }

    /** All results so far, by number. */
    synchronized List<TrialResult> recorded() {
        return List.copyOf(recorded.values());
    }

    /** Adds a line. */
    synchronized void add(TrialResult result) {
        try {
            ByteBuffer line =
                    ByteBuffer.wrap((result.toJson() + "\n").getBytes(StandardCharsets.UTF_8));
            while (line.hasRemaining()) {
                results.write(line);
            }
            results.force(false);
        } catch (IOException e) {
            throw new SearchException(
                    "The results of %s cannot be written (%s)"
                            .formatted(folder, AtomicFile.reason(e)),
                    e);
        }
        recorded.put(result.index(), result);
    }

    /** Folder of a training. */
    Path run(Hyperparameters training) {
        return run(folder, training);
    }

    /** Folder of a training of the study in a folder. */
    static Path run(Path study, Hyperparameters training) {
        String digest =
                Hashing.sha256().hashString(training.toString(), StandardCharsets.UTF_8).toString();
        return study.resolve(RUNS).resolve(digest.substring(0, NAME_DIGITS));
    }

    @Override
    public void close() {
        try {
            results.close();
            lock.close();
        } catch (IOException e) {
            throw new SearchException(
                    "The study %s cannot be closed (%s)".formatted(folder, AtomicFile.reason(e)),
                    e);
        }
    }
}
