package io.github.edm2.layers.plan;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The plans that were used last, by the shapes of their inputs; empty where there is no plan for
 * such inputs. Each holds the memory of a whole forward or backward pass.
 */
final class RecentPlans<V> extends LinkedHashMap<String, Optional<V>> {

    private static final long serialVersionUID = 1;

    /** Enough for the batches of a training, a validation and a sampling, and their last ones. */
    private static final int OF_A_GRAPH = 8;

    private final int most;

    RecentPlans() {
        this(OF_A_GRAPH);
    }

    /**
     * @param most plans to keep
     */
    RecentPlans(int most) {
        super(2 * most, 0.75f, true);
        this.most = most;
    }

    @Override
    protected boolean removeEldestEntry(Map.Entry<String, Optional<V>> eldest) {
        return size() > most;
    }
}
