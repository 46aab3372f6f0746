package io.github.edm2.examples.cli;

import io.github.edm2.models.data.ImageDataset;
import io.github.edm2.models.metrics.Detector;
import io.github.edm2.models.metrics.Evaluation;
import java.io.PrintStream;
import java.util.List;
import java.util.stream.IntStream;
import me.tongfei.progressbar.ProgressBar;

/** Shows the images of a dataset to detectors. */
final class ScoredImages {

    static final Setting<Integer> BATCH =
            Setting.of("batch", Kind.SMALL_COUNT, 64, "images in memory at a time");

    /** The fewest images that have a covariance. */
    static final int LEAST = 2;

    private ScoredImages() {}

    /**
     * Shows all images.
     *
     * @param batch images in memory at a time
     * @param keepsFeatures as for {@link Evaluation}
     * @param out for the progress
     * @return one per detector, in their order
     * @throws CommandException if there are too few images for any metric
     */
    static List<Evaluation> evaluate(
            ImageDataset dataset,
            List<Detector> detectors,
            int batch,
            boolean keepsFeatures,
            PrintStream out) {
        int[] all = IntStream.range(0, dataset.count()).toArray();
        return evaluate(dataset, all, detectors, batch, keepsFeatures, out);
    }

    /** The same with the images of some indices. */
    static List<Evaluation> evaluate(
            ImageDataset dataset,
            int[] indices,
            List<Detector> detectors,
            int batch,
            boolean keepsFeatures,
            PrintStream out) {
        requireEnough(indices.length, dataset.name());
        try (ProgressBar bar =
                Progress.start(dataset.name(), "images", 1, 0, indices.length, out)) {
            return Evaluation.of(dataset, indices, detectors, batch, keepsFeatures, bar::stepTo);
        }
    }

    /**
     * Checks that there are images enough for a covariance.
     *
     * @param from where they come from, for the message
     */
    static void requireEnough(int images, String from) {
        if (images < LEAST) {
            throw new CommandException(
                    "metrics need at least %d images, got %d from %s"
                            .formatted(LEAST, images, from));
        }
    }
}
