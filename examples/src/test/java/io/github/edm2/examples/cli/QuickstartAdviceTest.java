package io.github.edm2.examples.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a quickstart run tells beside its numbers. */
class QuickstartAdviceTest {

    @TempDir Path folder;

    private static QuickstartAdvice advice(double byLoss, double byDistance) {
        return new QuickstartAdvice(
                List.of(
                        length(0.03, byLoss, byDistance),
                        length(0.05, byLoss, byDistance),
                        length(0.1, byLoss, byDistance)));
    }

    private static QuickstartReport.EmaLength length(
            double sigmaRel, double byLoss, double byDistance) {
        return new QuickstartReport.EmaLength(
                sigmaRel, Math.abs(sigmaRel - byLoss), Math.abs(sigmaRel - byDistance), 0.001);
    }

    @Test
    void itSaysWhyTheScoresPreferDifferentLengths() {
        String text = advice(0.03, 0.05).lengths();
        assertTrue(
                text.startsWith(
                        "Best EMA length: sigma_rel 0.030 by held-out loss, 0.050 by Fréchet distance."),
                text);
        assertTrue(text.contains("measure different things"), text);
        assertEquals(
                "Best EMA length: sigma_rel 0.050 by held-out loss and by Fréchet distance.",
                advice(0.05, 0.05).lengths());
    }

    @Test
    void commandsNameTheFilesThatTheyMake() {
        String next = advice(0.03, 0.05).next(Path.of("quickstart"), 18_048);
        assertTrue(
                next.contains(
                        "edm2 phema --indir quickstart --outstd 0.050 --outdir quickstart/ema\n"
                                + "edm2 generate --net quickstart/ema/phema-0000018.048-0.050.zip "),
                next);
        assertTrue(
                advice(0.03, 0.05)
                        .next(Path.of("my quickstart"), 64)
                        .contains("--net 'my quickstart/network.zip'"));
    }

    @Test
    void thePageHasClassNamesDarkColoursUnitsAndFewDigits() throws IOException {
        Path png = Files.write(folder.resolve("grid.png"), new byte[] {1});
        Path page = folder.resolve("report.html");
        new QuickstartReport(
                        "Title",
                        List.of("fact"),
                        List.of(new QuickstartReport.Loss(64, 0.1 + 0.2)),
                        List.of(
                                new QuickstartReport.EmaLength(
                                        0.05, 0.1 + 0.2, 1 / 3.0, 0.09000000000000001)),
                        List.of(new QuickstartReport.Grid("grid", png)))
                .write(page);
        String html = Files.readString(page).replaceFirst("(?s)<script>.*?</script>", "");
        assertTrue(html.contains("<span>T-shirt/top</span><span>Trouser</span>"), html);
        assertTrue(html.contains("@media (prefers-color-scheme: dark)"), html);
        assertTrue(html.contains("held-out loss per element"), html);
        assertFalse(html.matches("(?s).*\\d\\.\\d{12,}.*"), html);
    }
}
