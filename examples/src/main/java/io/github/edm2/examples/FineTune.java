package io.github.edm2.examples;

import io.github.edm2.ema.EmaListener;
import io.github.edm2.models.Edm2;
import io.github.edm2.models.Preset;
import io.github.edm2.models.checkpoint.NetworkFile;
import io.github.edm2.models.checkpoint.StateDict;
import io.github.edm2.models.data.ImageBatches;
import io.github.edm2.models.data.ImageDataset;
import io.github.edm2.models.diffusion.NoisePreProcessor;
import java.nio.file.Path;
import java.util.Map;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.optimize.listeners.ScoreIterationListener;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Adam;

/**
 * Goes on training a network with images of other classes: it keeps all weights but those of the
 * class labels.
 *
 * <pre>examples/run FineTune network.zip pets16.zip pets.zip 5</pre>
 *
 * Arguments: a network file, of {@link TrainOnImages} for instance, or a pickle of the official
 * release; labelled images of the size and channels of that network; the file to write; the number
 * of epochs, 5 unless given.
 */
public final class FineTune {

    /** The only weight whose shape depends on the classes, by its official name. */
    private static final String LABEL_WEIGHT = "unet.emb_label.weight";

    /** Distribution of the noise levels. */
    private static final Preset PRESET = Preset.of("edm2-16-tiny");

    /** A quarter of the rate of the first training. */
    private static final double LEARNING_RATE = 0.005;

    private static final double SIGMA_REL = 0.1;
    private static final int BATCH = 16;
    private static final long SEED = 1;
    private static final int PRINT_EVERY = 50;

    private FineTune() {}

    /** Trains and writes. */
    public static void main(String[] args) {
        if (args.length < 3) {
            throw new IllegalArgumentException("Arguments: NETWORK IMAGES TUNED [EPOCHS]");
        }
        int epochs = args.length > 3 ? Integer.parseInt(args[3]) : 5;
        NetworkFile pretrained = Edm2.read(Path.of(args[0]));
        try (ImageDataset images = ImageDataset.open(Path.of(args[1]), true)) {
            Edm2.write(tune(pretrained, images, epochs), Path.of(args[2]));
        }
    }

    private static NetworkFile tune(NetworkFile pretrained, ImageDataset images, int epochs) {
        Edm2 model =
                Edm2.builder()
                        .options(pretrained.options())
                        .numClasses(images.classes())
                        .updater(new Adam(LEARNING_RATE))
                        .seed(SEED)
                        .build();
        ComputationGraph net = model.init();
        Map<String, INDArray> weights = StateDict.of(pretrained.graph());
        weights.put(LABEL_WEIGHT, StateDict.of(net).get(LABEL_WEIGHT)); // new ones
        StateDict.load(net, weights);

        EmaListener ema = EmaListener.builder().sigmaRel(SIGMA_REL).build();
        net.addListeners(ema, new ScoreIterationListener(PRINT_EVERY));
        ImageBatches batches = ImageBatches.builder(images, BATCH).seed(SEED).epochs(1).build();
        batches.setPreProcessor(new NoisePreProcessor(PRESET.pMean(), PRESET.pStd(), SEED, 0));
        net.fit(batches, epochs);

        ema.tracker().average(SIGMA_REL).applyTo(net);
        return new NetworkFile(model.networkOptions(), net, images.classNames());
    }
}
