package io.github.edm2.ema;

/**
 * The traditional exponential moving average: what was seen {@code images} images ago weighs half
 * as much as what is seen now. For comparison with {@link PowerFunction}; post-hoc reconstruction
 * does not apply to it.
 *
 * @param images half-life in images, positive and finite
 */
public record HalfLife(double images) implements EmaProfile {

    /**
     * Checks the half-life.
     *
     * @throws IllegalArgumentException if {@code images} is not positive and finite
     */
    public HalfLife {
        if (!(images > 0 && images < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(
                    "half-life must be a positive number of images, got " + images);
        }
    }

    /** {@inheritDoc} The first interval starts the average, so its beta is 0. */
    @Override
    public double beta(long imageCount, long elapsed) {
        return elapsed == imageCount ? 0 : Math.pow(0.5, elapsed / images);
    }

    @Override
    public String label() {
        return "halfLife=" + images;
    }
}
