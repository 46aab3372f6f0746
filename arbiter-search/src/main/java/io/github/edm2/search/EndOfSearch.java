package io.github.edm2.search;

import java.util.function.BooleanSupplier;
import org.deeplearning4j.arbiter.optimize.api.termination.TerminationCondition;
import org.deeplearning4j.arbiter.optimize.runner.IOptimizationRunner;

/**
 * Ends Arbiter's loop, which does not end by itself when no candidate is left.
 *
 * @param isOver whether nothing is to be begun any more
 */
record EndOfSearch(BooleanSupplier isOver) implements TerminationCondition {

    @Override
    public void initialize(IOptimizationRunner runner) {}

    @Override
    public boolean terminate(IOptimizationRunner runner) {
        return isOver.getAsBoolean();
    }
}
