package io.github.edm2.ema;

import java.util.List;
import java.util.function.Function;
import org.deeplearning4j.nn.api.Model;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * One of the averages that are tracked of a model in training, as it stands whenever it is used.
 *
 * @param tracker the averages of a model
 * @param profile a tracked profile
 */
record TrackedAverage(Function<Model, EmaTracker> tracker, PowerFunction profile) {

    static TrackedAverage of(EmaListener listener, double sigmaRel) {
        return of(listener::trackerOf, listener.profiles(), sigmaRel);
    }

    static TrackedAverage of(EmaTracker tracker, double sigmaRel) {
        return of(model -> tracker, tracker.profiles(), sigmaRel);
    }

    private static TrackedAverage of(
            Function<Model, EmaTracker> tracker, List<EmaProfile> tracked, double sigmaRel) {
        PowerFunction profile = new PowerFunction(sigmaRel);
        if (!tracked.contains(profile)) {
            throw EmaTracker.untracked(profile, tracked);
        }
        return new TrackedAverage(tracker, profile);
    }

    /** Runs a block with the average in the model, whose own weights come back afterwards. */
    <T, X extends Exception> T in(Model model, AveragedWeights.Block<T, X> block) throws X {
        EmaTracker averages = tracker.apply(model);
        if (averages.imageCount() == 0) {
            throw new IllegalStateException(
                    "the averages were not updated yet; update them before they are used, an"
                            + " EmaListener by a smaller everyIterations");
        }
        Weights average = averages.average(profile);
        try {
            return AveragedWeights.with(model, average, block);
        } finally {
            average.storage().forEach(INDArray::close);
        }
    }
}
