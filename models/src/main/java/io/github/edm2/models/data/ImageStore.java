package io.github.edm2.models.data;

/**
 * Where the pixels of a dataset come from: at least one image, all of one shape. Safe for use by
 * many threads.
 */
sealed interface ImageStore extends AutoCloseable permits PngStore, IdxStore {

    /** Number of images, at least 1. */
    int count();

    /** Shape of every image. */
    ImageShape shape();

    /**
     * Pixels of image {@code index}, [channels, height, width], unsigned. Shared: not to be
     * changed.
     *
     * @throws DatasetException if the image is damaged
     */
    byte[] pixels(int index);

    @Override
    void close();
}
