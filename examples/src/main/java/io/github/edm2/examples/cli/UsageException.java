package io.github.edm2.examples.cli;

/** A command line that cannot be understood. The message is one sentence for the user. */
final class UsageException extends RuntimeException {

    private static final long serialVersionUID = 1;

    UsageException(String message) {
        super(message);
    }
}
