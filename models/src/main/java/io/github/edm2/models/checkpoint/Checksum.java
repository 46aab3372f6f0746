package io.github.edm2.models.checkpoint;

import io.github.edm2.ema.AtomicFile;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * SHA-256 of a file, and the text file in which {@code sha256sum -c} finds it.
 *
 * @param hex 64 digits in lower case
 */
public record Checksum(String hex) {

    private static final Pattern LINE = Pattern.compile("(\\p{XDigit}{64})\\s.*", Pattern.DOTALL);

    /** Computes the checksum. */
    public static Checksum of(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file);
                DigestInputStream digest =
                        new DigestInputStream(in, MessageDigest.getInstance("SHA-256"))) {
            digest.transferTo(OutputStream.nullOutputStream());
            return new Checksum(HexFormat.of().formatHex(digest.getMessageDigest().digest()));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform must have SHA-256", e);
        }
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
