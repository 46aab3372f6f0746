package io.github.edm2.tests.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.edm2.models.Edm2;
import io.github.edm2.models.checkpoint.NetworkFileException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Pattern;

/** Asserts that a file is refused as it should be: soon, cheaply, and in words for its user. */
final class Refused {

    private static final Duration SOON = Duration.ofSeconds(5);

    /** Bytes allocated on the way, whether kept or not. */
    private static final long CHEAP = 400L << 20;

    /** What only programmers of Java understand. */
    private static final Pattern JARGON =
            Pattern.compile("java|null|cast|Exception|io\\.github|org\\.|[$@]|\\[[IJL]\\b");

    private Refused() {}

    /** Asserts that reading the network of a file fails, with this among what is said. */
    static void assertRefused(Path file, String expected) {
        String message = assertTimeoutPreemptively(SOON, () -> message(file));
        assertTrue(message.contains(file.toString()), message);
        String said = message.replace(file.toString(), "");
        assertTrue(said.contains(expected), () -> "\"%s\": %s".formatted(expected, said));
        assertEquals(1, message.lines().count(), message);
        assertFalse(JARGON.matcher(said).find(), message);
        assertTrue(said.length() < 600, message);
    }

    private static String message(Path file) {
        com.sun.management.ThreadMXBean threads =
                (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        String message =
                assertThrows(NetworkFileException.class, () -> Edm2.fromOfficial(file))
                        .getMessage();
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertTrue(allocated < CHEAP, () -> "%,d bytes allocated".formatted(allocated));
        return message;
    }
}
