package io.github.edm2.models.unet;

import org.nd4j.linalg.api.ndarray.INDArray;

/** A value of a computation that an {@link OperationPlan} gives an array to. */
final class Slot {
    final long[] shape;

    /** Its array once the plan is compiled. */
    INDArray array;

    /** Number of the last step that reads it. */
    int lastUse = -1;

    /** What the stored numbers must still be multiplied by, at whoever takes them. */
    double pending = 1;

    /** What the weights of the layer that gives them are multiplied by. */
    double folded = 1;

    /** Of a sum, the term that weights give, to be folded with the sum; null for other values. */
    Slot term;

    /**
     * Attention heads, where the channels are to be (query, key, value), heads, d instead of heads,
     * d, (query, key, value); 0 elsewhere.
     */
    int heads;

    Slot(long... shape) {
        this.shape = shape;
    }
}
