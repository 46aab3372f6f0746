package io.github.edm2.examples.cli;

/** A value that an option cannot take, for a reason that the rule of its kind does not give. */
final class OutOfRangeException extends IllegalArgumentException {

    private static final long serialVersionUID = 1;

    /**
     * @param rule completes the sentence "--option must be ..."
     * @param got the part of the value that breaks the rule
     */
    OutOfRangeException(String rule, Object got) {
        super("must be %s, got %s".formatted(rule, got));
    }
}
