package io.github.edm2.ema;

import java.util.Optional;
import java.util.stream.Stream;

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
     * Factor of the rounding up to which it is not noted. A factor of 1 loses nothing beyond the
     * half precision that was chosen; a factor of 2 costs one of its eleven binary digits.
     */
    private static final double HARMLESS_FACTOR = 2;

    /**
     * Relative standard deviation of the profile.
     *
     * @return sigmaRel
     */
    public double sigmaRel() {
        return at.profile().sigmaRel();
    }

    /** Predicted error above which an average is not the one that was asked for. */
    public static final double LARGE_ERROR = 0.05;

    /**
     * A sentence for the user where the average is not what was asked for: its predicted error is
     * above 0.05, or half-precision snapshots lose digits because their rounding is multiplied by
     * more than 2.
     *
     * @return the sentence, empty if the average is good
     */
    public Optional<String> note() {
        return Stream.of(errorNote(), roundingNote())
                .flatMap(Optional::stream)
                .reduce((a, b) -> a + "; " + b);
    }

    private Optional<String> errorNote() {
        return predictedError > LARGE_ERROR
                ? Optional.of(
                        String.format(
                                "the predicted error is above %s: these snapshots cannot give this"
                                        + " profile; choose a sigma_rel nearer to those of the"
                                        + " snapshots, or train with more snapshots",
                                LARGE_ERROR))
                : Optional.empty();
    }

    private Optional<String> roundingNote() {
        return fromHalf && largestCoefficient > HARMLESS_FACTOR
                ? Optional.of(
                        String.format(
                                "the rounding of the half-precision snapshots is multiplied by"
                                        + " %.1f: up to %.2g of a weight; store snapshots in single"
                                        + " precision for a sigma_rel of %s",
                                largestCoefficient, largestCoefficient * HALF_ROUNDING, sigmaRel()))
                : Optional.empty();
    }
}
