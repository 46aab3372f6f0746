package io.github.edm2.search;

import java.util.Optional;

/**
 * What a search has found so far.
 *
 * @param study its folder's content
 * @param complete whether no candidate is left
 */
public record SearchSummary(Study study, boolean complete) {

    /** The best candidate, the first of equal ones; empty if none has a score. */
    public Optional<TrialResult> best() {
        return study.ranked().stream().findFirst();
    }
}
