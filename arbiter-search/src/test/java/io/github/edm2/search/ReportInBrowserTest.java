package io.github.edm2.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The report as a browser shows it: Debian's {@code chromium}, without a window. */
@Timeout(120)
class ReportInBrowserTest {

    @TempDir Path folder;

    @Test
    void drawsAllChartsWithoutAnErrorAndMarksTheMinimumOfEachCurve() throws Exception {
        Optional<Path> chromium = chromium();
        Assumptions.assumeTrue(
                chromium.isPresent(), "there is no chromium here to look at the report");
        Path study = folder.resolve("study");
        SearchSummary found = new Toy().search(study).build().run();
        Path page = SearchReport.write(found.study());
        String shown = shown(chromium.get(), page);

        // ECharts draws each of the four charts as one picture of lines and areas.
        assertEquals(4, count(shown, "<svg "));
        int lines = 0;
        for (String chart : List.of("curves", "errors", "heat", "parallel")) {
            Matcher drawn =
                    Pattern.compile("id=\"" + chart + "\".*?</svg>", Pattern.DOTALL).matcher(shown);
            assertTrue(drawn.find(), chart + " is not drawn");
            lines = count(drawn.group(), "<path ");
            assertTrue(lines > 10, chart + " has only " + lines + " lines");
        }
        for (Object rate : List.of(0.003, 0.01, 0.03, 0.1)) {
            double best =
                    found.study().ranked().stream()
                            .filter(r -> r.training().get("lr").equals(rate))
                            .filter(r -> r.postHoc().images() == Toy.TIMES[1])
                            .findFirst()
                            .orElseThrow()
                            .postHoc()
                            .sigmaRel();
            String label = String.format(Locale.ROOT, ">%.3f</text>", best);
            assertTrue(shown.contains(label), "the minimum of lr " + rate + " is not marked");
        }
    }

    /** The page's elements after its scripts have run. */
    private String shown(Path chromium, Path page) throws IOException, InterruptedException {
        Path elements = folder.resolve("elements.html");
        Path errors = folder.resolve("errors.txt");
        Process browser =
                new ProcessBuilder(
                                chromium.toString(),
                                "--headless",
                                "--no-sandbox",
                                "--disable-gpu",
                                "--user-data-dir=" + folder.resolve("profile"),
                                "--enable-logging=stderr",
                                "--virtual-time-budget=10000",
                                "--dump-dom",
                                page.toUri().toString())
                        .redirectOutput(elements.toFile())
                        .redirectError(errors.toFile())
                        .start();
        try {
            assertTrue(browser.waitFor(90, TimeUnit.SECONDS), "chromium does not end");
        } finally {
            browser.destroyForcibly();
        }
        String log = Files.readString(errors, StandardCharsets.ISO_8859_1);
        assertTrue(!log.contains("CONSOLE"), log);
        return Files.readString(elements);
    }

    private static Optional<Path> chromium() {
        return Stream.of(System.getenv("PATH").split(File.pathSeparator))
                .flatMap(f -> Stream.of("chromium", "chromium-browser").map(Path.of(f)::resolve))
                .filter(Files::isExecutable)
                .findFirst();
    }

    private static int count(String text, String part) {
        return text.split(Pattern.quote(part), -1).length - 1;
    }
}
