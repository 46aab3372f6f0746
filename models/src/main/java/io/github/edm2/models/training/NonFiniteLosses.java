package io.github.edm2.models.training;

/**
 * Counts the steps in a row of a training whose loss is not a finite number. One may be an overflow
 * that passes; after {@link #MOST} the training has diverged.
 */
public final class NonFiniteLosses {

    /** So many in a row end a training. */
    public static final int MOST = 5;

    private double last;
    private int inARow;

    /**
     * Looks at the loss of a step.
     *
     * @return how many steps in a row, this one included, had no finite loss; 0 if this one has
     */
    public int add(double loss) {
        last = loss;
        inARow = Double.isFinite(loss) ? 0 : inARow + 1;
        return inARow;
    }

    /** Whether the last step had no finite loss. */
    public boolean isLast() {
        return inARow > 0;
    }

    /** Whether there were so many in a row that the training must end. */
    public boolean areTooMany() {
        return inARow >= MOST;
    }

    /** The last loss, which is not finite, in words: {@code the loss is not a number (NaN)}. */
    public String describeLast() {
        return "the loss is " + (Double.isNaN(last) ? "not a number (NaN)" : "infinite");
    }

    /** The same with the count: {@code the loss is not a number (NaN) in 5 steps in a row}. */
    public String describe() {
        return describeLast()
                + (inARow > 1 ? " in %,d steps in a row".formatted(inARow) : " in the last step");
    }
}
