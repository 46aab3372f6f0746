package io.github.edm2.ema;

import org.deeplearning4j.nn.api.Model;
import org.nd4j.autodiff.samediff.SameDiff;

/**
 * One reconstructed average.
 *
 * <p>Safe to share between threads that do not change the weights.
 *
 * @param profile what is known of it
 * @param weights the weights in float, named as in the model
 */
public record ReconstructedWeights(ReconstructedProfile profile, Weights weights) {

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
