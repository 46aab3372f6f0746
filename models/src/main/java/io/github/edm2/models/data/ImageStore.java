package io.github.edm2.models.data;

import java.util.Optional;

/**
 * Where the images of a dataset come from: at least one, all of one shape. Safe for use by many
 * threads.
 */
sealed interface ImageStore extends AutoCloseable permits ImageFileStore, IdxStore, LatentStore {

    /** Number of images, at least 1. */
    int count();

    /** Shape of every image, as a network sees it. */
    ImageShape shape();

    /** File of image {@code index}; empty if one file holds all images. */
    default Optional<String> location(int index) {
        return Optional.empty();
    }

    /**
     * Pixels of image {@code index}, [channels, height, width], unsigned. Shared: not to be
     * changed.
     *
     * @throws DatasetException if the image is damaged, or the dataset holds latents
     */
    byte[] pixels(int index);

    /**
     * Puts image {@code index} as a network sees it into {@code values}, from {@code offset} on.
     *
     * @param mirrored whether left becomes right
     * @param seed of what is drawn each time an image is used
     * @throws DatasetException if the image is damaged
     */
    default void encode(int index, boolean mirrored, long seed, float[] values, int offset) {
        byte[] pixels = pixels(index);
        int width = shape().width();
        for (int row = 0; row < pixels.length; row += width) {
            for (int x = 0; x < width; x++) {
                values[offset + row + x] =
                        Pixels.encode(pixels[row + (mirrored ? width - 1 - x : x)]);
            }
        }
    }

    @Override
    void close();
}
