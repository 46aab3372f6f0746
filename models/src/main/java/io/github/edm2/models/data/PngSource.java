package io.github.edm2.models.data;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A folder or an archive with PNG files in it. Names are paths relative to its root, with {@code /}
 * between their parts.
 */
sealed interface PngSource extends AutoCloseable permits PngFolder, PngZip {

    /** Names of the PNG files, sorted. */
    List<String> names();

    /** How messages call the file {@code name}. */
    String location(String name);

    /** Opens a file to read its beginning. */
    InputStream open(String name) throws IOException;

    /** Reads a whole file. */
    byte[] read(String name) throws IOException;

    /** Reads the file {@code name} if there is one. */
    Optional<byte[]> readIfPresent(String name) throws IOException;

    @Override
    void close();

    /**
     * Whether a name is that of a PNG image. Files that start with a dot are not: they belong to
     * the operating system or to a program (the macOS archiver adds a {@code ._x.png} for every
     * {@code x.png}).
     */
    static boolean isPng(String name) {
        String file = name.substring(name.lastIndexOf('/') + 1);
        return file.toLowerCase(Locale.ROOT).endsWith(".png") && !file.startsWith(".");
    }
}
