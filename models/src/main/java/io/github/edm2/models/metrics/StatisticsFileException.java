package io.github.edm2.models.metrics;

/**
 * A file of statistics that cannot be used or written. The message names the file and what is wrong
 * with it.
 */
public final class StatisticsFileException extends RuntimeException {

    private static final long serialVersionUID = 1;

    StatisticsFileException(String message, Throwable cause) {
        super(message, cause);
    }
}
