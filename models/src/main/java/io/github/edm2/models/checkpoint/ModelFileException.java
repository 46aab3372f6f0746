package io.github.edm2.models.checkpoint;

/**
 * A published network's file cannot be downloaded. The message is one sentence that names the URL,
 * what went wrong, and the folder for a file downloaded by hand.
 */
public final class ModelFileException extends RuntimeException {

    private static final long serialVersionUID = 1;

    ModelFileException(String message, Throwable cause) {
        super(message, cause);
    }
}
