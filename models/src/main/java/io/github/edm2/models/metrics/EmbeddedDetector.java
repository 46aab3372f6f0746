package io.github.edm2.models.metrics;

import io.github.edm2.ema.SafetensorsFile;
import io.github.edm2.ema.Weights;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.Map;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A small detector that comes with the library, so that images like the embedded ones ({@link
 * io.github.edm2.models.data.EmbeddedImages}) can be scored without a download: a residual
 * classifier of 16x16 grey pixels made of this project's magnitude-preserving layers, trained on
 * the embedded Fashion-MNIST by the example program {@code MakeEmbeddedDetector}. Its distances
 * compare with each other, not with anybody's FID. The features are those of the last layer but
 * one, averaged over the pixels, and the logits those of the ten classes. Safe to share between
 * threads, which take turns.
 */
public final class EmbeddedDetector implements Detector {

    /** Key of the network's configuration in the file's header. */
    public static final String CONFIGURATION = "configuration";

    /** What statistics files call this detector. */
    public static final String NAME = "embedded";

    private static final int DIMENSIONS = 96;

    private static final String RESOURCE = "fashion-mnist-16.safetensors";
    private static final String FEATURES = "silu";
    private static final String LOGITS = "logits";
    private static final int SIDE = 16;
    private static final double HALF_RANGE = 127.5;

    private final ComputationGraph classifier;

    private EmbeddedDetector(ComputationGraph classifier) {
        this.classifier = classifier;
    }

    /**
     * Loads the detector.
     *
     * @throws IOException if there is no room for a temporary file
     */
    public static EmbeddedDetector load() throws IOException {
        Path copy = Files.createTempFile("edm2-detector", ".safetensors");
        try (InputStream resource = EmbeddedDetector.class.getResourceAsStream(RESOURCE)) {
            Files.copy(resource, copy, StandardCopyOption.REPLACE_EXISTING);
            try (SafetensorsFile file = new SafetensorsFile(copy)) {
                ComputationGraph classifier =
                        new ComputationGraph(
                                ComputationGraphConfiguration.fromJson(
                                        file.metadata().get(CONFIGURATION)));
                classifier.init();
                Weights.of(classifier).read(file);
                return new EmbeddedDetector(classifier);
            }
        } finally {
            Files.delete(copy);
        }
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public int dimensions() {
        return DIMENSIONS;
    }

    /**
     * {@inheritDoc} Colours are averaged to grey, and larger images over blocks of pixels.
     *
     * @param images square; the sides are multiples of 16
     */
    @Override
    public Findings findings(INDArray images) {
        if (images.rank() != 4
                || images.size(2) != images.size(3)
                || images.size(2) % SIDE != 0
                || images.size(2) == 0) {
            throw new IllegalArgumentException(
                    "The embedded detector takes square images whose sides are multiples of %d pixels, [n, channels, side, side], got %s; convert them with dataset convert"
                            .formatted(SIDE, Arrays.toString(images.shape())));
        }
        long block = images.size(2) / SIDE;
        INDArray grey =
                images.castTo(DataType.FLOAT)
                        .reshape('c', images.size(0), images.size(1), SIDE, block, SIDE, block)
                        .mean(1, 3, 5)
                        .reshape('c', images.size(0), 1, SIDE, SIDE);
        Map<String, INDArray> activations;
        synchronized (classifier) {
            activations = classifier.feedForward(grey.divi(HALF_RANGE).subi(1), false);
        }
        return new Findings(activations.get(FEATURES).mean(2, 3), activations.get(LOGITS));
    }

    @Override
    public void close() {
        classifier.close();
    }
}
