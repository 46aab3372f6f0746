package io.github.edm2.models.data;

/**
 * Shape of one image, channels first.
 *
 * @param channels 1 (grey), 3 (red, green, blue) or 4 ({@link Latents})
 * @param height rows of pixels
 * @param width columns of pixels
 */
public record ImageShape(int channels, int height, int width) {

    /** Longest side that is read, in pixels: a file that claims more is taken to be damaged. */
    static final int MAX_SIDE = 8192;

    /** Number of values of one image: channels * height * width. */
    public int length() {
        return channels * height * width;
    }

    /** Whether both sides are at least 1 and at most {@value #MAX_SIDE} pixels. */
    boolean isPlausible() {
        return height >= 1 && height <= MAX_SIDE && width >= 1 && width <= MAX_SIDE;
    }

    /**
     * Checks what the header of an image file says.
     *
     * @param location how messages call the file
     * @throws DatasetException if it is not plausible
     */
    void requirePlausible(String location) {
        if (!isPlausible()) {
            throw new DatasetException(
                    "%s claims to be %s, but each side must be 1 to %d pixels; resize the image or remove it"
                            .formatted(location, this, MAX_SIDE));
        }
    }

    /** For example {@code 28x32 (height x width) with 1 channel}. */
    @Override
    public String toString() {
        return height
                + "x"
                + width
                + " (height x width) with "
                + channels
                + (channels == 1 ? " channel" : " channels");
    }
}
