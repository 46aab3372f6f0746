package io.github.edm2.models.data;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;

/**
 * A small dataset that comes with the library, so that training can be tried without a download:
 * Fashion-MNIST (Xiao et al., arXiv:1708.07747; MIT licence, Zalando SE), balanced over its 10
 * classes and reduced to 16x16 grey pixels.
 */
public final class EmbeddedImages {

    /** What the labels 0 to 9 mean. */
    public static final List<String> CLASS_NAMES = FashionMnist.NAMES;

    private static final String FOLDER = "fashion-mnist-16/";

    private EmbeddedImages() {}

    /**
     * Images to train with.
     *
     * @param cond whether to use their class labels
     */
    public static ImageDataset train(boolean cond) {
        return open("train", cond);
    }

    /**
     * Images of the test set, not to train with: for the loss of unseen images and to judge a
     * classifier.
     *
     * @param cond whether to use their class labels
     */
    public static ImageDataset heldOut(boolean cond) {
        return open("t10k", cond);
    }

    private static ImageDataset open(String set, boolean cond) {
        String images = FOLDER + set + "-images-idx3-ubyte.gz";
        String labels = FOLDER + set + "-labels-idx1-ubyte.gz";
        try (InputStream imageFile = EmbeddedImages.class.getResourceAsStream(images);
                InputStream labelFile = EmbeddedImages.class.getResourceAsStream(labels)) {
            return new ImageDataset(
                    "fashion-mnist-16-" + set,
                    Idx.images(imageFile, images),
                    cond
                            ? ImageLabels.ofClasses(Idx.labels(labelFile, labels), CLASS_NAMES)
                            : ImageLabels.NONE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
