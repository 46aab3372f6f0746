package io.github.edm2.models.checkpoint;

/**
 * A network's file is missing, damaged or something else. The message is one sentence that names
 * the file and what is wrong.
 */
public final class NetworkFileException extends RuntimeException {

    private static final long serialVersionUID = 1;

    /** With the sentence for the user. */
    public NetworkFileException(String message, Throwable cause) {
        super(message, cause);
    }
}
