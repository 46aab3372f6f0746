package io.github.edm2.examples.cli;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.Locale;
import java.util.function.BiFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Metrics of images as a Markdown table, after the warnings about them. */
final class MetricsTable {

    /** What stands where a metric is not defined. */
    private static final String UNDEFINED = "-";

    private static final List<String> HEADERS =
            Stream.of(
                            Stream.of("detector", "repeat", "images"),
                            Stream.of(Metric.values()).map(Metric::header),
                            Stream.of("note"))
                    .flatMap(part -> part)
                    .toList();

    private MetricsTable() {}

    /**
     * Prints a row for each detector; where there are repeats, one for each of them and then their
     * minimum and range.
     *
     * @param repeats scores of each repeat, one for each detector
     */
    static void print(List<List<ImageScores>> repeats, PrintStream out) {
        repeats.stream()
                .flatMap(List::stream)
                .flatMap(one -> FewImages.warnings(one).stream())
                .distinct()
                .forEach(warning -> out.println("warning: " + warning));
        List<List<String>> rows = new ArrayList<>();
        for (int d = 0; d < repeats.get(0).size(); d++) {
            int detector = d;
            addRows(repeats.stream().map(scores -> scores.get(detector)).toList(), rows);
        }
        printRows(rows, out);
    }

    private static void addRows(List<ImageScores> repeats, List<List<String>> rows) {
        boolean once = repeats.size() == 1;
        for (int r = 0; r < repeats.size(); r++) {
            ImageScores scores = repeats.get(r);
            rows.add(row(scores, once ? "" : Integer.toString(r + 1), MetricsTable::cell));
        }
        if (!once) {
            ImageScores any = repeats.get(0);
            rows.add(
                    row(
                            any,
                            "minimum",
                            (scores, metric) -> cell(metric, over(repeats, metric).getMin())));
            rows.add(
                    row(
                            any,
                            "range",
                            (scores, metric) ->
                                    cell(metric, over(repeats, metric).getMin())
                                            + " to "
                                            + cell(metric, over(repeats, metric).getMax())));
        }
    }

    private static DoubleSummaryStatistics over(List<ImageScores> repeats, Metric metric) {
        return repeats.stream()
                .mapToDouble(scores -> scores.values().get(metric))
                .summaryStatistics();
    }

    private static List<String> row(
            ImageScores scores, String repeat, BiFunction<ImageScores, Metric, String> cell) {
        List<String> row = new ArrayList<>();
        row.add(scores.detector());
        row.add(repeat);
        row.add(String.format(Locale.ROOT, "%,d", scores.images()));
        for (Metric metric : Metric.values()) {
            row.add(scores.values().containsKey(metric) ? cell.apply(scores, metric) : "");
        }
        row.add(FewImages.note(scores));
        return row;
    }

    private static String cell(ImageScores scores, Metric metric) {
        String value = cell(metric, scores.values().get(metric));
        return metric == Metric.KERNEL ? value + " ± " + cell(metric, scores.kernelError()) : value;
    }

    private static String cell(Metric metric, double value) {
        if (Double.isNaN(value)) {
            return UNDEFINED;
        }
        return metric == Metric.NAMED
                ? String.format(Locale.ROOT, "%.1f %%", 100 * value)
                : String.format(Locale.ROOT, "%.4g", value);
    }

    /** Leaves out the columns in which nothing stands. */
    private static void printRows(List<List<String>> rows, PrintStream out) {
        List<Integer> columns = new ArrayList<>();
        for (int c = 0; c < HEADERS.size(); c++) {
            int column = c;
            if (rows.stream().anyMatch(row -> !row.get(column).isEmpty())) {
                columns.add(column);
            }
        }
        out.println(line(HEADERS, columns));
        out.println("|" + "---|".repeat(columns.size()));
        rows.forEach(row -> out.println(line(row, columns)));
    }

    private static String line(List<String> row, List<Integer> columns) {
        return columns.stream().map(row::get).collect(Collectors.joining(" | ", "| ", " |"));
    }
}
