package io.github.edm2.models.checkpoint;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Collectors;

/**
 * One of the networks that the official EDM2 release publishes, alone or with the network that
 * guides it, and the score that its authors report (Karras et al., arXiv:2312.02696, and for
 * autoguidance arXiv:2406.02507).
 *
 * @param name preset, as the official release calls it
 * @param net file name of the network, see {@link ModelFiles}
 * @param guide file name of the guiding network, or null without guidance
 * @param guidance guidance strength, 1 without guidance
 * @param metric {@code fid}, or {@code fd_dinov2}, the same distance between features of DINOv2
 * @param published score in this metric
 */
public record PublishedPreset(
        String name, String net, String guide, double guidance, String metric, double published) {

    private static final String TABLE = "published-networks.csv";

    private static final List<PublishedPreset> ALL = read();

    /** All presets in the order of the papers' tables, unmodifiable. */
    public static List<PublishedPreset> all() {
        return ALL;
    }

    /**
     * A preset.
     *
     * @param name such as {@code edm2-img512-s-guid-fid}
     * @throws IllegalArgumentException if there is none of this name
     */
    public static PublishedPreset of(String name) {
        return ALL.stream()
                .filter(preset -> preset.name.equals(name))
                .findFirst()
                .orElseThrow(
                        () ->
                                new IllegalArgumentException(
                                        "name must be one of %s, got %s".formatted(names(), name)));
    }

    private static String names() {
        return ALL.stream().map(PublishedPreset::name).collect(Collectors.joining(", "));
    }

    private static List<PublishedPreset> read() {
        try (BufferedReader lines =
                new BufferedReader(
                        new InputStreamReader(
                                PublishedPreset.class.getResourceAsStream(TABLE),
                                StandardCharsets.UTF_8))) {
            return lines.lines().skip(1).map(PublishedPreset::parse).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static PublishedPreset parse(String line) {
        String[] column = line.split(",", -1);
        return new PublishedPreset(
                column[0],
                column[1],
                column[2].isEmpty() ? null : column[2],
                column[3].isEmpty() ? 1 : Double.parseDouble(column[3]),
                column[4],
                Double.parseDouble(column[5]));
    }
}
