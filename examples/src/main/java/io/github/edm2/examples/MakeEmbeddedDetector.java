package io.github.edm2.examples;

import io.github.edm2.ema.SafetensorsFile;
import io.github.edm2.ema.Weights;
import io.github.edm2.models.data.EmbeddedImages;
import io.github.edm2.models.data.ImageDataset;
import io.github.edm2.models.metrics.EmbeddedDetector;
import java.nio.file.Path;
import java.util.Map;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.buffer.DataType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the detector that comes with the library ({@link EmbeddedDetector}): an {@link
 * MpClassifier} trained for eight epochs on the embedded images, in half precision, with its
 * configuration in the file's header. Takes a few minutes on two cores.
 *
 * <p>Argument: the file to write ({@code
 * models/src/main/resources/io/github/edm2/models/metrics/fashion-mnist-16.safetensors}).
 */
public final class MakeEmbeddedDetector {

    private static final Logger log = LoggerFactory.getLogger(MakeEmbeddedDetector.class);

    private static final int EPOCHS = 8;
    private static final int BATCH = 64;
    private static final int SEED = 1;

    private MakeEmbeddedDetector() {}

    /**
     * Trains and writes.
     *
     * @param args the file
     */
    public static void main(String[] args) {
        if (args.length != 1) {
            throw new IllegalArgumentException(
                    "one argument is needed, the file to write, got " + args.length);
        }
        try (ImageDataset train = EmbeddedImages.train(true);
                ImageDataset heldOut = EmbeddedImages.heldOut(true)) {
            ComputationGraph classifier =
                    MpClassifier.train(train, (long) EPOCHS * train.count(), BATCH, SEED);
            SafetensorsFile.write(
                    Path.of(args[0]),
                    Weights.of(classifier).asMap(),
                    DataType.FLOAT16,
                    Map.of(EmbeddedDetector.CONFIGURATION, classifier.getConfiguration().toJson()));
            log.info(
                    "{}: {} % of the held-out images right",
                    args[0], "%.1f".formatted(100 * MpClassifier.accuracy(classifier, heldOut)));
        }
    }
}
