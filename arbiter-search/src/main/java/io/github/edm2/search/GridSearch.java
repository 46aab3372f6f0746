package io.github.edm2.search;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import org.deeplearning4j.arbiter.optimize.api.Candidate;
import org.deeplearning4j.arbiter.optimize.api.CandidateGenerator;
import org.deeplearning4j.arbiter.optimize.api.OptimizationResult;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.deeplearning4j.arbiter.optimize.generator.GridSearchCandidateGenerator;

/**
 * All hyperparameters of a grid.
 *
 * @param points values of each continuous axis, at least 2
 * @param shuffled whether in random order rather than the first axis fastest
 */
public record GridSearch(int points, boolean shuffled) implements SearchStrategy {

    public GridSearch {
        if (points < 2) {
            throw new IllegalArgumentException(
                    "A grid must have at least 2 points along an axis, got " + points);
        }
    }

    @Override
    public CandidateGenerator generator(TrainingSpace space, boolean minimize, long seed) {
        CandidateGenerator grid =
                new GridSearchCandidateGenerator(
                        space, points, GridSearchCandidateGenerator.Mode.Sequential, null);
        return shuffled ? new Shuffled(grid, seed) : grid;
    }

    /** The grid ends by itself. */
    @Override
    public int maxTrainings() {
        return Integer.MAX_VALUE;
    }

    @Override
    public boolean learns() {
        return false;
    }

    /** All candidates of another generator in an order drawn by a seed. */
    private static final class Shuffled implements CandidateGenerator {

        private final CandidateGenerator source;
        private Iterator<Candidate<?>> order;

        Shuffled(CandidateGenerator source, long seed) {
            this.source = source;
            setRngSeed(seed);
        }

        @Override
        public void setRngSeed(long seed) {
            if (order != null && order.hasNext()) {
                throw new IllegalStateException("the order of a grid is drawn already");
            }
            List<Candidate<?>> all = new ArrayList<>();
            while (source.hasMoreCandidates()) {
                all.add(source.getCandidate());
            }
            Collections.shuffle(all, new Random(seed));
            order = all.iterator();
        }

        @Override
        public boolean hasMoreCandidates() {
            return order.hasNext();
        }

        @Override
        public Candidate<?> getCandidate() {
            return order.next();
        }

        @Override
        public void reportResults(OptimizationResult result) {
            source.reportResults(result);
        }

        @Override
        public ParameterSpace<?> getParameterSpace() {
            return source.getParameterSpace();
        }

        @Override
        public Class<?> getCandidateType() {
            return source.getCandidateType();
        }
    }
}
