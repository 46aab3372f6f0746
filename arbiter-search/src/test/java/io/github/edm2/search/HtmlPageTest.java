package io.github.edm2.search;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HtmlPageTest {

    @TempDir Path folder;

    /** Neither marks nor the signs of regular expressions nor ends of scripts do anything. */
    @Test
    void partsAndDataStayAsTheyAre() throws IOException {
        Path file = folder.resolve("page.html");
        HtmlPage.write(
                file,
                "A & \"B\"",
                "io/github/edm2/search/report.html",
                Map.of("FACTS", "<p>@BEST@ $1 \\1</p>", "BEST", "best", "FAILED", ""),
                List.of("</script>"));
        String page = Files.readString(file);
        assertTrue(page.contains("<h1>A &amp; &quot;B&quot;</h1>"));
        assertTrue(page.contains("<p>@BEST@ $1 \\1</p>"));
        assertTrue(page.contains("const data = [\"<\\/script>\"];"));
        assertFalse(page.contains("@FAILED@"));
    }
}
