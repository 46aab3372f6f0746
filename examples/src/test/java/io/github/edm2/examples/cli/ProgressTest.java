package io.github.edm2.examples.cli;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import me.tongfei.progressbar.ProgressBar;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is shown of work under way. */
class ProgressTest {

    @ParameterizedTest
    @CsvSource({
        "0.7142, images, 1.4 s/image",
        "0.004, networks, 250 s/network",
        "0.95, MB, 1.1 s/MB",
        "1, images, 1.0 images/s",
        "12.345, images, 12.3 images/s",
        "12345.6, images, 12346 images/s",
        "0, images, ? images/s",
        "NaN, latents, ? latents/s",
        "Infinity, latents, ? latents/s"
    })
    void ratesBelowOneASecondAreSecondsForEach(double perSecond, String units, String expected) {
        Assertions.assertEquals(expected, Rate.text(perSecond, units));
    }

    private static List<String> lines(int from, int until, int of) throws InterruptedException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
        try (ProgressBar bar = Progress.start("task", "images", 1, from, of, out)) {
            Thread.sleep(100); // as long as some work
            bar.stepTo(until);
        }
        return bytes.toString(StandardCharsets.UTF_8).lines().toList();
    }

    @Test
    void linesAreNotRepeatedWhereThereIsNoTerminal() throws InterruptedException {
        List<String> lines = lines(0, 6, 6);
        Assertions.assertEquals(
                1, lines.stream().filter(l -> l.contains("6/6")).count(), lines::toString);
        Assertions.assertTrue(lines.size() <= 2, lines::toString);
        Assertions.assertFalse(lines.get(0).contains("\r"));
    }

    /** Half of the work done earlier is no part of the rate. */
    @Test
    void theRateIsThatOfThisProgram() throws InterruptedException {
        List<String> lines = lines(1_000_000, 1_000_001, 1_000_003);
        String last = lines.get(lines.size() - 1);
        double rate = Double.parseDouble(last.replaceFirst(".*\\) ([0-9.]+) images/s$", "$1"));
        Assertions.assertTrue(rate > 1 && rate <= 10, last);
    }

    @Test
    void aStandstillIsNoNewLine() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        LogLines lines = new LogLines(new PrintStream(bytes, true, StandardCharsets.UTF_8), 120);
        lines.accept("train  50% [==  ] 3/6 images (0:00:10 / 0:00:10) 3.3 s/image");
        lines.accept("train  50% [==  ] 3/6 images (0:00:20 / 0:00:20) 6.7 s/image");
        lines.accept("train 100% [====] 6/6 images (0:00:30 / 0:00:00) 5.0 s/image");
        Assertions.assertEquals(2, bytes.toString(StandardCharsets.UTF_8).lines().count());
    }
}
