package io.github.edm2.search;

import io.github.edm2.ema.ReconstructedProfile;
import io.github.edm2.models.Count;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;

/**
 * What a study's best candidate must not be trusted for: it lies at the edge of an axis, or its
 * average is a poor reconstruction; or there is none, because everything failed.
 */
public final class Cautions {

    /** Axes without an order. */
    private static final Set<String> UNORDERED = Set.of(Edm2Space.SEED);

    /** Axes on which nothing is beyond a value: no dropout, no decay, no guidance. */
    private static final Map<String, Double> ENDS =
            Map.of(Edm2Space.DROPOUT, 0.0, Edm2Space.DECAY, 0.0, "guidance", 1.0);

    private final Study study;
    private final List<String> sentences = new ArrayList<>();

    private Cautions(Study study) {
        this.study = study;
    }

    /**
     * The cautions.
     *
     * @return sentences; none if the best candidate is inside all axes and well reconstructed
     */
    public static List<String> of(Study study) {
        Cautions cautions = new Cautions(study);
        if (study.hasOnlyFailures()) {
            cautions.onlyFailures();
        } else if (!study.ranked().isEmpty()) {
            cautions.best(study.ranked().get(0));
        }
        return List.copyOf(cautions.sentences);
    }

    private void onlyFailures() {
        sentences.add(
                String.format(
                        Locale.ROOT,
                        "Every %s failed: %s without a score, and there is no best network. The first failure: %s.",
                        study.results().stream().allMatch(study::hasFailedTraining)
                                ? "training"
                                : "candidate",
                        Count.of(study.results().size(), "candidate", "candidates"),
                        firstLine(study.results().get(0).message())));
    }

    private static String firstLine(String message) {
        return message.lines().findFirst().orElse("").replaceFirst("\\.$", "");
    }

    private void best(TrialResult best) {
        axes().forEach((name, value) -> edge(name, value, best));
        if (best.predictedError() != null
                && best.predictedError() > ReconstructedProfile.LARGE_ERROR) {
            sentences.add(
                    String.format(
                            Locale.ROOT,
                            "The predicted error of the best candidate's average, %.2g, is above %s: the snapshots cannot make this EMA length well. Store more snapshots or search longer EMA lengths.",
                            best.predictedError(),
                            ReconstructedProfile.LARGE_ERROR));
        }
    }

    /** Values of a candidate by axis. */
    private Map<String, Function<TrialResult, Object>> axes() {
        Map<String, Function<TrialResult, Object>> axes = new LinkedHashMap<>();
        Set<String> names = new LinkedHashSet<>();
        study.results().forEach(result -> names.addAll(result.training().keySet()));
        names.removeAll(UNORDERED);
        names.forEach(name -> axes.put(name, result -> result.training().get(name)));
        axes.put("EMA length (sigma_rel)", result -> result.postHoc().sigmaRel());
        axes.put("time (images)", result -> result.postHoc().images());
        axes.put("guidance", result -> result.postHoc().guidance());
        axes.put("steps", result -> result.postHoc().steps());
        return axes;
    }

    private void edge(String name, Function<TrialResult, Object> axis, TrialResult best) {
        TreeSet<Double> tried = new TreeSet<>();
        for (TrialResult result : study.results()) {
            if (!(axis.apply(result) instanceof Number number)) {
                return;
            }
            tried.add(number.doubleValue());
        }
        double value = ((Number) axis.apply(best)).doubleValue();
        if (tried.size() < 2 || Double.valueOf(value).equals(ENDS.get(name))) {
            return;
        }
        if (value == tried.last()) {
            sentences.add(edge(name, axis.apply(best), "highest", "higher"));
        } else if (value == tried.first()) {
            sentences.add(edge(name, axis.apply(best), "lowest", "lower"));
        }
    }

    private static String edge(String name, Object value, String end, String beyond) {
        return "The best candidate lies at the edge of %s: %s is the %s value tried, and %s ones may be better."
                .formatted(name, value, end, beyond);
    }
}
