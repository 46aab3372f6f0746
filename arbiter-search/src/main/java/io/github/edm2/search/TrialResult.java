package io.github.edm2.search;

import java.util.LinkedHashMap;
import java.util.Map;
import org.nd4j.shade.jackson.core.JsonProcessingException;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/**
 * What became of a candidate.
 *
 * @param index number of the candidate, from 0
 * @param status how it ended
 * @param training its hyperparameters
 * @param postHoc how its training was read
 * @param predictedError of the EMA's reconstruction, relative to the profile; null if it was not
 *     made
 * @param scores by name; empty unless complete
 * @param message what went wrong, or why it was not scored; null if complete
 */
public record TrialResult(
        int index,
        Status status,
        Map<String, Object> training,
        PostHoc postHoc,
        Double predictedError,
        Map<String, Double> scores,
        String message) {

    private static final int DIGITS = 6;

    private static final ObjectMapper JSON = new ObjectMapper();

    /** How a candidate can end. */
    public enum Status {
        /** It has all scores. */
        COMPLETE,
        /** Its training, reconstruction or scoring failed, or a score was no number. */
        FAILED,
        /** Its training was given up because others were better at an earlier time. */
        PRUNED
    }

    static TrialResult complete(
            int index, Trial trial, double predictedError, Map<String, Double> scores) {
        return new TrialResult(
                index,
                Status.COMPLETE,
                trial.training().values(),
                trial.postHoc(),
                predictedError,
                new LinkedHashMap<>(scores),
                null);
    }

    static TrialResult without(int index, Trial trial, Status status, String message) {
        return new TrialResult(
                index, status, trial.training().values(), trial.postHoc(), null, Map.of(), message);
    }

    /** The candidate. */
    public Trial trial() {
        return new Trial(new Hyperparameters(training), postHoc);
    }

    /** For people: with scores and error of few digits. */
    TrialResult rounded() {
        Map<String, Double> few = new LinkedHashMap<>();
        scores.forEach((name, value) -> few.put(name, SignificantDigits.round(value, DIGITS)));
        return new TrialResult(
                index,
                status,
                training,
                postHoc,
                predictedError == null ? null : SignificantDigits.round(predictedError, DIGITS),
                few,
                message);
    }

    /** One line of JSON without its end. */
    String toJson() {
        try {
            return JSON.writeValueAsString(this);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    static TrialResult parse(String line) throws JsonProcessingException {
        return JSON.readValue(line, TrialResult.class);
    }
}
