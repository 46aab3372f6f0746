package io.github.edm2.search;

import io.github.edm2.ema.AverageName;
import io.github.edm2.models.Count;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A study as one HTML page that needs nothing else: scores over EMA length as in arXiv:2312.02696
 * (section 3.3), heat map, parallel coordinates, the best candidates with the commands that make
 * their images, the error of reconstruction and the cost.
 */
public final class SearchReport {

    private static final int BEST = 10;
    private static final int DIGITS = 6;

    private final Study study;
    private final String program;
    private final Objective objective;

    private SearchReport(Study study, String program) {
        this.study = study;
        this.program = program;
        objective = study.objective();
    }

    /**
     * Writes the page with commands for a program called {@code edm2}.
     *
     * @see #write(Study, String)
     */
    public static Path write(Study study) throws IOException {
        return write(study, "edm2");
    }

    /**
     * Writes the page to {@code report.html} in the study's folder; it appears complete or not at
     * all.
     *
     * @param program what the page's commands begin with
     * @return the page
     * @throws IOException if it cannot be written
     */
    public static Path write(Study study, String program) throws IOException {
        Path file = study.folder().resolve(StudyFolder.REPORT);
        new SearchReport(study, program).write(file);
        return file;
    }

    /** What the page's script reads of a candidate. */
    private record Point(
            int index,
            Map<String, Object> training,
            double sigmaRel,
            long images,
            double guidance,
            int steps,
            double score,
            double predictedError) {}

    /** What the page's script reads. */
    private record Data(
            String score,
            boolean minimize,
            List<String> axes,
            Set<Long> times,
            List<Point> points) {}

    private void write(Path file) throws IOException {
        List<Point> points = new ArrayList<>();
        for (TrialResult result : study.results()) {
            Double score = result.scores().get(objective.score());
            if (score != null) {
                PostHoc choice = result.postHoc();
                points.add(
                        new Point(
                                result.index(),
                                result.training(),
                                choice.sigmaRel(),
                                choice.images(),
                                choice.guidance(),
                                choice.steps(),
                                SignificantDigits.round(score, DIGITS),
                                SignificantDigits.round(result.predictedError(), DIGITS)));
            }
        }
        Set<Long> times = new LinkedHashSet<>();
        points.forEach(point -> times.add(point.images));
        Data data =
                new Data(
                        study.named(objective.score()),
                        objective.minimize(),
                        axes(),
                        times,
                        points);
        HtmlPage.write(
                file,
                "EDM2 search",
                "io/github/edm2/search/report.html",
                Map.of("FACTS", facts(), "BEST", best(), "FAILED", failed()),
                data);
    }

    private List<String> axes() {
        Set<String> axes = new LinkedHashSet<>();
        study.results().forEach(result -> axes.addAll(result.training().keySet()));
        return List.copyOf(axes);
    }

    private String facts() {
        StringBuilder facts = new StringBuilder();
        List<TrialResult> ranked = study.ranked();
        for (String caution : Cautions.of(study)) {
            facts.append(
                    "<p class=\"caution\">Caution: %s</p>%n".formatted(HtmlPage.escape(caution)));
        }
        if (ranked.isEmpty()) {
            if (!study.hasOnlyFailures()) {
                facts.append("<p>No candidate has a score yet.</p>\n");
            }
        } else {
            TrialResult best = ranked.get(0);
            facts.append(
                    paragraph(
                            "Best: candidate %d with %s %s: sigma_rel %.3f after %s, %s.",
                            best.index(),
                            study.named(objective.score()),
                            SignificantDigits.text(best.scores().get(objective.score())),
                            best.postHoc().sigmaRel(),
                            Count.images(best.postHoc().images()),
                            best.trial().training()));
        }
        facts.append(
                paragraph(
                        "%s scored, %,d failed, %,d given up early.",
                        Count.of(
                                study.count(TrialResult.Status.COMPLETE),
                                "candidate",
                                "candidates"),
                        study.count(TrialResult.Status.FAILED),
                        study.count(TrialResult.Status.PRUNED)));
        facts.append(
                paragraph(
                        "Cost: %s trained, once for each choice of hyperparameters. A training for each EMA length would have taken %,d.",
                        Count.images(study.imagesTrained()), study.imagesOfExhaustiveSearch()));
        return facts.toString();
    }

    private static String paragraph(String format, Object... values) {
        return "<p>" + HtmlPage.escape(String.format(Locale.ROOT, format, values)) + "</p>\n";
    }

    private String best() {
        StringBuilder rows = new StringBuilder();
        List<TrialResult> ranked = study.ranked();
        for (TrialResult result : ranked.subList(0, Math.min(BEST, ranked.size()))) {
            StringBuilder scores = new StringBuilder();
            result.scores()
                    .forEach(
                            (name, value) ->
                                    scores.append(HtmlPage.escape(study.named(name)))
                                            .append(' ')
                                            .append(SignificantDigits.text(value))
                                            .append("<br>"));
            rows.append(
                    row("candidate", "hyperparameters", "sigma_rel", "images", "scores", "commands")
                            .formatted(
                                    result.index(),
                                    HtmlPage.escape(result.trial().training().toString()),
                                    AverageName.length(result.postHoc().sigmaRel()),
                                    "%,d".formatted(result.postHoc().images()),
                                    scores,
                                    commands(result)));
        }
        return rows.toString();
    }

    private String commands(TrialResult result) {
        CandidateCommands commands = CandidateCommands.of(study, result, program);
        String lines = String.join("\n", commands.lines());
        return (lines.isEmpty() ? "" : "<pre>" + HtmlPage.escape(lines) + "</pre>")
                + HtmlPage.escape(commands.note());
    }

    /** A line of a table; on narrow screens each cell is a line that begins with its column. */
    private static String row(String... columns) {
        return Arrays.stream(columns)
                .map("<td data-column=\"%s\">%%s</td>"::formatted)
                .collect(Collectors.joining("", "<tr>", "</tr>\n"));
    }

    private String failed() {
        StringBuilder rows = new StringBuilder();
        for (TrialResult result : study.results()) {
            if (result.status() == TrialResult.Status.FAILED) {
                rows.append(
                        row("candidate", "hyperparameters", "message")
                                .formatted(
                                        result.index(),
                                        HtmlPage.escape(result.trial().training().toString()),
                                        HtmlPage.escape(result.message())));
            }
        }
        return rows.isEmpty()
                ? ""
                : "<h2>Failed candidates</h2>\n<table><tr class=\"head\"><th>candidate</th><th>hyperparameters</th><th>message</th></tr>\n"
                        + rows
                        + "</table>";
    }
}
