package io.github.edm2.examples.cli;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Assertions;

/**
 * What the program said to a command line.
 *
 * @param code exit code
 * @param out standard output
 * @param err standard error
 */
record Cli(int code, String out, String err) {

    /** Runs the program; arguments are converted to strings. */
    static Cli run(Object... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int code =
                Main.run(
                        Arrays.stream(args).map(Object::toString).toArray(String[]::new),
                        new PrintStream(out, true, StandardCharsets.UTF_8),
                        new PrintStream(err, true, StandardCharsets.UTF_8));
        return new Cli(
                code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    static String succeed(Object... args) {
        Cli result = run(args);
        Assertions.assertEquals(0, result.code, result.err);
        Assertions.assertEquals("", result.err);
        return result.out;
    }

    /** Runs a command that must fail with one line that contains all these parts. */
    static void fail(int code, String[] parts, Object... args) {
        Cli result = run(args);
        Assertions.assertEquals(code, result.code, result.out + result.err);
        Assertions.assertEquals(1, result.err.lines().count(), result.err);
        for (String part : parts) {
            Assertions.assertTrue(result.err.contains(part), part + " in: " + result.err);
        }
    }
}
