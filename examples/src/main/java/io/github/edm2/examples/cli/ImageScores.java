package io.github.edm2.examples.cli;

import io.github.edm2.models.metrics.Detector;
import io.github.edm2.models.metrics.Evaluation;
import io.github.edm2.models.metrics.FeatureStatistics;
import io.github.edm2.models.metrics.FrechetDistance;
import io.github.edm2.models.metrics.KernelDistance;
import io.github.edm2.models.metrics.Manifold;
import java.util.EnumMap;
import java.util.Map;
import java.util.OptionalLong;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Metrics of one set of images by one detector.
 *
 * @param detector its name
 * @param dimensions features that it gives for each image
 * @param images number of images that were scored
 * @param real number of real images in the Fréchet distance, if known
 * @param compared number of real images in the other metrics; 0 where these were not asked for
 * @param values without the metrics that were not asked for; NaN where there are too few images
 * @param kernelError standard error of the kernel distance; NaN where there is none
 */
record ImageScores(
        String detector,
        int dimensions,
        long images,
        OptionalLong real,
        long compared,
        Map<Metric, Double> values,
        double kernelError) {

    /** Fewest images of each set that have neighbours enough for precision and recall. */
    static final int LEAST_FOR_PRECISION = Manifold.PRECISION_NEIGHBOURS + 1;

    /** Fewest images of each set that have neighbours enough for density and coverage. */
    static final int LEAST_FOR_DENSITY = Manifold.NEIGHBOURS + 1;

    /**
     * Computes the metrics.
     *
     * @param scored at least 2 images
     * @param statistics of real images
     * @param original the real images with their features; null for the Fréchet distance only
     * @param seed of the subsets of the kernel distance
     */
    static ImageScores of(
            Detector detector,
            Evaluation scored,
            FeatureStatistics statistics,
            Evaluation original,
            long seed) {
        Map<Metric, Double> values = new EnumMap<>(Metric.class);
        values.put(Metric.FRECHET, FrechetDistance.between(statistics, scored.statistics()));
        double kernelError = Double.NaN;
        if (original != null) {
            INDArray x = original.features();
            INDArray y = scored.features();
            KernelDistance kernel = KernelDistance.between(x, y, seed);
            values.put(Metric.KERNEL, kernel.mean());
            kernelError = kernel.standardError();
            addManifold(values, x, y);
        }
        scored.accuracy().ifPresent(share -> values.put(Metric.NAMED, share));
        return new ImageScores(
                detector.name(),
                detector.dimensions(),
                scored.count(),
                statistics.count(),
                original == null ? 0 : original.count(),
                values,
                kernelError);
    }

    private static void addManifold(Map<Metric, Double> values, INDArray real, INDArray scored) {
        long fewest = Math.min(real.size(0), scored.size(0));
        boolean precise = fewest >= LEAST_FOR_PRECISION;
        boolean dense = fewest >= LEAST_FOR_DENSITY;
        Manifold manifold =
                precise
                        ? Manifold.of(
                                real,
                                scored,
                                Manifold.PRECISION_NEIGHBOURS,
                                dense ? Manifold.NEIGHBOURS : Manifold.PRECISION_NEIGHBOURS)
                        : null;
        values.put(Metric.PRECISION, precise ? manifold.precision() : Double.NaN);
        values.put(Metric.RECALL, precise ? manifold.recall() : Double.NaN);
        values.put(Metric.DENSITY, dense ? manifold.density() : Double.NaN);
        values.put(Metric.COVERAGE, dense ? manifold.coverage() : Double.NaN);
    }
}
