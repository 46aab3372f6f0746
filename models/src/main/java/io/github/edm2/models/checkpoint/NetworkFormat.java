package io.github.edm2.models.checkpoint;

import io.github.edm2.ema.AtomicFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipFile;
import org.deeplearning4j.util.ModelSerializer;

/** The kinds of network files, told apart by what is in them. */
public enum NetworkFormat {
    /** A zip archive of DL4J, see {@link NetworkFile}. */
    DL4J,

    /** See {@link NetworkSafetensors}. */
    SAFETENSORS,

    /** See {@link OfficialFile}. */
    OFFICIAL;

    private static final int PICKLE = 0x80;

    /** A safetensors file begins with the length of its header, which is JSON. */
    private static final int HEADER = Long.BYTES;

    /**
     * The format of a file.
     *
     * @throws NetworkFileException if it is missing, cannot be read, or is none of them
     */
    public static NetworkFormat of(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new NetworkFileException("There is no network file " + file, null);
        }
        try (InputStream in = Files.newInputStream(file)) {
            byte[] begin = in.readNBytes(HEADER + 1);
            if (begin.length > 0 && Byte.toUnsignedInt(begin[0]) == PICKLE) {
                return OFFICIAL;
            }
            if (begin.length > 1 && begin[0] == 'P' && begin[1] == 'K') {
                try (ZipFile zip = new ZipFile(file.toFile())) {
                    return zip.getEntry(ModelSerializer.CONFIGURATION_JSON) == null
                            ? OFFICIAL
                            : DL4J;
                }
            }
            if (begin.length > HEADER && begin[HEADER] == '{') {
                return SAFETENSORS;
            }
        } catch (IOException e) {
            throw new NetworkFileException(
                    "%s cannot be read as a network: %s".formatted(file, AtomicFile.reason(e)), e);
        }
        throw new NetworkFileException(
                "%s is no network file: it is neither a zip archive nor a pickle nor safetensors"
                        .formatted(file),
                null);
    }
}
