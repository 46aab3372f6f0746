package io.github.edm2.search;

import io.github.edm2.models.Edm2;
import io.github.edm2.models.Preset;
import io.github.edm2.models.checkpoint.NetworkFile;
import io.github.edm2.models.data.ImageBatches;
import io.github.edm2.models.data.ImageDataset;
import io.github.edm2.models.diffusion.LearningRateSchedule;
import io.github.edm2.models.training.FiniteAdam;
import io.github.edm2.models.training.Trainer;
import io.github.edm2.models.unet.NetworkOptions;
import java.io.IOException;
import java.io.OutputStream;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongConsumer;
import org.deeplearning4j.nn.graph.ComputationGraph;

/**
 * Trains EDM2 networks as {@link Trainer} does, by the axes of {@link Edm2Space} and a preset for
 * what is not searched. One training at a time reads the dataset.
 */
public final class Edm2Recipe implements Recipe {

    /** Name in the description, by which a study is known to be of EDM2 networks. */
    static final String PRESET = "preset";

    private final Preset preset;
    private final ImageDataset dataset;

    /**
     * @param preset where the defaults come from; the images' shape and classes follow the dataset
     * @param dataset images to train on, square, not closed
     */
    public Edm2Recipe(Preset preset, ImageDataset dataset) {
        this.preset = preset;
        this.dataset = dataset;
    }

    @Override
    public Map<String, Object> description() {
        Map<String, Object> description = new LinkedHashMap<>();
        description.put(PRESET, preset.name());
        description.put("data", dataset.name());
        description.put("images", dataset.count());
        description.put("classes", dataset.classes());
        return description;
    }

    /** The preset's options for these hyperparameters and the dataset's images. */
    public NetworkOptions options(Hyperparameters hyperparameters) {
        hyperparameters.values().keySet().forEach(Edm2Space::requireKnown);
        NetworkOptions network = preset.network();
        return network.toBuilder()
                .imgResolution(dataset.shape().height())
                .imgChannels(dataset.shape().channels())
                .labelDim(dataset.classes())
                .modelChannels(
                        integer(hyperparameters, Edm2Space.CHANNELS, network.getModelChannels()))
                .dropout(number(hyperparameters, Edm2Space.DROPOUT, network.getDropout()))
                .build()
                .validate();
    }

    @Override
    public ComputationGraph network(Hyperparameters hyperparameters) {
        return Edm2.builder()
                .options(options(hyperparameters))
                .seed(seed(hyperparameters))
                .updater(
                        new FiniteAdam(
                                new LearningRateSchedule(
                                        number(
                                                hyperparameters,
                                                Edm2Space.LEARNING_RATE,
                                                preset.learningRate()),
                                        number(
                                                hyperparameters,
                                                Edm2Space.DECAY,
                                                preset.decayBatches()),
                                        preset.rampUpImages(),
                                        batch(hyperparameters))))
                .build()
                .init();
    }

    @Override
    public void fit(
            ComputationGraph network,
            Hyperparameters hyperparameters,
            long from,
            long to,
            LongConsumer step) {
        long seed = seed(hyperparameters);
        int batch = batch(hyperparameters);
        ImageBatches batches =
                ImageBatches.builder(dataset, batch).seed(seed).startImage(from).build();
        try (Trainer trainer =
                new Trainer(
                        network,
                        batches,
                        batch,
                        number(hyperparameters, Edm2Space.P_MEAN, preset.pMean()),
                        number(hyperparameters, Edm2Space.P_STD, preset.pStd()),
                        seed)) {
            while (trainer.images() < to) {
                trainer.step();
                step.accept(trainer.images());
            }
        }
    }

    /** Per element of an image: pixel and channel. */
    @Override
    public double loss(ComputationGraph network, Hyperparameters hyperparameters) {
        return network.score() / dataset.shape().length();
    }

    /** With the network's options, so that {@code generate} can read it. */
    @Override
    public void write(ComputationGraph network, Hyperparameters hyperparameters, OutputStream out)
            throws IOException {
        new NetworkFile(options(hyperparameters), network, dataset.classNames()).write(out, false);
    }

    private int batch(Hyperparameters hyperparameters) {
        return integer(hyperparameters, Edm2Space.BATCH, preset.batch());
    }

    private static long seed(Hyperparameters hyperparameters) {
        return integer(hyperparameters, Edm2Space.SEED, 0);
    }

    private static double number(Hyperparameters hyperparameters, String name, double presetValue) {
        return hyperparameters.has(name) ? hyperparameters.number(name) : presetValue;
    }

    private static int integer(Hyperparameters hyperparameters, String name, int presetValue) {
        return (int) number(hyperparameters, name, presetValue);
    }
}
