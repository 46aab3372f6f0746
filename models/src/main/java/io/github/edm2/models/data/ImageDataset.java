package io.github.edm2.models.data;

import io.github.edm2.models.Count;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Images of one shape, with or without class labels, in one of these forms:
 *
 * <ul>
 *   <li>a folder of image files, subfolders included, in the order of their paths;
 *   <li>a zip archive of image files;
 *   <li>a folder or zip archive of NPY files with raw latents ({@link Latents}, float32 [8, height,
 *       width]) in place of images; a new sample of them is drawn each time an image is used;
 *   <li>an {@code images-idx3} file of MNIST's format, compressed with gzip or not, or a folder
 *       that holds one.
 * </ul>
 *
 * <p>The labels of image files are in a {@code dataset.json} at the root, {@code {"labels":
 * [["path", 3], ...]}}, as the EDM2 reference implementation has it, or are the numbers of the
 * top-level folders as in a conversion ({@link DatasetConverter}); those of an IDX file are in the
 * {@code labels-idx1} file beside it. Grey images have 1 channel and all others 3 (RGB): a palette
 * becomes RGB, transparency is dropped, 16 bits become 8.
 *
 * <p>Formats other than PNG become RGB. An IDX file is read into memory. Image files are decoded
 * when they are needed and kept, as bytes, up to a limit. Safe for use by many threads. An archive
 * stays open until {@link #close}.
 */
public final class ImageDataset implements AutoCloseable {

    /** Part of the heap in which decoded images are kept unless the caller says otherwise. */
    private static final int CACHE_HEAP_DIVISOR = 4;

    private final String name;
    private final ImageStore store;

    private final ImageLabels labels;
    private final int classes;

    ImageDataset(String name, ImageStore store, ImageLabels labels) {
        this.name = name;
        this.store = store;
        this.labels = labels;
        this.classes = labels.size();
    }

    /**
     * Opens a dataset and keeps decoded images in up to a quarter of the heap.
     *
     * @param path folder, zip archive or IDX file
     * @param cond whether to use its class labels
     * @throws DatasetException if there is no such dataset, an image's header or a label is wrong,
     *     the images differ in shape, or labels are asked for and there are none
     */
    public static ImageDataset open(Path path, boolean cond) {
        return DatasetOpener.open(path, DatasetOpener.Labels.of(cond), standardCache());
    }

    /**
     * Opens a dataset with its class labels, where it has some, and keeps decoded images in up to a
     * quarter of the heap.
     *
     * @param path folder, zip archive or IDX file
     * @throws DatasetException if there is no such dataset, an image's header or a label is wrong,
     *     or the images differ in shape
     */
    public static ImageDataset open(Path path) {
        return DatasetOpener.open(path, DatasetOpener.Labels.IF_PRESENT, standardCache());
    }

    private static long standardCache() {
        return Runtime.getRuntime().maxMemory() / CACHE_HEAP_DIVISOR;
    }

    /**
     * Opens a dataset.
     *
     * @param path folder, zip archive or IDX file
     * @param cond whether to use its class labels
     * @param cacheBytes most bytes of decoded PNG images to keep in memory, 0 for none
     * @throws DatasetException as {@link #open(Path, boolean)}
     */
    public static ImageDataset open(Path path, boolean cond, long cacheBytes) {
        if (cacheBytes < 0) {
            throw new IllegalArgumentException("cacheBytes must be at least 0, got " + cacheBytes);
        }
        return DatasetOpener.open(path, DatasetOpener.Labels.of(cond), cacheBytes);
    }

    /** Name of the dataset, for logs: that of its file or folder, without extension. */
    public String name() {
        return name;
    }

    /** Number of images, at least 1. */
    public int count() {
        return store.count();
    }

    /** Shape of every image. */
    public ImageShape shape() {
        return store.shape();
    }

    /** Whether the dataset is one of latents, which have no pixels. */
    public boolean holdsLatents() {
        return store instanceof LatentStore;
    }

    /**
     * Whether the images have class labels or label vectors, which is what {@code cond} asked for.
     */
    public boolean isConditional() {
        return !labels.isEmpty();
    }

    /** Whether the labels are vectors of numbers in place of classes. */
    public boolean hasLabelVectors() {
        return labels.areVectors();
    }

    /** Largest label plus 1, or the length of label vectors; 0 without labels. */
    public int classes() {
        return classes;
    }

    /**
     * Names of the classes in the order of their labels (of the elements of label vectors), {@link
     * #classes()} many; empty if they are unknown.
     */
    public List<String> classNames() {
        return labels.names();
    }

    /**
     * Where an image comes from, for messages.
     *
     * @param index 0 to {@code count() - 1}
     */
    public String location(int index) {
        return store.location(index).orElseGet(() -> "%d of %s".formatted(index, name));
    }

    /**
     * Class of an image.
     *
     * @param index 0 to {@code count() - 1}
     * @return 0 to {@code classes() - 1}
     * @throws IllegalStateException without labels, or with label vectors
     */
    public int label(int index) {
        requireConditional();
        if (hasLabelVectors()) {
            throw new IllegalStateException(
                    "Dataset " + name + " has label vectors and no classes; use labels()");
        }
        return labels.classOf()[index];
    }

    /**
     * Pixels of an image.
     *
     * @param index 0 to {@code count() - 1}
     * @return new array [channels, height, width], unsigned 8 bits
     * @throws DatasetException if the image is damaged, or the dataset holds latents
     */
    public byte[] pixels(int index) {
        return store.pixels(index).clone();
    }

    /**
     * Pixels of images.
     *
     * @param indices which images, each 0 to {@code count() - 1}
     * @return new array [indices, channels, height, width], FLOAT, 0 to 255
     * @throws DatasetException if an image is damaged, or the dataset holds latents
     */
    public INDArray pixelBatch(int... indices) {
        return batch(
                indices,
                (i, values, offset) -> {
                    byte[] pixels = store.pixels(indices[i]);
                    for (int p = 0; p < pixels.length; p++) {
                        values[offset + p] = Byte.toUnsignedInt(pixels[p]);
                    }
                });
    }

    /**
     * Images as a network sees them: pixels in [-1, 1] ({@link Pixels}), or a sample of latents
     * ({@link Latents}) that is the same each time.
     *
     * @param indices which images, each 0 to {@code count() - 1}
     * @return new array [indices, channels, height, width], FLOAT
     * @throws DatasetException if an image is damaged
     */
    public INDArray images(int... indices) {
        long[] seeds = Arrays.stream(indices).asLongStream().toArray();
        return images(indices, new boolean[indices.length], seeds);
    }

    /** The same with some images mirrored left to right, and a seed for the latents of each. */
    INDArray images(int[] indices, boolean[] mirrored, long[] seeds) {
        return batch(
                indices,
                (i, values, offset) ->
                        store.encode(indices[i], mirrored[i], seeds[i], values, offset));
    }

    @FunctionalInterface
    private interface Filler {
        /** Puts the i-th image of a batch into values, from offset on. */
        void fill(int i, float[] values, int offset);
    }

    private INDArray batch(int[] indices, Filler filler) {
        ImageShape shape = shape();
        float[] values = new float[Math.multiplyExact(indices.length, shape.length())];
        IntStream.range(0, indices.length)
                .parallel()
                .forEach(i -> filler.fill(i, values, i * shape.length()));
        return Nd4j.create(
                values,
                new long[] {indices.length, shape.channels(), shape.height(), shape.width()},
                DataType.FLOAT);
    }

    /**
     * Reads the whole of a dataset of latents, for one NaN among them ends a training; pixels are
     * finite and not read.
     *
     * @param checked called for each image that was read, by several threads
     * @throws DatasetException if a number is NaN or infinite, naming the first such file, or if a
     *     file is damaged
     */
    public void requireFinite(Runnable checked) {
        if (!(store instanceof LatentStore latents)) {
            return;
        }
        IntStream.range(0, count())
                .parallel()
                .mapToObj(latents::notFinite)
                .peek(problem -> checked.run())
                .flatMap(Optional::stream)
                .findFirst()
                .ifPresent(
                        problem -> {
                            throw new DatasetException(problem);
                        });
    }

    /**
     * Labels as a network sees them.
     *
     * @param indices which images, each 0 to {@code count() - 1}
     * @return new array [indices, classes], FLOAT, 1 at each image's class and 0 elsewhere, or the
     *     images' label vectors
     * @throws IllegalStateException without labels
     */
    public INDArray labels(int... indices) {
        requireConditional();
        return labels.batch(indices);
    }

    /**
     * What the dataset holds, for people, as the log says it at {@link #open(Path)}: number, shape
     * and labels of the images.
     */
    public String inWords() {
        return inWords(store, labels.inWords());
    }

    /** The same of a store with labels in words. */
    static String inWords(ImageStore store, String labels) {
        return (store instanceof LatentStore ? "latents of " : "")
                + Count.images(store.count())
                + " of "
                + store.shape()
                + ", "
                + labels;
    }

    /** Labels of all images, or none. */
    ImageLabels labels() {
        return labels;
    }

    private void requireConditional() {
        if (!isConditional()) {
            throw new IllegalStateException(
                    "Dataset " + name + " was opened without labels; open it with cond = true");
        }
    }

    /**
     * Closes the archive, if the dataset is one. Images that were not read before cannot be read
     * any more.
     */
    @Override
    public void close() {
        store.close();
    }
}
