package io.github.edm2.examples.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.util.List;

/** A subcommand of the program, listed in {@link Main}. */
interface Command {

    /** What the user types: a word, or two of which the first names a group. */
    String name();

    /** What it does, in a line. */
    String summary();

    /** Further explanation for its help page; may be empty. */
    String details();

    /** Its options, in the order of the help page. */
    List<Setting<?>> settings();

    /** Placeholder of the one argument without an option's name; empty if there is none. */
    default String operand() {
        return "";
    }

    /**
     * Does it.
     *
     * @param arguments what the user gave
     * @param out results and progress
     * @throws UsageException if the arguments are wrong
     * @throws CommandException if it cannot be done; so may the libraries' exceptions say
     * @throws IOException if a file cannot be read or written
     */
    void run(Arguments arguments, PrintStream out) throws IOException;
}
