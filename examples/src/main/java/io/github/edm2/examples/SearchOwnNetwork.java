package io.github.edm2.examples;

import io.github.edm2.models.data.EmbeddedImages;
import io.github.edm2.models.data.ImageBatches;
import io.github.edm2.models.data.ImageDataset;
import io.github.edm2.search.EmaLengthSpace;
import io.github.edm2.search.Hyperparameters;
import io.github.edm2.search.Objective;
import io.github.edm2.search.PostHocEmaSearch;
import io.github.edm2.search.PostHocSpace;
import io.github.edm2.search.Recipe;
import io.github.edm2.search.Score;
import io.github.edm2.search.SearchReport;
import io.github.edm2.search.SearchSummary;
import io.github.edm2.search.TrainingSpace;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * Searches learning rate and EMA length of a network of one's own with Arbiter, here a perceptron
 * of DL4J's layers: three trainings, of which 72 candidates are scored.
 *
 * <pre>examples/run SearchOwnNetwork study 40000</pre>
 *
 * Arguments: the folder of the study, which holds {@code report.html} and {@code best/network.zip}
 * in the end, and in which an interrupted search continues; the number of images of a training, a
 * multiple of 800, 40,000 unless given.
 */
public final class SearchOwnNetwork {

    private static final int SNAPSHOTS = 16;
    private static final int BATCH = 50;
    private static final long SEED = 1;

    private SearchOwnNetwork() {}

    /**
     * Searches and reports.
     *
     * @throws IOException if the report cannot be written
     */
    public static void main(String[] args) throws IOException {
        if (args.length < 1) {
            throw new IllegalArgumentException("Arguments: STUDY [IMAGES]");
        }
        long images = args.length > 1 ? Long.parseLong(args[1]) : 40_000;
        try (ImageDataset train = EmbeddedImages.train(true);
                ImageDataset test = EmbeddedImages.heldOut(true)) {
            int[] all = IntStream.range(0, test.count()).toArray();
            DataSet heldOut = new DataSet(test.images(all), test.labels(all));
            SearchSummary found =
                    PostHocEmaSearch.builder()
                            .study(Path.of(args[0]))
                            // what needs a training of its own
                            .space(TrainingSpace.builder().axis("lr", 0.001, 0.003, 0.01).build())
                            // what is read from the snapshots of each training
                            .choices(
                                    PostHocSpace.of(
                                            EmaLengthSpace.linear(0.02, 0.2, 12),
                                            images / 2,
                                            images))
                            .snapshotEvery(images / SNAPSHOTS)
                            .recipe(
                                    Recipe.of(
                                            "perceptron",
                                            SearchOwnNetwork::network,
                                            (h, from) -> batches(train, from)))
                            .scores(Score.of("loss", net -> net.score(heldOut)))
                            .objective(Objective.lowest("loss"))
                            .build()
                            .run();
            System.out.println("best: " + found.best().orElseThrow());
            System.out.println("report: " + SearchReport.write(found.study()));
        }
    }

    private static ComputationGraph network(Hyperparameters h) {
        ComputationGraph net =
                new ComputationGraph(
                        new NeuralNetConfiguration.Builder()
                                .seed(SEED)
                                .updater(new Adam(h.number("lr")))
                                .graphBuilder()
                                .addInputs("image")
                                .setInputTypes(InputType.convolutional(16, 16, 1))
                                .addLayer(
                                        "hidden",
                                        new DenseLayer.Builder()
                                                .nOut(64)
                                                .activation(Activation.RELU)
                                                .build(),
                                        "image")
                                .addLayer(
                                        "class",
                                        new OutputLayer.Builder(LossFunction.MCXENT)
                                                .activation(Activation.SOFTMAX)
                                                .nOut(10)
                                                .build(),
                                        "hidden")
                                .setOutputs("class")
                                .build());
        net.init();
        return net;
    }

    /** From a position on, so that an interrupted training goes on as if it had not been. */
    private static ImageBatches batches(ImageDataset images, long from) {
        return ImageBatches.builder(images, BATCH)
                .seed(SEED)
                .startImage(from)
                .labelsAsTargets()
                .build();
    }
}
