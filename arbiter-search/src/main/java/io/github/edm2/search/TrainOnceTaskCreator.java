package io.github.edm2.search;

import io.github.edm2.ema.ReconstructedWeights;
import io.github.edm2.models.Count;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.Properties;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.apache.commons.lang3.exception.ExceptionUtils;
import org.deeplearning4j.arbiter.optimize.api.Candidate;
import org.deeplearning4j.arbiter.optimize.api.OptimizationResult;
import org.deeplearning4j.arbiter.optimize.api.TaskCreator;
import org.deeplearning4j.arbiter.optimize.api.data.DataProvider;
import org.deeplearning4j.arbiter.optimize.api.data.DataSource;
import org.deeplearning4j.arbiter.optimize.api.score.ScoreFunction;
import org.deeplearning4j.arbiter.optimize.runner.CandidateInfo;
import org.deeplearning4j.arbiter.optimize.runner.CandidateStatus;
import org.deeplearning4j.arbiter.optimize.runner.IOptimizationRunner;
import org.deeplearning4j.arbiter.optimize.runner.listener.StatusListener;
import org.deeplearning4j.nn.graph.ComputationGraph;

/**
 * Makes Arbiter's tasks of candidates: all with the same hyperparameters share one training, which
 * the first of them makes and the others read. A candidate that was recorded before is not scored
 * again. Whatever happens in a task becomes a result: Arbiter forgets tasks that throw, and would
 * take a score that is no number for the best. What a result cannot tell ends the search.
 */
final class TrainOnceTaskCreator implements TaskCreator {

    private static final int SHOWN_DIGITS = 6;

    private final StudyFolder study;
    private final BlockGenerator generator;
    private final Function<Hyperparameters, TrainingRun> newRun;
    private final List<Score> scores;
    private final Objective objective;
    private final Pruning pruning;
    private final SearchListener listener;

    /** One at a time for each task; the oldest are forgotten, and would be opened again. */
    private final Map<Hyperparameters, TrainingRun> runs;

    private Throwable fatal;

    /**
     * @param study where results are kept
     * @param generator told of each candidate that is done
     * @param newRun opens a training
     * @param scores all that are computed
     * @param objective the one that Arbiter is told
     * @param pruning when trainings are given up
     * @param tasks that run at the same time
     * @param listener told of new results
     */
    TrainOnceTaskCreator(
            StudyFolder study,
            BlockGenerator generator,
            Function<Hyperparameters, TrainingRun> newRun,
            List<Score> scores,
            Objective objective,
            Pruning pruning,
            int tasks,
            SearchListener listener) {
        this.study = study;
        this.generator = generator;
        this.newRun = newRun;
        this.scores = scores;
        this.objective = objective;
        this.pruning = pruning;
        this.listener = listener;
        runs =
                new LinkedHashMap<>() {
                    private static final long serialVersionUID = 1;

                    @Override
                    protected boolean removeEldestEntry(
                            Map.Entry<Hyperparameters, TrainingRun> eldest) {
                        return size() > tasks + 1;
                    }
                };
    }

    @Override
    @SuppressWarnings({"rawtypes", "deprecation"}) // Arbiter's interface
    public Callable<OptimizationResult> create(
            Candidate candidate,
            DataProvider dataProvider,
            ScoreFunction scoreFunction,
            List<StatusListener> statusListeners,
            IOptimizationRunner runner) {
        return () -> run(candidate, statusListeners, runner);
    }

    @Override
    @SuppressWarnings("rawtypes") // Arbiter's interface
    public Callable<OptimizationResult> create(
            Candidate candidate,
            Class<? extends DataSource> dataSource,
            Properties dataSourceProperties,
            ScoreFunction scoreFunction,
            List<StatusListener> statusListeners,
            IOptimizationRunner runner) {
        return () -> run(candidate, statusListeners, runner);
    }

    private OptimizationResult run(
            Candidate<?> candidate, List<StatusListener> listeners, IOptimizationRunner runner) {
        long start = System.currentTimeMillis();
        Trial trial = (Trial) candidate.getValue();
        int index = candidate.getIndex();
        CandidateInfo info;
        Double score = null;
        try {
            tell(
                    listeners,
                    runner,
                    info(candidate, CandidateStatus.Running, null, start, null),
                    null);
            TrialResult result = result(index, trial);
            score = result.scores().get(objective.score());
            info =
                    info(
                            candidate,
                            score == null ? CandidateStatus.Failed : CandidateStatus.Complete,
                            score,
                            start,
                            result.message());
        } catch (StoppedException e) {
            info = info(candidate, CandidateStatus.Failed, null, start, e.getMessage());
        } catch (RuntimeException | Error e) {
            noteFatal(e);
            info =
                    info(
                            candidate,
                            CandidateStatus.Failed,
                            null,
                            start,
                            ExceptionUtils.getStackTrace(e));
        }
        generator.done(index, score);
        OptimizationResult result =
                new OptimizationResult(candidate, score, index, null, info, null);
        try {
            tell(listeners, runner, info, result);
        } catch (RuntimeException | Error e) {
            noteFatal(e);
        }
        return result;
    }

