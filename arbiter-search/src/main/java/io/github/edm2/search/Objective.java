package io.github.edm2.search;

/**
 * The score that drives a search.
 *
 * @param score its name
 * @param minimize whether lower is better
 */
public record Objective(String score, boolean minimize) {

    /** The lower the better. */
    public static Objective lowest(String score) {
        return new Objective(score, true);
    }

    /** The higher the better. */
    public static Objective highest(String score) {
        return new Objective(score, false);
    }

    /** Whether a value is better than another. */
    public boolean isBetter(double value, double other) {
        return minimize ? value < other : value > other;
    }
}
