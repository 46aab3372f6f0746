package io.github.edm2.ema;

/**
 * A power-function average as it stood, or is wanted, at one moment of the training.
 *
 * @param profile the profile
 * @param imageCount the moment, in images since the start of the training; positive
 */
public record ProfileAt(PowerFunction profile, long imageCount) {

    /**
     * Checks the moment.
     *
     * @throws IllegalArgumentException if {@code imageCount} is not positive
     */
    public ProfileAt {
        if (imageCount <= 0) {
            throw new IllegalArgumentException("image count must be positive, got " + imageCount);
        }
    }

    /**
     * Inner product of the two profiles' densities, the integral of their product over time (Eq.
     * 151).
     *
     * @param other the other profile
     * @return inner product, per image
     */
    public double innerProduct(ProfileAt other) {
        return innerProduct(imageCount, profile.gamma(), other.imageCount, other.profile.gamma());
    }

    static double innerProduct(double timeA, double gammaA, double timeB, double gammaB) {
        double exponent = timeA < timeB ? gammaB : -gammaA;
        return (gammaA + 1)
                * (gammaB + 1)
                * Math.pow(timeA / timeB, exponent)
                / ((gammaA + gammaB + 1) * Math.max(timeA, timeB));
    }
}
