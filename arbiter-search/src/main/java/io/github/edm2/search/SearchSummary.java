package io.github.edm2.search;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * A study as it stands.
 *
 * @param results of all candidates so far, by number
 * @param objective what drives the search
 * @param complete whether no candidate is left
 */
public record SearchSummary(List<TrialResult> results, Objective objective, boolean complete) {

    public SearchSummary {
        results = List.copyOf(results);
    }

    /** The best candidate, the first of equal ones; empty if none has a score. */
    public Optional<TrialResult> best() {
        return best(results, objective);
    }

    static Optional<TrialResult> best(List<TrialResult> results, Objective objective) {
        Comparator<TrialResult> byScore =
                Comparator.comparingDouble(result -> result.scores().get(objective.score()));
        return results.stream()
                .filter(result -> result.scores().containsKey(objective.score()))
                .min(objective.minimize() ? byScore : byScore.reversed());
    }
}
