package io.github.edm2.tests.endtoend;

import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * What a Java snippet of the README takes for granted: the reader's own data, network and score.
 * {@link ReadmeSnippetsTest} makes a subclass of each snippet, whose local variables may hide
 * these.
 */
public abstract class ReadmeSnippet {

    private static final int CLASSES = 10;
    private static final int SIDE = 16;
    private static final int BATCH = 10_000;

    /** A folder of labelled images. */
    protected final Path path;

    /** A class for each of four images. */
    protected final INDArray labels = Nd4j.eye(CLASSES).castTo(DataType.FLOAT).getRows(1, 3, 3, 7);

    /** Noise of four images. */
    protected final INDArray noise = normal(4, 3, SIDE, SIDE);

    /** The reader's network. */
    protected final MultiLayerNetwork net = classifier();

    /** A hundred thousand examples for it. */
    protected final DataSetIterator yourIterator = new ListDataSetIterator<>(examples(), BATCH);

    /** Held-out examples for it. */
    protected final DataSetIterator yourHeldOut =
            new ListDataSetIterator<>(examples().subList(0, 1), BATCH);

    protected ReadmeSnippet() {
        try {
            path = dataset();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path dataset() throws IOException {
        Path folder = Files.createTempDirectory(Path.of("").toAbsolutePath(), "images");
        List<String> labels = new ArrayList<>();
        for (int k = 0; k < CLASSES; k++) {
            BufferedImage image = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_INT_RGB);
            image.setRGB(k, k, Color.WHITE.getRGB());
            ImageIO.write(image, "png", folder.resolve(k + ".png").toFile());
            labels.add("[\"%d.png\", %d]".formatted(k, k));
        }
        Files.writeString(folder.resolve("dataset.json"), "{\"labels\": " + labels + "}");
        return folder;
    }

    /** The snippet. */
    protected abstract void run() throws Exception;

    /** The reader's network for the search. */
    protected ComputationGraph yourNetwork(double learningRate) {
        MultiLayerNetwork fresh = classifier();
        ComputationGraph graph = fresh.toComputationGraph();
        graph.setLearningRate(learningRate);
        return graph;
    }

    /** Examples from a position on. */
    protected Iterator<MultiDataSet> yourIterator(long examples) {
        List<DataSet> all = examples();
        return Stream.iterate(examples, n -> n + BATCH)
                .map(n -> all.get((int) (n / BATCH % all.size())).toMultiDataSet())
                .iterator();
    }

    /** The score of the reader's network on an example. */
    protected double yourScore(MultiLayerNetwork network) {
        return network.score(examples().get(0));
    }

    /** The score of the reader's graph on an example. */
    protected double yourScore(ComputationGraph network) {
        return network.score(examples().get(0));
    }

    private static MultiLayerNetwork classifier() {
        MultiLayerNetwork network =
                new MultiLayerNetwork(
                        new NeuralNetConfiguration.Builder()
                                .seed(1)
                                .updater(new Adam(0.01))
                                .list()
                                .layer(new DenseLayer.Builder().nIn(3).nOut(4).build())
                                .layer(new BatchNormalization.Builder().nIn(4).nOut(4).build())
                                .layer(
                                        new OutputLayer.Builder(LossFunction.MSE)
                                                .activation(Activation.IDENTITY)
                                                .nIn(4)
                                                .nOut(2)
                                                .build())
                                .build());
        network.init();
        return network;
    }

    private static List<DataSet> examples() {
        return IntStream.range(0, 10)
                .mapToObj(i -> new DataSet(normal(BATCH, 3), normal(BATCH, 2)))
                .toList();
    }

    private static INDArray normal(long... shape) {
        Nd4j.getRandom().setSeed(4);
        return Nd4j.randn(DataType.FLOAT, shape);
    }

    /**
     * Runs snippets, and prints a line for each.
     *
     * @param names of the snippets' classes
     */
    public static void main(String[] names) throws Exception {
        for (String name : names) {
            ReadmeSnippet snippet =
                    (ReadmeSnippet) Class.forName(name).getDeclaredConstructor().newInstance();
            try {
                snippet.run();
                System.out.println("ran " + name);
            } catch (Exception | LinkageError e) {
                System.out.println("failed " + name);
                e.printStackTrace(System.out);
            }
        }
    }
}
