package io.github.edm2.models.data;

import io.github.edm2.ema.AtomicFile;
import java.io.IOException;

/**
 * A dataset on disk that cannot be used as it is. The message names the file, what is wrong with it
 * and what to do.
 */
public final class DatasetException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    DatasetException(String message) {
        super(message);
    }

    DatasetException(String message, Throwable cause) {
        super(message, cause);
    }

    /** For a file that the operating system, a zip archive or a gzip stream does not give to us. */
    static DatasetException unreadable(String location, IOException cause) {
        return new DatasetException(
                "Cannot read "
                        + location
                        + " ("
                        + AtomicFile.reason(cause)
                        + "); check that it exists, may be read and is complete",
                cause);
    }
}