    private static CandidateInfo info(
            Candidate<?> candidate,
            CandidateStatus status,
            Double score,
            long start,
            String message) {
        Long end = status == CandidateStatus.Running ? null : System.currentTimeMillis();
        return new CandidateInfo(
                candidate.getIndex(),
                status,
                score,
                start,
                start,
                end,
                candidate.getFlatParameters(),
                message);
    }

    private static void tell(
            List<StatusListener> listeners,
            IOptimizationRunner runner,
            CandidateInfo info,
            OptimizationResult result) {
        listeners.forEach(l -> l.onCandidateStatusChange(info, runner, result));
    }

    private TrialResult result(int index, Trial trial) {
        TrialResult recorded = study.recorded(index).orElse(null);
        if (recorded != null) {
            return recorded;
        }
        TrialResult result = evaluate(index, trial);
        study.add(result);
        listener.scored(result);
        return result;
    }

    private TrialResult evaluate(int index, Trial trial) {
        try {
            String hopeless = reasonToPrune(trial);
            if (hopeless != null) {
                return TrialResult.without(index, trial, TrialResult.Status.PRUNED, hopeless);
            }
            TrainingRun run;
            synchronized (runs) {
                run = runs.computeIfAbsent(trial.training(), newRun);
            }
            ReconstructedWeights weights = run.weights(trial.postHoc());
            Map<String, Double> values = scores(run, weights, trial);
            return TrialResult.complete(index, trial, weights.profile().predictedError(), values);
        } catch (StoppedException | UncheckedIOException e) {
            throw e;
        } catch (RuntimeException | OutOfMemoryError e) {
            return TrialResult.without(
                    index, trial, TrialResult.Status.FAILED, String.valueOf(e.getMessage()));
        }
    }

    private Map<String, Double> scores(TrainingRun run, ReconstructedWeights weights, Trial trial) {
        ComputationGraph network = run.borrow();
        weights.applyTo(network);
        Map<String, Double> values = new LinkedHashMap<>();
        for (Score score : scores) {
            Map<String, Double> found = score.of(network, trial);
            for (String name : score.names()) {
                Double value = found.get(name);
                if (value == null || !Double.isFinite(value)) {
                    throw new SearchException("The score %s is %s".formatted(name, value));
                }
                values.put(name, value);
            }
        }
        run.giveBack(network);
        return values;
    }

    /** Why a candidate need not be scored; null if it must be. */
    private String reasonToPrune(Trial trial) {
        if (pruning == Pruning.NONE) {
            return null;
        }
        Map<Hyperparameters, Map<Long, Double>> best = new LinkedHashMap<>();
        long before = 0;
        for (TrialResult result : study.recorded()) {
            Hyperparameters training = result.trial().training();
            boolean isSame = training.equals(trial.training());
            if (isSame && result.status() == TrialResult.Status.PRUNED) {
                return result.message();
            }
            Double score = result.scores().get(objective.score());
            long time = result.postHoc().images();
            if (score != null) {
                best.computeIfAbsent(training, t -> new HashMap<>())
                        .merge(time, score, (a, b) -> objective.isBetter(a, b) ? a : b);
            }
            if (isSame && time < trial.postHoc().images()) {
                before = Math.max(before, time);
            }
        }
        long time = before;
        OptionalDouble own = at(best.remove(trial.training()), time);
        if (own.isEmpty()) {
            return null;
        }
        List<Double> others =
                best.values().stream()
                        .map(byTime -> byTime.get(time))
                        .filter(Objects::nonNull)
                        .toList();
        return pruning.isHopeless(own.getAsDouble(), others, objective.minimize())
                ? "given up after %s with %s %s"
                        .formatted(
                                Count.images(time),
                                objective.score(),
                                SignificantDigits.round(own.getAsDouble(), SHOWN_DIGITS))
                : null;
    }

    private static OptionalDouble at(Map<Long, Double> byTime, long time) {
        Double score = byTime == null ? null : byTime.get(time);
        return score == null ? OptionalDouble.empty() : OptionalDouble.of(score);
    }

    private synchronized void noteFatal(Throwable problem) {
        if (fatal == null) {
            fatal = problem;
        }
    }

    /**
     * What ended the search: the disk is full, a listener threw, or an error of the Java machine;
     * null if nothing.
     */
    synchronized Throwable fatal() {
        return fatal;
    }
}
