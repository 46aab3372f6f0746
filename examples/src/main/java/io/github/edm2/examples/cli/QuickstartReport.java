package io.github.edm2.examples.cli;

import io.github.edm2.ema.AtomicFile;
import io.github.edm2.models.data.EmbeddedImages;
import io.github.edm2.search.SignificantDigits;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.stream.Collectors;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/**
 * What a quickstart run found, as one HTML file that needs nothing else.
 *
 * @param title headline
 * @param facts paragraphs under it; line breaks are kept
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

    /** The loss per element at an image count. */
    record Loss(long images, double loss) {}

    /**
     * An EMA length, the held-out loss of its weights per element, the Fréchet distance of its
     * samples and the error of its reconstruction.
     */
    record EmaLength(
            double sigmaRel, double heldOutLoss, double frechetDistance, double predictedError) {}

    /** A picture with a caption; its rows are the classes of the embedded images. */
    record Grid(String caption, Path png) {}

    /** What the page's script reads. */
    private record Series(List<Loss> training, List<EmaLength> sweep) {}

    private static final int DIGITS = 6;

    private static final String CHARTS =
            "/META-INF/resources/webjars/chart.js/4.4.7/dist/chart.umd.js";

    /** Writes the page; it appears complete or not at all. */
    void write(Path file) throws IOException {
        StringBuilder facts = new StringBuilder();
        this.facts.forEach(fact -> facts.append("<p>").append(escape(fact)).append("</p>\n"));
        String rows =
                EmbeddedImages.CLASS_NAMES.stream()
                        .map(name -> "<span>" + escape(name) + "</span>")
                        .collect(Collectors.joining());
        StringBuilder pictures = new StringBuilder();
        for (Grid grid : samples) {
            String png = Base64.getEncoder().encodeToString(Files.readAllBytes(grid.png));
            pictures.append(
                    "<figure><div class=\"rows\">%s</div><img alt=\"%s\" src=\"data:image/png;base64,%s\"><figcaption>%s</figcaption></figure>%n"
                            .formatted(rows, escape(grid.caption), png, escape(grid.caption)));
        }
        String page =
                resource("/io/github/edm2/examples/cli/quickstart-report.html")
                        .replace("@TITLE@", escape(title))
                        .replace("@FACTS@", facts)
                        .replace("@PICTURES@", pictures)
                        .replace("@DATA@", new ObjectMapper().writeValueAsString(series()))
                        .replace("@CHARTS@", resource(CHARTS).replace("</script", "<\\/script"));
        AtomicFile.write(file, out -> out.write(page.getBytes(StandardCharsets.UTF_8)));
    }

    /** The numbers with the digits that a reader can see. */
    private Series series() {
        return new Series(
                training.stream()
                        .map(point -> new Loss(point.images, rounded(point.loss)))
                        .toList(),
                sweep.stream()
                        .map(
                                length ->
                                        new EmaLength(
                                                length.sigmaRel,
                                                rounded(length.heldOutLoss),
                                                rounded(length.frechetDistance),
                                                rounded(length.predictedError)))
                        .toList());
    }

    private static double rounded(double value) {
        return SignificantDigits.round(value, DIGITS);
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
