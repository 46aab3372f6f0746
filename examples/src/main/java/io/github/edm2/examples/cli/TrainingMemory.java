package io.github.edm2.examples.cli;

import com.sun.management.OperatingSystemMXBean;
import io.github.edm2.models.unet.NetworkCost;
import io.github.edm2.models.unet.NetworkOptions;
import java.lang.management.ManagementFactory;
import java.util.Locale;
import java.util.Optional;

/** Warns of training that needs more memory than there is. */
final class TrainingMemory {

    /**
     * What each layer gives is kept with its gradient. Measured with 64 channels at 16x16, 32x32
     * and 64x64: 22, 65 and 209 MB an image, where this counts 20, 67 and 236.
     */
    private static final int BYTES_PER_ELEMENT = 2 * Float.BYTES;

    private static final double GIB = 1L << 30;

    private TrainingMemory() {}

    /** Memory of the machine or the container, bytes. */
    static long ofMachine() {
        return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
                .getTotalMemorySize();
    }

    /**
     * A sentence about images that do not fit.
     *
     * @param images in memory at a time
     * @param bytes that there are
     */
    static Optional<String> warning(NetworkOptions network, int images, long bytes) {
        double perImage = (double) BYTES_PER_ELEMENT * NetworkCost.of(network).elements();
        if (perImage * images <= bytes) {
            return Optional.empty();
        }
        long half = (long) (bytes / 2 / perImage);
        return Optional.of(
                String.format(
                        Locale.ROOT,
                        "warning: %,d images at a time take about %,.1f GiB, and there are %,.1f GiB; %s",
                        images,
                        perImage * images / GIB,
                        bytes / GIB,
                        half == 0
                                ? "train a smaller network"
                                : "give --batch-gpu %d or less, which changes results by rounding only"
                                        .formatted(half)));
    }
}
