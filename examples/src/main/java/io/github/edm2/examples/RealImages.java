package io.github.edm2.examples;

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

    /** Of the images in {@link #real}, one for each detector; null until they are needed. */
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
     * Compares images with the real ones.
     *
     * @param scored one evaluation for each detector
     * @param batch real images in memory at a time
     * @param out for the progress
     * @return one for each detector
     */
    List<ImageScores> score(
            List<Detector> detectors, List<Evaluation> scored, int batch, PrintStream out) {
        if (real != null && originals == null) {
            originals = evaluate(detectors, batch, out);
        }
        Path file = Location.file(reference, out);
        List<ImageScores> scores = new ArrayList<>();
        for (int i = 0; i < detectors.size(); i++) {
            FeatureStatistics statistics =
                    file == null
                            ? originals.get(i).statistics()
                            : StatisticsFile.read(file, detectors.get(i).name());
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

    private List<Evaluation> evaluate(List<Detector> detectors, int batch, PrintStream out) {
        try (ImageDataset dataset = ImageDataset.open(real, false)) {
            return ScoredImages.evaluate(dataset, detectors, batch, true, out);
        }
    }
}
