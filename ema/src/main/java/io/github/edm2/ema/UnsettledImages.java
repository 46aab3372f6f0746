package io.github.edm2.ema;

import java.util.TreeMap;

/**
 * Images that a model has seen since its averages were brought up to date, while its weights still
 * change because of them: by further segments of a sequence, or by averaging over parallel workers.
 */
final class UnsettledImages {

    private final TreeMap<Integer, Long> byIteration = new TreeMap<>();
    private boolean due;

    /**
     * @param updateDue whether the averages are to be updated with these images
     */
    void add(int iteration, long images, boolean updateDue) {
        byIteration.merge(iteration, images, Long::sum);
        due |= updateDue;
    }

    long count() {
        return byIteration.values().stream().mapToLong(Long::longValue).sum();
    }

    boolean isEmpty() {
        return byIteration.isEmpty();
    }

    /** Whether an update of the averages was due since the last call. */
    boolean takeDue() {
        boolean wasDue = due;
        due = false;
        return wasDue;
    }

    /** Takes out the images of earlier iterations. */
    long takeBefore(int iteration) {
        var earlier = byIteration.headMap(iteration);
        long images = earlier.values().stream().mapToLong(Long::longValue).sum();
        earlier.clear();
        return images;
    }
}
