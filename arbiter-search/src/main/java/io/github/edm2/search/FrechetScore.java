package io.github.edm2.search;

import io.github.edm2.models.data.Pixels;
import io.github.edm2.models.metrics.Detector;
import io.github.edm2.models.metrics.Evaluation;
import io.github.edm2.models.metrics.FeatureStatistics;
import io.github.edm2.models.metrics.FrechetDistance;
import io.github.edm2.models.sampling.Denoiser;
import io.github.edm2.models.sampling.HeunSampler;
import io.github.edm2.models.sampling.Nd4jNoise;
import io.github.edm2.models.sampling.SeededNoise;
import io.github.edm2.models.unet.FrozenNetwork;
import io.github.edm2.models.unet.NetworkOptions;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Fréchet distance between samples of EDM2 networks and real images, by a detector's features, with
 * the guidance and the sampling steps of the candidate.
 *
 * <p>For one thread at a time.
 */
public final class FrechetScore implements Score {

    private final String name;
    private final Edm2Recipe recipe;
    private final Detector detector;
    private final FeatureStatistics real;
    private final FrozenNetwork guide;
    private final int samples;
    private final int batch;

    /**
     * @param recipe of the networks
     * @param detector what sees the samples; not closed
     * @param real its statistics of real images
     * @param guide a weaker network of the same images and classes; null if the strength of
     *     guidance is always 1
     * @param samples number of samples, at least 2; their seeds are 0, 1 and so on
     * @param batch samples in memory at a time
     */
    public FrechetScore(
            Edm2Recipe recipe,
            Detector detector,
            FeatureStatistics real,
            FrozenNetwork guide,
            int samples,
            int batch) {
        name = "frechet_" + detector.name();
        this.recipe = recipe;
        this.detector = detector;
        this.real = real;
        this.guide = guide;
        this.samples = samples;
        this.batch = batch;
    }

    @Override
    public List<String> names() {
        return List.of(name);
    }

    @Override
    public Map<String, Double> of(ComputationGraph network, Trial trial) {
        NetworkOptions options = recipe.options(trial.training());
        FrozenNetwork frozen = new FrozenNetwork(options, network);
        Evaluation evaluation = new Evaluation(detector, false);
        // A detector serves one thread at a time.
        synchronized (detector) {
            for (long from = 0; from < samples; from += batch) {
                long[] seeds = LongStream.range(from, Math.min(from + batch, samples)).toArray();
                evaluation.add(Pixels.decode(draw(frozen, options, seeds, trial.postHoc())));
            }
            return Map.of(name, FrechetDistance.between(real, evaluation.statistics()));
        }
    }

    private INDArray draw(
            FrozenNetwork network, NetworkOptions options, long[] seeds, PostHoc choice) {
        INDArray labels = labels(seeds, options.getLabelDim());
        Denoiser denoiser = Denoiser.of(network, labels);
        if (guide != null) {
            denoiser = Denoiser.guided(denoiser, Denoiser.of(guide, labels), choice.guidance());
        } else if (choice.guidance() != 1) {
            throw new IllegalArgumentException(
                    "The guidance must be 1 without a guide, got " + choice.guidance());
        }
        int size = options.getImgResolution();
        try (SeededNoise noise = new Nd4jNoise(seeds, options.getImgChannels(), size, size)) {
            return HeunSampler.builder()
                    .steps(choice.steps())
                    .build()
                    .sample(denoiser, noise.get());
        }
    }

    /** One class after the other; null without classes. */
    private static INDArray labels(long[] seeds, int classes) {
        if (classes == 0) {
            return null;
        }
        int[] labels = Arrays.stream(seeds).mapToInt(seed -> (int) (seed % classes)).toArray();
        return Nd4j.eye(classes).castTo(DataType.FLOAT).getRows(labels);
    }
}
