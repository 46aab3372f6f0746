package io.github.edm2.examples.cli;

import io.github.edm2.models.data.EmbeddedImages;
import io.github.edm2.search.HtmlPage;
import io.github.edm2.search.SignificantDigits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

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

    /** Writes the page; it appears complete or not at all. */
    void write(Path file) throws IOException {
        StringBuilder facts = new StringBuilder();
        this.facts.forEach(
                fact -> facts.append("<p>").append(HtmlPage.escape(fact)).append("</p>\n"));
        String rows =
                EmbeddedImages.CLASS_NAMES.stream()
                        .map(name -> "<span>" + HtmlPage.escape(name) + "</span>")
                        .collect(Collectors.joining());
        StringBuilder pictures = new StringBuilder();
        for (Grid grid : samples) {
            String png = Base64.getEncoder().encodeToString(Files.readAllBytes(grid.png));
            pictures.append(
                    "<figure><div class=\"rows\">%s</div><img alt=\"%s\" src=\"data:image/png;base64,%s\"><figcaption>%s</figcaption></figure>%n"
                            .formatted(
                                    rows,
                                    HtmlPage.escape(grid.caption),
                                    png,
                                    HtmlPage.escape(grid.caption)));
        }
        HtmlPage.write(
                file,
                title,
                "io/github/edm2/examples/cli/quickstart-report.html",
                Map.of("FACTS", facts.toString(), "PICTURES", pictures.toString()),
                series());
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
}
