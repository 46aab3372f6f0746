package io.github.edm2.models.checkpoint;

import io.github.edm2.ema.AtomicFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.nd4j.shade.guava.hash.Hashing;
import org.nd4j.shade.guava.io.MoreFiles;

/**
 * SHA-256 of a file, and the text file in which {@code sha256sum -c} finds it.
 *
 * @param hex 64 digits in lower case
 */
public record Checksum(String hex) {

    private static final Pattern LINE = Pattern.compile("(\\p{XDigit}{64})\\s.*", Pattern.DOTALL);

    /** Computes the checksum. */
    public static Checksum of(Path file) throws IOException {
        return new Checksum(MoreFiles.asByteSource(file).hash(Hashing.sha256()).toString());
    }

    /**
     * Reads a recorded checksum.
     *
     * @throws IOException if the file cannot be read or its first line does not begin with one
     */
    static Checksum read(Path record) throws IOException {
        Matcher line = LINE.matcher(Files.readString(record));
        if (!line.matches()) {
            throw new IOException(record + " does not hold a SHA-256 checksum");
        }
        return new Checksum(line.group(1).toLowerCase(Locale.ROOT));
    }

    /**
     * Records the checksum, all of it or nothing.
     *
     * @param record created or replaced
     * @param fileName what the checksum is of, in the same folder
     */
    void write(Path record, String fileName) throws IOException {
        byte[] line = "%s  %s\n".formatted(hex, fileName).getBytes(StandardCharsets.UTF_8);
        AtomicFile.write(record, out -> out.write(line));
    }
}
