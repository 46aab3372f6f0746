package io.github.edm2.search;

/** Words of a command line. */
public final class ShellWord {

    private static final String PLAIN = "[A-Za-z0-9_@%+=:,./-]+";

    private ShellWord() {}

    /** A text as POSIX shells read it: in quotes where it has other characters than plain ones. */
    public static String of(String text) {
        return text.matches(PLAIN) ? text : "'" + text.replace("'", "'\\''") + "'";
    }
}
