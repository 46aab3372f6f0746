package io.github.edm2.search;

import org.deeplearning4j.arbiter.optimize.api.CandidateGenerator;
import org.deeplearning4j.arbiter.optimize.generator.RandomSearchGenerator;

/**
 * Hyperparameters at random.
 *
 * @param maxTrainings how many trainings, at least 1
 */
public record RandomSearch(int maxTrainings) implements SearchStrategy {

    public RandomSearch {
        if (maxTrainings < 1) {
            throw new IllegalArgumentException(
                    "Random search must make at least 1 training, got " + maxTrainings);
        }
    }

    @Override
    public CandidateGenerator generator(TrainingSpace space, boolean minimize, long seed) {
        CandidateGenerator generator = new RandomSearchGenerator(space);
        generator.setRngSeed(seed);
        return generator;
    }

    @Override
    public boolean learns() {
        return false;
    }
}
