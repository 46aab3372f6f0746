package io.github.edm2.search;

import org.deeplearning4j.arbiter.optimize.api.CandidateGenerator;

/**
 * How hyperparameters of trainings are proposed, by one of Arbiter's generators. The same seed
 * proposes the same ones: Arbiter's grid in random order draws its order before it is told the
 * seed, and the parts of its genetic search have generators of their own without one.
 */
public sealed interface SearchStrategy permits RandomSearch, GridSearch, GeneticSearch {

    /**
     * Makes the generator.
     *
     * @param space what it proposes of
     * @param minimize whether lower scores are better
     * @param seed of everything random
     */
    CandidateGenerator generator(TrainingSpace space, boolean minimize, long seed);

    /** Trainings that are proposed at most. */
    int maxTrainings();

    /** Whether a proposal depends on the scores before it. */
    boolean learns();
}
