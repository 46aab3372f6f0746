package io.github.edm2.examples.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.edm2.models.Preset;
import io.github.edm2.models.unet.NetworkOptions;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** A micro-batch that cannot fit is warned of, with one that can. */
class TrainingMemoryTest {

    private static final NetworkOptions XS = Preset.of("edm2-img512-xs").network();
    private static final long GIB = 1L << 30;

    @Test
    void onlyWhatDoesNotFitIsWarnedOf() {
        assertEquals(Optional.empty(), TrainingMemory.warning(XS, 4, 24 * GIB));
        assertEquals(
                "warning: 2,048 images at a time take about 1,299.4 GiB, and there are 24.0 GiB; give --batch-gpu 18 or less, which changes results by rounding only",
                TrainingMemory.warning(XS, 2048, 24 * GIB).orElseThrow());
        assertEquals(
                "warning: 2 images at a time take about 1.3 GiB, and there are 1.0 GiB; train a smaller network",
                TrainingMemory.warning(XS, 2, GIB).orElseThrow());
    }
}
