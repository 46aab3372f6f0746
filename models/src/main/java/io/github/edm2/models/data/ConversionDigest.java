package io.github.edm2.models.data;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Arrays;
import org.nd4j.shade.guava.hash.Hasher;
import org.nd4j.shade.guava.hash.Hashing;

/**
 * Tells conversions that give the same archive from others without reading the images: by the
 * paths, sizes and times of their files, their labels and the options.
 */
final class ConversionDigest {

    /** To be raised when the same images become other bytes. */
    private static final int VERSION = 1;

    /** More would only make the name of a file longer. */
    private static final int DIGITS = 16;

    private final Hasher hasher = Hashing.sha256().newHasher();

    private ConversionDigest() {}

    /** Lower-case hexadecimal digits. */
    static String of(RawImages images, ConversionOptions options) {
        ConversionDigest conversion = new ConversionDigest();
        conversion.add(VERSION);
        conversion.add(options);
        conversion.add(Arrays.toString(images.labels().classOf()));
        if (images.labels().areVectors()) {
            conversion.add(Arrays.deepToString(images.labels().vectors()));
        }
        images.files().forEach(conversion::addFile);
        return conversion.hasher.hash().toString().substring(0, DIGITS);
    }

    private void add(Object value) {
        hasher.putString(value + "\0", StandardCharsets.UTF_8);
    }

    private void addFile(Path file) {
        add(file.toAbsolutePath().normalize());
        try {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            add(attributes.size());
            add(attributes.lastModifiedTime());
        } catch (IOException e) {
            // The conversion will say that it cannot be read, or leave it out.
            add("unreadable");
        }
    }
}
