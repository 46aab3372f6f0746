package io.github.edm2.examples;

import io.github.edm2.ema.AtomicFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/**
 * What a quickstart run found, as one HTML file that needs nothing else.
 *
 * @param title headline
 * @param facts lines of text under it
 * @param training the loss over time
 * @param sweep scores of each EMA length
 * @param samples pictures of samples
 */
record QuickstartReport(
        String title,
        List<String> facts,
        List<Loss> training,
        List<EmaLength> sweep,
        List<Grid> samples) {

    /** The loss at an image count. */
    record Loss(long images, double loss) {}

    /**
     * An EMA length, the held-out loss of its weights, the Fréchet distance of its samples and the
     * error of its reconstruction.
     */
    record EmaLength(
            double sigmaRel, double heldOutLoss, double frechetDistance, double predictedError) {}

    /** A picture with a caption. */
    record Grid(String caption, Path png) {}

    /** What the page's script reads. */
    private record Series(List<Loss> training, List<EmaLength> sweep) {}

    private static final String CHARTS =
            "/META-INF/resources/webjars/chart.js/4.4.7/dist/chart.umd.js";

    /** Writes the page; it appears complete or not at all. */
    void write(Path file) throws IOException {
        StringBuilder facts = new StringBuilder();
        this.facts.forEach(fact -> facts.append("<p>").append(escape(fact)).append("</p>\n"));
        StringBuilder pictures = new StringBuilder();
        for (Grid grid : samples) {
            String png = Base64.getEncoder().encodeToString(Files.readAllBytes(grid.png));
            pictures.append(
                    "<figure><img alt=\"%s\" src=\"data:image/png;base64,%s\"><figcaption>%s</figcaption></figure>%n"
                            .formatted(escape(grid.caption), png, escape(grid.caption)));
        }
        String page =
                resource("/io/github/edm2/examples/quickstart-report.html")
                        .replace("@TITLE@", escape(title))
                        .replace("@FACTS@", facts)
                        .replace("@PICTURES@", pictures)
                        .replace(
                                "@DATA@",
                                new ObjectMapper().writeValueAsString(new Series(training, sweep)))
                        .replace("@CHARTS@", resource(CHARTS).replace("</script", "<\\/script"));
        AtomicFile.write(file, out -> out.write(page.getBytes(StandardCharsets.UTF_8)));
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }

    private static String resource(String name) throws IOException {
        try (InputStream in = QuickstartReport.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
