package io.github.edm2.examples;

import io.github.edm2.models.data.ImageDataset;
import io.github.edm2.models.metrics.Detector;
import io.github.edm2.models.metrics.Evaluation;
import io.github.edm2.models.metrics.FeatureStatistics;
import io.github.edm2.models.metrics.FrechetDistance;
import io.github.edm2.models.metrics.KernelDistance;
import io.github.edm2.models.metrics.Manifold;
import io.github.edm2.models.metrics.StatisticsFile;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Metrics of images as a Markdown table, a line per detector.
 *
 * @param reference file with the statistics of real images; null where they come from {@code real}
 * @param real real images, for the metrics that need their features; null for none of these
 * @param seed of the subsets of the kernel distance
 */
record MetricsTable(Path reference, Path real, long seed) {

    static final Setting<Path> REF =
            Setting.derived(
                    "ref",
                    Kind.FILE,
                    "computed from --real",
                    "statistics of real images: npz of metrics ref, or official pickle");
    static final Setting<Path> REAL =
            Setting.derived(
                    "real",
                    Kind.FILE,
                    "none",
                    "real images, for the kernel distance, precision, recall, density and coverage");
    static final Setting<Long> SEED =
            Setting.of("seed", Kind.SEED, 0L, "of the subsets of the kernel distance");

    static final String DETAILS =
            "Prints the Fréchet distance to the real images for each detector; with --real also the kernel distance"
                    + " with its standard error, precision and recall (3 neighbours), density and coverage (5"
                    + " neighbours).";

    private static final List<String> HEADERS =
            List.of(
                    "detector",
                    "images",
                    "Fréchet distance",
                    "kernel distance",
                    "precision",
                    "recall",
                    "density",
                    "coverage",
                    "named right");

    /**
     * Reads what the table is to compare with.
     *
     * @throws UsageException if there is neither --ref nor --real
     */
    static MetricsTable of(Arguments arguments) {
        Path reference = arguments.get(REF);
        Path real = arguments.get(REAL);
        if (reference == null && real == null) {
            throw new UsageException("--ref or --real is missing");
        }
        return new MetricsTable(reference, real, arguments.get(SEED));
    }

    /** Whether the evaluations must keep their features. */
    boolean needsFeatures() {
        return real != null;
    }

    /**
     * Computes and prints.
     *
     * @param scored one evaluation for each detector
     * @param batch real images in memory at a time
     */
    void print(List<Detector> detectors, List<Evaluation> scored, int batch, PrintStream out) {
        List<Evaluation> originals = real == null ? List.of() : originals(detectors, batch, out);
        List<List<String>> rows = new ArrayList<>();
        for (int i = 0; i < detectors.size(); i++) {
            FeatureStatistics statistics =
                    reference == null
                            ? originals.get(i).statistics()
                            : StatisticsFile.read(reference, detectors.get(i).name());
            rows.add(
                    row(
                            detectors.get(i),
                            scored.get(i),
                            statistics,
                            real == null ? null : originals.get(i)));
        }
        print(rows, out);
    }

    private List<Evaluation> originals(List<Detector> detectors, int batch, PrintStream out) {
        try (ImageDataset dataset = ImageDataset.open(real, false)) {
            return ScoredImages.evaluate(dataset, detectors, batch, true, out);
        }
    }

    private List<String> row(
            Detector detector,
            Evaluation scored,
            FeatureStatistics statistics,
            Evaluation original) {
        List<String> row = new ArrayList<>();
        row.add(detector.name());
        row.add(String.format(Locale.ROOT, "%,d", scored.count()));
        row.add(number(FrechetDistance.between(statistics, scored.statistics())));
        if (original == null) {
            row.addAll(List.of("", "", "", "", ""));
        } else {
            KernelDistance kernel =
                    KernelDistance.between(original.features(), scored.features(), seed);
            row.add(number(kernel.mean()) + " ± " + number(kernel.standardError()));
            Manifold manifold = Manifold.of(original.features(), scored.features());
            row.add(number(manifold.precision()));
            row.add(number(manifold.recall()));
            row.add(number(manifold.density()));
            row.add(number(manifold.coverage()));
        }
        row.add(
                scored.accuracy().isPresent()
                        ? String.format(
                                Locale.ROOT, "%.1f %%", 100 * scored.accuracy().getAsDouble())
                        : "");
        return row;
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.4g", value);
    }

    /** Leaves out the columns in which nothing stands. */
    private static void print(List<List<String>> rows, PrintStream out) {
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
