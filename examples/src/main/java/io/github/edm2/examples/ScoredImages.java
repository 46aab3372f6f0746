package io.github.edm2.examples;

import io.github.edm2.models.data.ImageDataset;
import io.github.edm2.models.metrics.Detector;
import io.github.edm2.models.metrics.Evaluation;
import java.io.PrintStream;
import java.util.List;
import me.tongfei.progressbar.ProgressBar;

/** Shows the images of a dataset to detectors. */
final class ScoredImages {

    static final Setting<Integer> BATCH =
            Setting.of("batch", Kind.SMALL_COUNT, 64, "images in memory at a time");

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
        requireEnough(dataset.count());
        try (ProgressBar bar =
                Progress.start(dataset.name(), "images", 1, 0, dataset.count(), out)) {
            return Evaluation.of(dataset, detectors, batch, keepsFeatures, bar::stepTo);
        }
    }

    /** Two images are the fewest that have a covariance. */
    static void requireEnough(int images) {
        if (images < 2) {
            throw new CommandException("metrics need at least 2 images, got " + images);
        }
    }
}
