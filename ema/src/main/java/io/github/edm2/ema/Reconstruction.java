package io.github.edm2.ema;

import java.util.List;

/**
 * Averages reconstructed together from one store.
 *
 * <p>Safe to share between threads that do not change the weights.
 *
 * @param imageCount the moment that they stand for, in images
 * @param averages one per wanted sigmaRel, in the order asked for
 */
public record Reconstruction(long imageCount, List<ReconstructedWeights> averages) {

    /** Keeps its own list. */
    public Reconstruction {
        averages = List.copyOf(averages);
    }

    /**
     * One of the averages.
     *
     * @param sigmaRel a relative standard deviation that was asked for
     * @return the average
     * @throws IllegalArgumentException if it was not asked for
     */
    public ReconstructedWeights get(double sigmaRel) {
        return averages.stream()
                .filter(a -> a.profile().sigmaRel() == sigmaRel)
                .findAny()
                .orElseThrow(
                        () ->
                                new IllegalArgumentException(
                                        String.format(
                                                "sigmaRel %s was not reconstructed; there are %s",
                                                sigmaRel,
                                                averages.stream()
                                                        .map(a -> a.profile().sigmaRel())
                                                        .toList())));
    }
}
