package io.github.edm2.ema;

import java.util.Optional;
import org.deeplearning4j.nn.api.Model;
import org.nd4j.autodiff.samediff.SameDiff;

/**
 * One reconstructed average.
 *
 * @param at its profile and time
 * @param weights the weights in float, named as in the model
 * @param predictedError relative L2 error of the profile that the snapshots could give, 0 to 1;
 *     around 0.01 and less is good
 * @param largestCoefficient largest factor of a snapshot, in magnitude; rounding errors of the
 *     snapshots are multiplied by about this number
 * @param fromHalf whether half-precision snapshots took part
 */
public record ReconstructedWeights(
        ProfileAt at,
        Weights weights,
        double predictedError,
        double largestCoefficient,
        boolean fromHalf) {

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

    /**
     * Copies the weights into a model of the same network.
     *
     * @param model the model to change
     * @throws IllegalArgumentException if its parameters differ in name or shape
     */
    public void applyTo(Model model) {
        weights.applyTo(model);
    }

    /**
     * Copies the weights into a SameDiff graph of the same variables.
     *
     * @param graph the graph to change
     * @throws IllegalArgumentException if its variables differ in name or shape
     */
    public void applyTo(SameDiff graph) {
        weights.applyTo(graph);
    }
}
