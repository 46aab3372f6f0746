package io.github.edm2.search;

import io.github.edm2.models.Preset;
import io.github.edm2.models.data.ImageBatches;
import io.github.edm2.models.data.ImageDataset;
import io.github.edm2.models.diffusion.HeldOutLoss;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.graph.ComputationGraph;

/**
 * Denoising loss of EDM2 networks on images that were not trained on: over all noise levels of a
 * preset's distribution, and for the lowest, middle and highest third of them. A mean per element:
 * channel of a pixel.
 *
 * <p>For one thread at a time.
 */
public final class HeldOutScore implements Score {

    /** Name of the loss over all noise levels. */
    public static final String NAME = "loss";

    /** A third of a normal distribution is below this many standard deviations from its mean. */
    private static final double TERCILE = -0.430727;

    static final List<String> NAMES =
            List.of(NAME, "loss_low_sigma", "loss_mid_sigma", "loss_high_sigma");

    private final HeldOutLoss loss;
    private final double[] edges;

    /**
     * @param images not trained on
     * @param preset whose distribution of noise levels is used, whatever was trained with
     * @param batch images in memory at a time
     * @param batches number of batches
     * @param seed of the noise
     */
    public HeldOutScore(ImageDataset images, Preset preset, int batch, int batches, long seed) {
        loss =
                new HeldOutLoss(
                        ImageBatches.builder(images, batch).seed(seed).build(),
                        batches,
                        preset.pMean(),
                        preset.pStd(),
                        preset.network().getSigmaData(),
                        seed);
        edges =
                new double[] {
                    Math.exp(preset.pMean() + TERCILE * preset.pStd()),
                    Math.exp(preset.pMean() - TERCILE * preset.pStd())
                };
    }

    @Override
    public List<String> names() {
        return NAMES;
    }

    @Override
    public Map<String, Double> of(ComputationGraph network, Trial trial) {
        double[] losses = loss.of(network, edges);
        Map<String, Double> named = new LinkedHashMap<>();
        for (int i = 0; i < losses.length; i++) {
            named.put(NAMES.get(i), losses[i]);
        }
        return named;
    }
}
