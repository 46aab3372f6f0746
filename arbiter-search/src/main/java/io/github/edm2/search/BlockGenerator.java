package io.github.edm2.search;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import org.deeplearning4j.arbiter.optimize.api.Candidate;
import org.deeplearning4j.arbiter.optimize.api.CandidateGenerator;
import org.deeplearning4j.arbiter.optimize.api.OptimizationResult;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;

/**
 * Proposes trainings by one of Arbiter's generators and, for each of them, all choices that need no
 * training as a block of candidates: {@link Trial}s, numbered from 0. Hyperparameters that were
 * proposed before are not proposed again.
 *
 * <p>Candidates that must wait for scores of others are held back: {@link #hasMoreCandidates} is
 * false until then, and Arbiter asks again. What has come to an end is told by {@link
 * #isExhausted}; Arbiter itself would wait for ever.
 */
final class BlockGenerator implements CandidateGenerator {

    /** Proposals in a row that fail or repeat others after which there are no more. */
    private static final int PATIENCE = 200;

    private final CandidateGenerator source;
    private final boolean learns;
    private final boolean inStages;
    private final Objective objective;
    private final List<PostHoc> choices;
    private final int maxTrainings;
    private final int maxCandidates;

    private final Set<Hyperparameters> proposed = new HashSet<>();
    private final Map<Integer, Trial> open = new HashMap<>();
    private final Queue<Trial> block = new ArrayDeque<>();
    private Candidate<?> training;
    private Double fitness;
    private long stage;
    private int count;
    private boolean isEmpty;
    private Exception failure;

    /**
     * @param source proposes {@link Hyperparameters}
     * @param strategy what it follows
     * @param choices all choices that need no training, by time
     * @param objective what counts as fitness
     * @param inStages whether candidates of a later time wait for those of earlier ones
     * @param maxCandidates number of candidates at most
     */
    BlockGenerator(
            CandidateGenerator source,
            SearchStrategy strategy,
            PostHocSpace choices,
            Objective objective,
            boolean inStages,
            int maxCandidates) {
        this.source = source;
        this.learns = strategy.learns();
        this.maxTrainings = strategy.maxTrainings();
        this.choices = choices.all();
        this.objective = objective;
        this.inStages = inStages;
        this.maxCandidates = maxCandidates;
    }

    @Override
    public synchronized boolean hasMoreCandidates() {
        if (count >= maxCandidates || isEmpty) {
            return false;
        }
        if (block.isEmpty()) {
            if (learns && !open.isEmpty()) {
                return false;
            }
            reportFitness();
            propose();
        }
        boolean waits =
                inStages
                        && !open.isEmpty()
                        && !block.isEmpty()
                        && block.peek().postHoc().images() != stage;
        return !block.isEmpty() && !waits;
    }

    /** Fills the block with the next training that was not proposed before. */
    private void propose() {
        for (int attempt = 0; attempt < PATIENCE; attempt++) {
            if (proposed.size() >= maxTrainings || !source.hasMoreCandidates()) {
                isEmpty = true;
                return;
            }
            training = source.getCandidate();
            if (training.getException() != null) {
                failure = failure == null ? training.getException() : failure;
            } else if (proposed.add((Hyperparameters) training.getValue())) {
                Hyperparameters chosen = (Hyperparameters) training.getValue();
                choices.forEach(choice -> block.add(new Trial(chosen, choice)));
                fitness = null;
                return;
            }
        }
        isEmpty = true;
    }

    @Override
    public synchronized Candidate<Trial> getCandidate() {
        if (!hasMoreCandidates()) {
            throw new IllegalStateException("there is no candidate at the moment");
        }
        Trial trial = block.remove();
        stage = trial.postHoc().images();
        open.put(count, trial);
        return new Candidate<>(() -> trial, count++, training.getFlatParameters());
    }

    /**
     * Notes that a candidate is done; Arbiter does not report those that fail.
     *
     * @param index number of the candidate
     * @param score null if it has none
     */
    synchronized void done(int index, Double score) {
        if (open.remove(index) == null) {
            throw new IllegalStateException("candidate %d is not open".formatted(index));
        }
        if (score != null && (fitness == null || objective.isBetter(score, fitness))) {
            fitness = score;
        }
    }

    private void reportFitness() {
        if (learns && training != null && fitness != null) {
            source.reportResults(
                    new OptimizationResult(
                            training, fitness, training.getIndex(), null, null, null));
        }
    }

    /** Whether no candidate is left, however many might have been asked for; ends the proposals. */
    synchronized boolean isComplete() {
        if (block.isEmpty() && !isEmpty) {
            propose();
        }
        return open.isEmpty() && block.isEmpty();
    }

    /** Whether no candidate is to be had any more and none is being scored. */
    synchronized boolean isExhausted() {
        return open.isEmpty() && !hasMoreCandidates();
    }

    /** Why the first proposal failed if none was any good; null otherwise. */
    synchronized Exception failure() {
        return proposed.isEmpty() ? failure : null;
    }

    /** Does nothing: {@link #done} is told more. */
    @Override
    public void reportResults(OptimizationResult result) {}

    @Override
    public ParameterSpace<?> getParameterSpace() {
        return source.getParameterSpace();
    }

    @Override
    public void setRngSeed(long seed) {
        source.setRngSeed(seed);
    }

    @Override
    public Class<?> getCandidateType() {
        return Trial.class;
    }
}
