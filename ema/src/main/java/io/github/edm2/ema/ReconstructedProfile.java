package io.github.edm2.ema;

import java.util.Optional;

/**
 * What is known of one reconstructed average beside its weights.
 *
 * @param at its profile and time
 * @param predictedError relative L2 error of the profile that the snapshots could give, 0 to 1;
 *     around 0.01 and less is good
 * @param largestCoefficient largest factor of a snapshot, in magnitude; rounding errors of the
 *     snapshots are multiplied by about this number
 * @param fromHalf whether half-precision snapshots took part
 */
public record ReconstructedProfile(
        ProfileAt at, double predictedError, double largestCoefficient, boolean fromHalf) {

    /** Relative rounding error of half precision. */
    private static final double HALF_ROUNDING = 0x1p-11;

    /**
     * Relative standard deviation of the profile.
     *
     * @return sigmaRel
     */
    public double sigmaRel() {
        return at.profile().sigmaRel();
    }

    /**
     * A sentence for the user where half-precision snapshots lose digits: when the rounding of a
     * snapshot is multiplied by more than 1.
     *
     * @return the sentence, empty if nothing is lost
     */
    public Optional<String> note() {
        return fromHalf && largestCoefficient > 1
                ? Optional.of(
                        String.format(
                                "the rounding of the half-precision snapshots is multiplied by"
                                        + " %.1f: up to %.2g of a weight; store FLOAT snapshots"
                                        + " for a sigmaRel as short as %s",
                                largestCoefficient, largestCoefficient * HALF_ROUNDING, sigmaRel()))
                : Optional.empty();
    }
}
