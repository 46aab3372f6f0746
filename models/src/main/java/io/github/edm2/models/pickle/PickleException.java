package io.github.edm2.models.pickle;

/**
 * A pickle is damaged, or holds something that this reader does not take. The message completes a
 * sentence that begins with the file's name.
 */
public final class PickleException extends RuntimeException {

    private static final long serialVersionUID = 1;

    PickleException(String message) {
        super(message);
    }

    PickleException(String message, Throwable cause) {
        super(message, cause);
    }
}
