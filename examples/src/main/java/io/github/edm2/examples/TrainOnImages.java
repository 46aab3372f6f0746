package io.github.edm2.examples;

import io.github.edm2.ema.EmaListener;
import io.github.edm2.models.Edm2;
import io.github.edm2.models.Preset;
import io.github.edm2.models.checkpoint.NetworkFile;
import io.github.edm2.models.data.ImageBatches;
import io.github.edm2.models.data.ImageDataset;
import io.github.edm2.models.data.ImageShape;
import io.github.edm2.models.diffusion.NoisePreProcessor;
import java.nio.file.Path;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.optimize.listeners.ScoreIterationListener;

/**
 * Trains the network of the model zoo on a folder of images with DL4J's {@code fit}, and writes the
 * average of its weights.
 *
 * <pre>examples/run TrainOnImages photos16.zip network.zip 10</pre>
 *
 * Arguments: images of one size, square (folder or archive; the command {@code dataset convert}
 * makes one), in a folder for each class if there are classes; the file to write; the number of
 * epochs, 10 unless given. {@link DrawGrid} draws with the file.
 */
public final class TrainOnImages {

    /** Small enough for a CPU; see {@link Preset#presets} for larger ones. */
    private static final Preset PRESET = Preset.of("edm2-16-tiny");

    /** Length of the average, relative to the length of the training. */
    private static final double SIGMA_REL = 0.1;

    private static final long SEED = 1;
    private static final int PRINT_EVERY = 50;

    private TrainOnImages() {}

    /** Trains and writes. */
    public static void main(String[] args) {
        if (args.length < 2) {
            throw new IllegalArgumentException("Arguments: IMAGES NETWORK [EPOCHS]");
        }
        int epochs = args.length > 2 ? Integer.parseInt(args[2]) : 10;
        try (ImageDataset images = ImageDataset.open(Path.of(args[0]))) {
            Edm2.write(train(images, epochs), Path.of(args[1]));
        }
    }

    private static NetworkFile train(ImageDataset images, int epochs) {
        ImageShape shape = images.shape();
        Edm2 model =
                Edm2.preset(PRESET.name()) // with its updater, too
                        .inputShape(new int[] {shape.channels(), shape.height(), shape.width()})
                        .numClasses(images.classes())
                        .seed(SEED)
                        .build();
        ComputationGraph net = model.init();

        // Diffusion networks draw with an average of their weights, which has less noise.
        EmaListener ema = EmaListener.builder().sigmaRel(SIGMA_REL).build();
        net.addListeners(ema, new ScoreIterationListener(PRINT_EVERY));

        // Clean images from the dataset; the preprocessor adds noise of random strength.
        ImageBatches batches =
                ImageBatches.builder(images, PRESET.batch()).seed(SEED).epochs(1).build();
        batches.setPreProcessor(new NoisePreProcessor(PRESET.pMean(), PRESET.pStd(), SEED, 0));
        net.fit(batches, epochs);

        ema.tracker().average(SIGMA_REL).applyTo(net);
        return new NetworkFile(model.networkOptions(), net, images.classNames());
    }
}
