package io.github.edm2.search;

/** A search cannot begin or go on; the message says why and what to do. */
public final class SearchException extends RuntimeException {

    private static final long serialVersionUID = 1;

    SearchException(String message) {
        super(message);
    }

    SearchException(String message, Throwable cause) {
        super(message, cause);
    }
}
