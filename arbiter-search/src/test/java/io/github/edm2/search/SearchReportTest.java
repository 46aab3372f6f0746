package io.github.edm2.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the page of a study says, without a browser. */
@Timeout(60)
class SearchReportTest {

    private static final Pattern MANY_DIGITS = Pattern.compile("\\d\\.\\d{12,}");

    @TempDir Path folder;

    private Study search(Recipe recipe) {
        Toy toy = new Toy();
        return toy.search(folder)
                .space(TrainingSpace.builder().axis("lr", 0.01, 0.03).build())
                .choices(PostHocSpace.of(EmaLengthSpace.linear(0.08, 0.1, 3), Toy.TIMES[0]))
                .recipe(recipe == null ? toy.recipe() : recipe)
                .build()
                .run()
                .study();
    }

    /** The page without the chart library. */
    private static String page(Study study) throws IOException {
        return Files.readString(SearchReport.write(study))
                .replaceFirst("(?s)<script>.*?</script>", "");
    }

    @Test
    void aNetworkOfOnesOwnHasJavaInsteadOfCommands() throws IOException {
        String page = page(search(null));
        assertFalse(page.contains("edm2 phema"), page);
        assertTrue(page.contains("reconstructAt(256L, 0.09).get(0.09)"), page);
    }

    @Test
    void aPageWithoutSnapshotsSaysSoInsteadOfFailing() throws IOException {
        Study study = search(null);
        Path first = study.run(study.ranked().get(0)).resolve("snapshots");
        try (Stream<Path> files = Files.list(first)) {
            Files.delete(
                    files.filter(f -> f.toString().endsWith("safetensors"))
                            .findAny()
                            .orElseThrow());
        }
        String page = page(study);
        assertTrue(page.contains("are not complete"), page);
        for (TrialResult result : study.results()) {
            Path snapshots = study.run(result).resolve("snapshots");
            Files.deleteIfExists(snapshots.resolve("manifest.json"));
        }
        assertFalse(page(study).contains("reconstructAt"), page);
    }

    @Test
    void numbersHaveFewDigitsInPageAndFiles() throws IOException {
        Study study = search(null);
        for (String text :
                List.of(
                        page(study),
                        Files.readString(folder.resolve("study.json")),
                        Files.readString(folder.resolve("best/candidate.json")))) {
            Matcher many = MANY_DIGITS.matcher(text);
            assertFalse(many.find(), () -> many.group());
        }
        assertEquals(0.09, study.results().get(1).postHoc().sigmaRel());
    }

    @Test
    void aStudyOfFailedTrainingsSaysThatEveryOneFailed() throws IOException {
        Recipe bad =
                Recipe.of(
                        "bad",
                        Toy::network,
                        (training, from) -> {
                            throw new IllegalStateException("no data");
                        });
        String page = page(search(bad));
        assertTrue(page.contains("Every training failed: 6 candidates without a score"), page);
        assertTrue(page.contains("no data"), page);
        assertFalse(page.contains("No candidate has a score yet"), page);
    }

    /** Nothing on the page is wider than a narrow screen, and colours are those of its scheme. */
    @Test
    void thePageFitsNarrowScreensAndDarkOnes() throws IOException {
        String page = page(search(null));
        assertTrue(page.contains("@media (prefers-color-scheme: dark)"));
        assertTrue(page.contains("color-scheme: light dark"));
        assertTrue(page.contains("@media (max-width:"));
        Matcher width = Pattern.compile("(?<!max-)width:\\s*(\\d+)(px|rem)").matcher(page);
        while (width.find()) {
            int pixels = Integer.parseInt(width.group(1)) * (width.group(2).equals("rem") ? 16 : 1);
            assertTrue(pixels <= 500, width.group());
        }
        assertTrue(page.contains("<td data-column=\"sigma_rel\">"), page);
    }
}
