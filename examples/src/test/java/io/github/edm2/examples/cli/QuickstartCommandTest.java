package io.github.edm2.examples.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is wrong before a quickstart begins, and the report at its end. */
class QuickstartCommandTest {

    @TempDir Path folder;

    @Test
    void minutesMustBePositive() {
        Cli.fail(
                2,
                new String[] {"--minutes", "greater than 0", "0.0"},
                "quickstart",
                "--minutes",
                0);
    }

    @Test
    void earlierRunIsNotTouched() throws IOException {
        Path earlier = Files.createDirectories(folder.resolve("snapshots")).resolve("kept");
        Files.writeString(earlier, "kept");
        Cli.fail(
                1,
                new String[] {"snapshots exists already", "--outdir"},
                "quickstart",
                "--outdir",
                folder);
        Assertions.assertEquals("kept", Files.readString(earlier));
    }

    @Test
    void reportIsOneFileWithItsDataChartsAndPictures() throws IOException {
        Path png = folder.resolve("grid.png");
        Files.write(png, new byte[] {1, 2, 3});
        Path page = folder.resolve("report.html");
        new QuickstartReport(
                        "Title <1>",
                        List.of("a & b"),
                        List.of(new QuickstartReport.Loss(64, 1.5)),
                        List.of(new QuickstartReport.EmaLength(0.05, 0.25, 7.5, 0.001)),
                        List.of(new QuickstartReport.Grid("the grid", png)))
                .write(page);
        String html = Files.readString(page);
        for (String part :
                List.of(
                        "Title &lt;1&gt;",
                        "a &amp; b",
                        "{\"images\":64,\"loss\":1.5}",
                        "\"sigmaRel\":0.05",
                        "\"frechetDistance\":7.5",
                        "data:image/png;base64,AQID",
                        "the grid")) {
            Assertions.assertTrue(html.contains(part), part);
        }
        Assertions.assertFalse(html.contains("src=\"http"), "must need nothing from elsewhere");
        Assertions.assertFalse(html.matches("(?s).*@[A-Z]+@.*"), "a placeholder is left");
        Assertions.assertTrue(html.length() > 100_000, "the chart library is inside");
    }
}
