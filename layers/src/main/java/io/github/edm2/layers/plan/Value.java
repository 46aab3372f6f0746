package io.github.edm2.layers.plan;

import java.util.function.DoubleConsumer;

/**
 * A value of a {@link Planner}: its numbers, what they must still be multiplied by, and the
 * gradient of the loss with respect to the numbers. Images are [batch height width, channels],
 * vectors [batch, channels]: sums over channels and products with one number per channel are faster
 * in this order (M2.1, CPU).
 */
public class Value {

    private final Slot slot;
    private final long[] shape;
    private final boolean differentiable;
    private final double pending;

    /** How many vertices take it, the network's outputs included. */
    private int takers = 1;

    private DoubleConsumer folding;
    private Slot gradient;
    private double factor;

    /**
     * @param slot [rows, channels]
     * @param shape DL4J's: [batch, channels, height, width] or [batch, channels]
     * @param differentiable whether a gradient is wanted
     * @param pending what the numbers must still be multiplied by, not 0
     */
    public Value(Slot slot, long[] shape, boolean differentiable, double pending) {
        this.slot = slot;
        this.shape = shape;
        this.differentiable = differentiable;
        this.pending = pending;
    }

    /** The numbers as rows. */
    public final Slot slot() {
        return slot;
    }

    /** DL4J's shape: [batch, channels, height, width] or [batch, channels]. */
    public final long[] shape() {
        return shape;
    }

    /** Whether it holds images. */
    public final boolean isImages() {
        return shape.length == 4;
    }

    /** Examples. */
    public final long batch() {
        return shape[0];
    }

    /** Channels, or elements of a vector. */
    public final long channels() {
        return shape[1];
    }

    /** Pixels of an image; 1 of a vector. */
    public final long pixels() {
        return isImages() ? shape[2] * shape[3] : 1;
    }

    /** Rows of the numbers: pixels of all examples. */
    public final long rows() {
        return batch() * pixels();
    }

    /** Whether a gradient is wanted. */
    public final boolean differentiable() {
        return differentiable;
    }

    /** What the numbers must still be multiplied by. */
    public final double pending() {
        return pending;
    }

    /** Whether nobody else takes it than whoever asks. */
    public final boolean exclusive() {
        return takers == 1;
    }

    final void takers(int number) {
        takers = number;
    }

    final int takers() {
        return takers;
    }

    /** Says how a constant factor can be put in where the value is made. */
    public final void foldable(DoubleConsumer newFolding) {
        folding = newFolding;
    }

    /**
     * Multiplies the value by a constant where it is made, if that is possible.
     *
     * @return whether it was
     */
    public final boolean fold(double constant) {
        if (folding == null || !exclusive()) {
            return false;
        }
        folding.accept(constant);
        return true;
    }

    /** The same with its factors per channel multiplied, if it has some. */
    public Value plain() {
        return this;
    }

    /**
     * {@link #factor} times this is the gradient with respect to the numbers; null if nothing that
     * the loss depends on takes the value.
     */
    public final Slot gradient() {
        return gradient;
    }

    /**
     * The same.
     *
     * @throws NotPlannedException if there is none
     */
    public final Slot gradientOrFail() {
        if (gradient == null) {
            throw new NotPlannedException("the loss does not depend on a part of the graph");
        }
        return gradient;
    }

    /** See {@link #gradient}. */
    public final double factor() {
        return factor;
    }

    final void gradient(Slot newGradient, double newFactor) {
        gradient = newGradient;
        factor = newFactor;
    }
}
