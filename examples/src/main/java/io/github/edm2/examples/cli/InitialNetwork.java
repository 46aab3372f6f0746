package io.github.edm2.examples.cli;

import io.github.edm2.models.Count;
import io.github.edm2.models.Edm2;
import io.github.edm2.models.checkpoint.Checksum;
import io.github.edm2.models.checkpoint.StateDict;
import io.github.edm2.models.data.ImageDataset;
import io.github.edm2.models.data.ImageShape;
import io.github.edm2.models.unet.NetworkOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The network file from which a training starts, for fine-tuning. Its weights are kept; those of
 * the class labels only if the data has the same classes.
 *
 * @param file of any kind that {@link Edm2#read} takes
 * @param options of the network in it
 * @param checksum of the file, by which a continued training tells it from others
 * @param sameClasses whether the data has as many classes, with the same names where both have some
 * @param dataClasses number of classes of the data
 */
record InitialNetwork(
        Path file,
        NetworkOptions options,
        Checksum checksum,
        boolean sameClasses,
        int dataClasses) {

    private static final String LABEL_WEIGHT = "unet.emb_label.weight";

    /**
     * Checks a file against the data; its weights are read later.
     *
     * @param withoutLabels whether the user wants a network without classes
     * @throws io.github.edm2.models.checkpoint.NetworkFileException if the file is missing, damaged
     *     or no network
     * @throws CommandException if its images have another shape, or if it needs labels and the data
     *     has none
     */
    static InitialNetwork of(Path file, ImageDataset dataset, boolean withoutLabels)
            throws IOException {
        NetworkOptions options = Edm2.readOptions(file);
        requireShape(file, options, dataset);
        if (options.getLabelDim() > 0 && !dataset.isConditional() && !withoutLabels) {
            throw new CommandException(
                    "--init %s has %s, but %s has no labels; add labels in a dataset.json, or give --cond=false to train a network without classes"
                            .formatted(file, classes(options.getLabelDim()), dataset.name()));
        }
        List<String> names = Edm2.readClassNames(file);
        boolean sameNames =
                names.isEmpty()
                        || dataset.classNames().isEmpty()
                        || names.equals(dataset.classNames());
        return new InitialNetwork(
                file,
                options,
                Checksum.of(file),
                options.getLabelDim() == dataset.classes() && sameNames,
                dataset.classes());
    }

    private static void requireShape(Path file, NetworkOptions options, ImageDataset dataset) {
        int size = options.getImgResolution();
        ImageShape own = new ImageShape(options.getImgChannels(), size, size);
        if (!dataset.shape().equals(own)) {
            throw new CommandException(
                    "--init %s makes images of %s, but those of %s are %s; convert the data with dataset convert --resolution %dx%d, or take another network"
                            .formatted(file, own, dataset.name(), dataset.shape(), size, size));
        }
    }

    private static String classes(int count) {
        return count == 0 ? "no classes" : Count.of(count, "class", "classes");
    }

    /** What happens to the weights, in one line. */
    String describe() {
        String start = "starts from the weights of " + file;
        if (sameClasses) {
            return start;
        }
        int own = options.getLabelDim();
        if (dataClasses == 0) {
            return "%s, without those of its %s".formatted(start, classes(own));
        }
        return own == dataClasses
                ? "%s; the label weights are new, because its classes have other names than those of the data"
                        .formatted(start)
                : "%s; the label weights are new, because it has %s and the data %,d"
                        .formatted(start, classes(own), dataClasses);
    }

    /**
     * Gives the weights to a network.
     *
     * @param network fresh, of the same options but for classes and dropout; keeps its own label
     *     weights where the classes are others
     */
    void copyTo(ComputationGraph network) {
        Map<String, INDArray> weights = StateDict.of(Edm2.read(file).graph());
        if (!sameClasses) {
            weights.remove(LABEL_WEIGHT);
            if (dataClasses > 0) {
                weights.put(LABEL_WEIGHT, StateDict.of(network).get(LABEL_WEIGHT));
            }
        }
        StateDict.load(network, weights);
    }
}
