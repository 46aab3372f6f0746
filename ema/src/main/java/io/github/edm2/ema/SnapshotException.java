package io.github.edm2.ema;

/**
 * A file of averages could not be written, is damaged, or belongs to another network. The message
 * is one sentence that names the file and what is wrong.
 */
public final class SnapshotException extends RuntimeException {

    private static final long serialVersionUID = 1;

    SnapshotException(String message) {
        super(message);
    }

    SnapshotException(String message, Throwable cause) {
        super(message, cause);
    }
}
