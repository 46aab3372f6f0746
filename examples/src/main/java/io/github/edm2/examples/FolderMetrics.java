package io.github.edm2.examples;

import io.github.edm2.models.data.ImageDataset;
import io.github.edm2.models.metrics.Detector;
import io.github.edm2.models.metrics.EmbeddedDetector;
import io.github.edm2.models.metrics.Evaluation;
import io.github.edm2.models.metrics.FrechetDistance;
import io.github.edm2.models.metrics.KernelDistance;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Tells how close a folder of images is to another by the network that comes with the library:
 * Fréchet distance and kernel distance, the lower the closer.
 *
 * <pre>examples/run FolderMetrics drawn photos16.zip</pre>
 *
 * Arguments: two folders or archives of images, square, with sides that are multiples of 16 pixels.
 * The network knows Fashion-MNIST only, so its numbers compare with each other and with nobody
 * else's; {@code onnx.OnnxDetector} runs Inception or DINOv2 instead. Both distances need some
 * hundreds of images at least.
 */
public final class FolderMetrics {

    /** Images in memory at a time. */
    private static final int BATCH = 200;

    /** Of the subsets of the kernel distance. */
    private static final long SEED = 0;

    private FolderMetrics() {}

    /**
     * Compares and prints.
     *
     * @throws IOException if the detector cannot be unpacked
     */
    public static void main(String[] args) throws IOException {
        if (args.length != 2) {
            throw new IllegalArgumentException("Arguments: IMAGES REAL_IMAGES");
        }
        try (Detector detector = EmbeddedDetector.load()) {
            Evaluation drawn = evaluate(detector, Path.of(args[0]));
            Evaluation real = evaluate(detector, Path.of(args[1]));
            System.out.printf(
                    "Fréchet distance of %d images to %d: %.4f%n",
                    drawn.count(),
                    real.count(),
                    FrechetDistance.between(real.statistics(), drawn.statistics()));
            KernelDistance kernel = KernelDistance.between(real.features(), drawn.features(), SEED);
            System.out.printf(
                    "kernel distance: %.5f (standard error %.5f)%n",
                    kernel.mean(), kernel.standardError());
        }
    }

    private static Evaluation evaluate(Detector detector, Path path) {
        try (ImageDataset images = ImageDataset.open(path)) {
            return Evaluation.of(images, List.of(detector), BATCH, true, done -> {}).get(0);
        }
    }
}
