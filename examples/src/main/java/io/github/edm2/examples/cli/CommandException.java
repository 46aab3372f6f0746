package io.github.edm2.examples.cli;

/** A command that cannot do what it was asked to. The message is one sentence for the user. */
final class CommandException extends RuntimeException {

    private static final long serialVersionUID = 1;

    CommandException(String message) {
        super(message);
    }

    CommandException(String message, Throwable cause) {
        super(message, cause);
    }
}
