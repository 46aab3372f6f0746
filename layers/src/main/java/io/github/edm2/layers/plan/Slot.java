package io.github.edm2.layers.plan;

import org.nd4j.linalg.api.ndarray.INDArray;

/** A value of a computation that an {@link OperationPlan} gives an array to. */
public final class Slot {
    private final long[] shape;

    /** Its array once the plan is compiled. */
    INDArray array;

    /** Number of the last step that reads it. */
    int lastUse = -1;

    /**
     * @param shape of the array
     */
    public Slot(long... shape) {
        this.shape = shape;
    }

    /** Shape of the array; not to be changed. */
    public long[] shape() {
        return shape;
    }

    /** Its array, once the plan is compiled. */
    public INDArray array() {
        return array;
    }
}
