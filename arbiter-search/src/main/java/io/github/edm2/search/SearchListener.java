package io.github.edm2.search;

/** Follows a search. Called by several threads where it runs several tasks. */
public interface SearchListener {

    /**
     * Called after each step of a training.
     *
     * @param training what is trained
     * @param images images trained so far
     * @param total images to train
     * @param loss of the step, as {@link Recipe#loss} gives it
     */
    default void trained(Hyperparameters training, long images, long total, double loss) {}

    /**
     * Called after each candidate that was not recorded before.
     *
     * @param result what became of it
     */
    default void scored(TrialResult result) {}
}
