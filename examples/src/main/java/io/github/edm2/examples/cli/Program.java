package io.github.edm2.examples.cli;

import io.github.edm2.search.ShellWord;
import java.nio.file.Path;

/** Parts of commands that are printed. */
final class Program {

    /** Set by the script {@code edm2} to the name by which it was called. */
    private static final String PROPERTY = "edm2.program";

    private Program() {}

    /** The program's name. */
    static String name() {
        return ShellWord.of(System.getProperty(PROPERTY, "edm2"));
    }

    /** A path as shells read it. */
    static String quoted(Path path) {
        return ShellWord.of(path.toString());
    }
}
