package io.github.edm2.models.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;

/**
 * A folder or an archive with image files in it. Names are paths relative to its root, with {@code
 * /} between their parts.
 */
sealed interface ImageSource extends AutoCloseable permits ImageFolder, ImageZip {

    /** Ends of the names of latents. */
    List<String> NPY = List.of(".npy");

    /** Names of the image files, sorted. */
    List<String> names();

    /** What was no image, a line for people; empty if there was nothing else. */
    String leftOut();

    /** Where the images are on disk: their files or the archive. */
    List<Path> files();

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
     * Reads a whole image file.
     *
     * @throws DatasetException if it cannot be read
     */
    default byte[] content(String name) {
        try {
            return read(name);
        } catch (IOException e) {
            throw DatasetException.unreadable(location(name), e);
        }
    }

    /**
     * The one shape of all image files, by their headers.
     *
     * @param header the shape of the file of a name
     * @param rule what the images must have in common, a sentence
     * @param remedy what to do where they have not
     * @throws DatasetException if a file is damaged or the shapes differ
     */
    default ImageShape commonShape(
            Function<String, ImageShape> header, String rule, String remedy) {
        ImageShape[] shapes = names().parallelStream().map(header).toArray(ImageShape[]::new);
        for (int i = 1; i < shapes.length; i++) {
            if (!shapes[i].equals(shapes[0])) {
                throw new DatasetException(
                        "%s, but %s is %s and %s is %s; %s"
                                .formatted(
                                        rule,
                                        location(names().get(0)),
                                        shapes[0],
                                        location(names().get(i)),
                                        shapes[i],
                                        remedy));
            }
        }
        return shapes[0];
    }

    /**
     * Reads the beginning of an image file.
     *
     * @return so many bytes, or all of a shorter file
     * @throws DatasetException if it cannot be read
     */
    default byte[] beginning(String name, int bytes) {
        try (InputStream in = open(name)) {
            return in.readNBytes(bytes);
        } catch (IOException e) {
            throw DatasetException.unreadable(location(name), e);
        }
    }

    /**
     * Checks that a file has the shape that it had before.
     *
     * @throws DatasetException if it has another one
     */
    default void requireUnchanged(String name, ImageShape before, ImageShape now) {
        if (!now.equals(before)) {
            throw new DatasetException(
                    "%s was %s when the dataset was opened and is %s now; open the dataset again"
                            .formatted(location(name), before, now));
        }
    }

    /**
     * Whether a file's name ends as those of images do.
     *
     * @param extensions ends of the names of images, in lower case
     */
    static boolean isImage(String name, List<String> extensions) {
        String file = name.substring(name.lastIndexOf('/') + 1).toLowerCase(Locale.ROOT);
        return extensions.stream().anyMatch(file::endsWith);
    }
}
