package io.github.edm2.examples.cli;

import io.github.edm2.models.data.ImageDataset;
import io.github.edm2.models.metrics.Detector;
import io.github.edm2.models.metrics.Evaluation;
import io.github.edm2.models.metrics.FeatureStatistics;
import io.github.edm2.models.metrics.StatisticsFile;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The real images that others are compared with, as the command line names them. */
final class RealImages {

    static final Setting<Location> REF =
            Setting.derived(
                    "ref",
                    Location.KIND,
                    "computed from --real",
                    "statistics of real images: npz of metrics ref, or official pickle");
    static final Setting<Path> REAL =
            Setting.derived(
                    "real",
                    Kind.FILE,
                    "none",
                    "real images, for the kernel distance, precision, recall, density and coverage");

    static final String DETAILS =
            "Prints the Fréchet distance to the real images for each detector; with --real also the kernel distance"
                    + " with its standard error, precision and recall (3 neighbours), density and coverage (5"
                    + " neighbours). A metric that too few images leave undefined is shown as -.";

    private final Location reference;
    private final Path real;
    private final long seed;

    /** Of {@link #reference}, one for each detector; empty if there is none. */
    private final List<FeatureStatistics> references = new ArrayList<>();

    /** Of the images in {@link #real}, one for each detector; null until they are evaluated. */
    private List<Evaluation> originals;

    private RealImages(Location reference, Path real, long seed) {
        this.reference = reference;
        this.real = real;
        this.seed = seed;
    }

    /**
     * Reads the options.
     *
     * @param seed of the subsets of the kernel distance
     * @throws UsageException if there is neither --ref nor --real
     */
    static RealImages of(Arguments arguments, long seed) {
        Location reference = arguments.get(REF);
        Path real = arguments.get(REAL);
        if (reference == null && real == null) {
            throw new UsageException("--ref or --real is missing");
        }
        return new RealImages(reference, real, seed);
    }

    /** Whether the evaluations to compare must keep their features. */
    boolean needsFeatures() {
        return real != null;
    }

    /**
     * Reads --ref and looks whether there are images in --real, which takes no time beside the
     * making and the scoring of images.
     *
     * @param out for the progress of a download
     * @throws CommandException if --ref is of another detector of the same name, or there are too
     *     few real images; the exceptions of the readers if a file is missing or of another kind
     */
    void open(List<Detector> detectors, PrintStream out) {
        if (reference != null) {
            Path file = reference.file(out);
            detectors.forEach(detector -> references.add(statistics(file, detector)));
        }
        if (real != null) {
            try (ImageDataset dataset = ImageDataset.open(real, false)) {
                ScoredImages.requireEnough(dataset.count(), "--real " + real);
            }
        }
    }

    private static FeatureStatistics statistics(Path file, Detector detector) {
        FeatureStatistics statistics = StatisticsFile.read(file, detector.name());
        if (statistics.dimensions() != detector.dimensions()) {
            throw new CommandException(
                    "--ref %s has statistics of %,d features for the detector %s, which gives %,d; make them with the same detector"
                            .formatted(
                                    file,
                                    statistics.dimensions(),
                                    detector.name(),
                                    detector.dimensions()));
        }
        return statistics;
    }

    /**
     * Shows the images of --real to the detectors, if it is given.
     *
     * @param batch images in memory at a time
     * @param out for the progress
     */
    void evaluate(List<Detector> detectors, int batch, PrintStream out) {
        if (real != null) {
            try (ImageDataset dataset = ImageDataset.open(real, false)) {
                originals = ScoredImages.evaluate(dataset, detectors, batch, true, out);
            }
        }
    }

    /**
     * Compares images with the real ones, after {@link #open} and {@link #evaluate}.
     *
     * @param scored one evaluation for each detector
     * @return one for each detector
     */
    List<ImageScores> score(List<Detector> detectors, List<Evaluation> scored) {
        List<ImageScores> scores = new ArrayList<>();
        for (int i = 0; i < detectors.size(); i++) {
            FeatureStatistics statistics =
                    references.isEmpty() ? originals.get(i).statistics() : references.get(i);
            scores.add(
                    ImageScores.of(
                            detectors.get(i),
                            scored.get(i),
                            statistics,
                            real == null ? null : originals.get(i),
                            seed));
        }
        return scores;
    }
}
