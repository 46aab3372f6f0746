package io.github.edm2.examples;

/** The program's name in commands that are printed. */
final class Program {

    /** Set by the script {@code edm2} to the name by which it was called. */
    private static final String PROPERTY = "edm2.program";

    private Program() {}

    static String name() {
        String called = System.getProperty(PROPERTY, "edm2");
        return called.contains(" ") ? "'" + called + "'" : called;
    }
}
