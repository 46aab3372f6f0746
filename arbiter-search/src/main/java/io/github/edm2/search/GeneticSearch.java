package io.github.edm2.search;

import java.util.Arrays;
import org.apache.commons.math3.random.JDKRandomGenerator;
import org.apache.commons.math3.random.RandomGenerator;
import org.deeplearning4j.arbiter.optimize.api.CandidateGenerator;
import org.deeplearning4j.arbiter.optimize.generator.GeneticSearchCandidateGenerator;
import org.deeplearning4j.arbiter.optimize.generator.genetic.crossover.SinglePointCrossover;
import org.deeplearning4j.arbiter.optimize.generator.genetic.crossover.parentselection.RandomTwoParentSelection;
import org.deeplearning4j.arbiter.optimize.generator.genetic.mutation.RandomMutationOperator;
import org.deeplearning4j.arbiter.optimize.generator.genetic.population.PopulationModel;
import org.deeplearning4j.arbiter.optimize.generator.genetic.selection.GeneticSelectionOperator;

/**
 * Hyperparameters bred from the best ones so far. A training's fitness is the best score of its
 * candidates; the next training is proposed once all before it are scored.
 *
 * @param maxTrainings how many trainings, at least 1
 * @param population how many of them are kept, at least 3; the first two thirds are random
 * @param mutation probability of a random new value, in (0, 1]
 */
public record GeneticSearch(int maxTrainings, int population, double mutation)
        implements SearchStrategy {

    public GeneticSearch {
        if (maxTrainings < 1 || population < 3 || !(mutation > 0 && mutation <= 1)) {
            throw new IllegalArgumentException(
                    "Genetic search must have at least 1 training, a population of at least 3 and a mutation in (0, 1], got %d, %d and %s"
                            .formatted(maxTrainings, population, mutation));
        }
    }

    @Override
    public CandidateGenerator generator(TrainingSpace space, boolean minimize, long seed) {
        RandomGenerator random = new JDKRandomGenerator();
        random.setSeed(seed);
        // The builder asks a score function for nothing but its direction.
        return new GeneticSearchCandidateGenerator.Builder(space, new Direction(minimize))
                .populationModel(new PopulationModel.Builder().populationSize(population).build())
                .selectionOperator(
                        new GeneticSelectionOperator.Builder()
                                .randomGenerator(random)
                                .crossoverOperator(
                                        new SinglePointCrossover.Builder()
                                                .randomGenerator(random)
                                                .parentSelection(new CopiedParents(random))
                                                .build())
                                .mutationOperator(
                                        new RandomMutationOperator.Builder()
                                                .randomGenerator(random)
                                                .mutationRate(mutation)
                                                .build())
                                .build())
                .build();
    }

    @Override
    public boolean learns() {
        return true;
    }

    /** Without the copy, mutation would change a parent, which keeps its fitness. */
    private static final class CopiedParents extends RandomTwoParentSelection {

        CopiedParents(RandomGenerator random) {
            super(random);
        }

        @Override
        public double[][] selectParents() {
            return Arrays.stream(super.selectParents())
                    .map(double[]::clone)
                    .toArray(double[][]::new);
        }
    }
}
