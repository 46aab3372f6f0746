package io.github.edm2.search;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * When a training is given up early, for the scores at one of the search's times before the last.
 * What is given up depends on the trainings before it, so that several tasks at a time may give up
 * others than one does.
 */
public enum Pruning {
    /** Never. */
    NONE {
        @Override
        boolean isHopeless(double score, List<Double> others, boolean minimize) {
            return false;
        }
    },
    /** If it is worse than the median of those before it, once there are two. */
    MEDIAN {
        @Override
        boolean isHopeless(double score, List<Double> others, boolean minimize) {
            if (others.size() < 2) {
                return false;
            }
            double[] sorted = others.stream().mapToDouble(Double::doubleValue).sorted().toArray();
            int middle = sorted.length / 2;
            double median =
                    sorted.length % 2 == 1
                            ? sorted[middle]
                            : (sorted[middle - 1] + sorted[middle]) / 2;
            return minimize ? score > median : score < median;
        }
    },
    /**
     * Asynchronous successive halving (Li et al., arXiv:1810.05934): unless it is among the best
     * third of those that have come as far, itself included.
     */
    SUCCESSIVE_HALVING {
        @Override
        boolean isHopeless(double score, List<Double> others, boolean minimize) {
            long better = others.stream().filter(o -> minimize ? o < score : o > score).count();
            long kept = Math.max(1, (others.size() + 1) / REDUCTION);
            return better >= kept;
        }
    };

    /** One of so many goes on. */
    private static final int REDUCTION = 3;

    /**
     * Whether a training should be given up.
     *
     * @param score its best so far at this time
     * @param others best scores at this time of the trainings before it
     * @param minimize whether lower is better
     */
    abstract boolean isHopeless(double score, List<Double> others, boolean minimize);

    /** As options name it, such as {@code successive-halving}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /**
     * The one of a name.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static Pruning of(String name) {
        return Arrays.stream(values())
                .filter(pruning -> pruning.toString().equals(name))
                .findFirst()
                .orElseThrow(
                        () ->
                                new IllegalArgumentException(
                                        "Pruning must be one of %s, got %s"
                                                .formatted(Arrays.toString(values()), name)));
    }
}
