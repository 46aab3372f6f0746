package io.github.edm2.search;

import io.github.edm2.ema.AtomicFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import org.nd4j.shade.jackson.databind.JsonNode;

/**
 * What a study's folder says, read without changing it; another process may be working on it.
 *
 * @param folder of the study
 * @param configuration of the search, as in {@code study.json}
 * @param results so far, by number of the candidate
 */
public record Study(Path folder, JsonNode configuration, List<TrialResult> results) {

    /**
     * Reads a study.
     *
     * @throws SearchException if there is none in the folder or it is damaged
     */
    public static Study read(Path folder) {
        try {
            List<TrialResult> results = new ArrayList<>(StudyFolder.results(folder));
            results.sort(Comparator.comparingInt(TrialResult::index));
            return new Study(folder, StudyFolder.configuration(folder), List.copyOf(results));
        } catch (IOException e) {
            throw new SearchException(
                    "The study %s cannot be read (%s)".formatted(folder, AtomicFile.reason(e)), e);
        }
    }

    /** The score that drives the search. */
    public Objective objective() {
        JsonNode objective = configuration.get("objective");
        return new Objective(
                objective.get("score").asText(), objective.get("minimize").asBoolean());
    }

    /** Those with a score, the best first; equal ones by number. */
    public List<TrialResult> ranked() {
        Objective objective = objective();
        Comparator<TrialResult> byScore =
                Comparator.comparingDouble(result -> result.scores().get(objective.score()));
        return results.stream()
                .filter(result -> result.scores().containsKey(objective.score()))
                .sorted(objective.minimize() ? byScore : byScore.reversed())
                .toList();
    }

    /** Whether there are candidates, but all of them failed. */
    public boolean hasOnlyFailures() {
        return !results.isEmpty() && count(TrialResult.Status.FAILED) == results.size();
    }

    /** Whether a candidate has no score because its training failed. */
    boolean hasFailedTraining(TrialResult result) {
        return result.status() == TrialResult.Status.FAILED && TrainingRun.hasFailed(run(result));
    }

    /** A score with its unit: losses on held-out images are means per element. */
    public String named(String score) {
        boolean isLoss =
                configuration.path("recipe").has(Edm2Recipe.PRESET)
                        && HeldOutScore.NAMES.contains(score);
        return isLoss ? score + " per element" : score;
    }

    /** Number of candidates that ended in a way. */
    public long count(TrialResult.Status status) {
        return results.stream().filter(result -> result.status() == status).count();
    }

    /** Folder of a candidate's training. */
    public Path run(TrialResult result) {
        return StudyFolder.run(folder, result.trial().training());
    }

    /** Whether the training of a candidate came to its time. */
    private boolean wasReached(TrialResult result) {
        return result.status() != TrialResult.Status.PRUNED && !hasFailedTraining(result);
    }

    /** Images that were trained for the candidates so far. */
    public long imagesTrained() {
        return results.stream()
                .filter(this::wasReached)
                .collect(
                        Collectors.toMap(
                                TrialResult::training,
                                result -> result.postHoc().images(),
                                Math::max))
                .values()
                .stream()
                .mapToLong(Long::longValue)
                .sum();
    }

    /** Images that a training for each EMA length, up to the longest time, would have taken. */
    public long imagesOfExhaustiveSearch() {
        return results.stream()
                .filter(this::wasReached)
                .collect(
                        Collectors.toMap(
                                result -> List.of(result.training(), result.postHoc().sigmaRel()),
                                result -> result.postHoc().images(),
                                Math::max))
                .values()
                .stream()
                .mapToLong(Long::longValue)
                .sum();
    }
}
