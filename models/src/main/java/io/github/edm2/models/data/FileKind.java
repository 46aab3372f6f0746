package io.github.edm2.models.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;

/** What a file of images seems to be, by its first two bytes. */
enum FileKind {
    ZIP,
    /** Compressed with gzip or not. */
    IDX,
    OTHER;

    /**
     * Looks at a file.
     *
     * @throws DatasetException if it cannot be read
     */
    static FileKind of(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return switch (HexFormat.of().formatHex(in.readNBytes(2))) {
                case "504b" -> ZIP;
                case "0000", "1f8b" -> IDX;
                default -> OTHER;
            };
        } catch (IOException e) {
            throw DatasetException.unreadable(file.toString(), e);
        }
    }
}
