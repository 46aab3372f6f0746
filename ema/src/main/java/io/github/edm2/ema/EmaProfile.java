package io.github.edm2.ema;

/**
 * How strongly an average of the weights remembers each moment of the training. Time is counted in
 * images, so a profile does not depend on the batch size or on how often the average is updated.
 */
public sealed interface EmaProfile permits PowerFunction, HalfLife {

    /**
     * Factor of the old average in the update {@code average <- beta average + (1 - beta) weights}.
     *
     * @param imageCount images seen at the end of the update's interval, positive
     * @param elapsed images seen since the previous update, in [0, imageCount]
     * @return beta in [0, 1]; 0 where the interval covers the whole training so far
     */
    double beta(long imageCount, long elapsed);

    /**
     * Name under which files hold this average, for example {@code sigmaRel=0.05}.
     *
     * @return the name, different for different profiles
     */
    String label();
}
