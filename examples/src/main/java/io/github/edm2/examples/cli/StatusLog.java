package io.github.edm2.examples.cli;

import io.github.edm2.ema.AtomicFile;
import io.github.edm2.search.SignificantDigits;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.nd4j.shade.jackson.core.JsonProcessingException;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/**
 * How a training goes: {@code stats.jsonl}, a JSON object per status, and {@code log.txt} for
 * people.
 */
final class StatusLog {

    /**
     * The training at one moment.
     *
     * @param images images trained
     * @param loss mean per element of an image (channel of a pixel) since the status before; NaN if
     *     no step's loss was a number
     * @param learningRate of the last step
     * @param seconds training time, that of earlier runs included
     * @param imagesPerSecond since the status before
     * @param memoryBytes physical memory of the process
     */
    record Status(
            long images,
            double loss,
            double learningRate,
            double seconds,
            double imagesPerSecond,
            long memoryBytes) {

        private String toJson() throws IOException {
            return JSON.createObjectNode()
                    .put("images", images)
                    .put(
                            "loss",
                            Double.isFinite(loss) ? SignificantDigits.round(loss, DIGITS) : null)
                    .put("loss_unit", "per element")
                    .put("lr", SignificantDigits.round(learningRate, DIGITS))
                    .put("seconds", SignificantDigits.round(seconds, DIGITS))
                    .put("images_per_second", SignificantDigits.round(imagesPerSecond, DIGITS))
                    .put("memory_bytes", memoryBytes)
                    .toString();
        }

        private String toLine() {
            return "images %,d  loss per element %s  lr %.3e  seconds %.0f  %s  memory %.2f GiB"
                    .formatted(
                            images,
                            ShownLoss.text(loss, 4),
                            learningRate,
                            seconds,
                            Rate.text(imagesPerSecond, "images"),
                            memoryBytes / (double) (1 << 30));
        }
    }

    /** Of numbers in JSON; a loss varies more from step to step. */
    private static final int DIGITS = 7;

    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path stats;
    private final Path log;

    /**
     * @param folder of the run
     */
    StatusLog(Path folder) {
        stats = folder.resolve("stats.jsonl");
        log = folder.resolve("log.txt");
    }

    /** Drops what an interrupted run wrote after the checkpoint from which it continues. */
    void rewindTo(long images) throws IOException {
        if (!Files.exists(stats)) {
            return;
        }
        List<String> kept = new ArrayList<>();
        for (String line : Files.readAllLines(stats)) {
            if (isUpTo(images, line)) {
                kept.add(line);
            }
        }
        AtomicFile.write(
                stats,
                out -> {
                    for (String line : kept) {
                        out.write((line + "\n").getBytes(StandardCharsets.UTF_8));
                    }
                });
    }

    private static boolean isUpTo(long images, String line) throws IOException {
        try {
            JsonNode status = JSON.readTree(line);
            return status != null && status.path("images").asLong(Long.MAX_VALUE) <= images;
        } catch (JsonProcessingException e) {
            return false; // cut off by a crash
        }
    }

    /** Adds a line about the run to the log for people. */
    void note(String text) throws IOException {
        append(log, text);
    }

    /** Adds a status to both. */
    void add(Status status) throws IOException {
        append(stats, status.toJson());
        append(log, status.toLine());
    }

    private static void append(Path file, String line) throws IOException {
        Files.writeString(file, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }
}
