package io.github.edm2.models.data;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A folder or an archive with image files in it. Names are paths relative to its root, with {@code
 * /} between their parts.
 */
sealed interface ImageSource extends AutoCloseable permits ImageFolder, ImageZip {

    /** Ends of the names of PNG files. */
    List<String> PNG = List.of(".png");

    /** Ends of the names of latents. */
    List<String> NPY = List.of(".npy");

    /** Names of the image files, sorted. */
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
     * Whether a name is that of an image. Files that start with a dot are not: they belong to the
     * operating system or to a program (the macOS archiver adds a {@code ._x.png} for every {@code
     * x.png}).
     *
     * @param extensions ends of the names of images, in lower case
     */
    static boolean isImage(String name, List<String> extensions) {
        String file = name.substring(name.lastIndexOf('/') + 1).toLowerCase(Locale.ROOT);
        return extensions.stream().anyMatch(file::endsWith) && !file.startsWith(".");
    }
}
