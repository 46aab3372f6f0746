package io.github.edm2.layers;

import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.reduce.same.Sum;
import org.nd4j.linalg.api.ops.impl.scalar.ScalarMax;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The weight that a magnitude-preserving layer multiplies by (arXiv:2312.02696, Eq. 47 and 66):
 *
 * <pre>w = normalize(W) gain / sqrt(N)</pre>
 *
 * with one norm per output row and N weights in a row. Holds the results of the forward pass that
 * the backward pass needs, in arrays that live as long as the layer.
 *
 * <p>Rows are matrices and sums over them products with ones: with a third axis of length 1, ND4J's
 * broadcasts (M2.1, CPU) take twenty times as long, and its reductions five times.
 */
final class MpWeight {

    /** Keeps the gradient at an all-zero row zero instead of 0/0. */
    private static final double TINY = 1e-30;

    private final INDArray weight;
    private final INDArray rows;
    private final INDArray gain;
    private final double constant;
    private final boolean forced;

    private final INDArray effective;
    private final INDArray rms;
    private final INDArray divisor;
    private final INDArray scale;
    private final INDArray halfGain;
    private final INDArray ones;

    /**
     * @param weight the parameter W, first axis = output rows; a view of the network's parameters
     * @param learnedGain one-element parameter, or null
     * @param gain constant gain, multiplied with the learned one
     * @param forced whether {@link #forward} in training normalizes W itself (Eq. 66)
     * @param half whether {@link #forward} outside of training divides the learned gain by sqrt(N)
     *     in half precision
     */
    MpWeight(INDArray weight, INDArray learnedGain, double gain, boolean forced, boolean half) {
        long fanIn = Normalization.fanIn(weight.shape());
        this.weight = weight;
        this.rows = weight.reshape('c', weight.size(0), fanIn);
        this.gain = learnedGain == null ? null : learnedGain.reshape(1, 1);
        this.constant = gain / Math.sqrt(fanIn);
        this.forced = forced;
        try (MemoryWorkspace ignored = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            effective = Nd4j.createUninitialized(weight.dataType(), rows.shape(), 'c');
            rms = Nd4j.createUninitialized(weight.dataType(), weight.size(0), 1);
            divisor = rms.ulike();
            scale = rms.ulike();
            ones = Nd4j.ones(weight.dataType(), fanIn, 1);
            halfGain =
                    half && learnedGain != null
                            ? Nd4j.createUninitialized(DataType.FLOAT16, 1, 1)
                            : null;
        }
    }

    /** Whether this was made for the given parameter array. */
    boolean isOf(INDArray parameter) {
        return weight == parameter;
    }

    /** The effective weight w in W's shape; valid until the next call. */
    INDArray forward(boolean training) {
        Normalization.rowRms(rows, effective, ones, rms);
        rms.add(Normalization.EPSILON, divisor);
        if (training && forced) {
            rows.divi(divisor);
            rms.divi(divisor);
            rms.add(Normalization.EPSILON, divisor);
        }
        if (halfGain != null && !training) {
            // In half precision the root is rounded, too, before it divides.
            halfGain.assign(gain);
            halfGain.divi(1 / constant);
            divisor.rdiv(1, scale).muli(halfGain);
        } else {
            divisor.rdiv(constant, scale);
            if (gain != null) {
                scale.muli(gain);
            }
        }
        rows.mul(scale, effective);
        return effective.reshape(weight.shape());
    }

    /**
     * Gradients of the parameters. With s = gain / (sqrt(N) d) and t = sum over a row of dw W: dW =
     * s (dw - W t / (d N rms)) and dgain = sum over the rows of t / (d sqrt(N)).
     *
     * @param dw the gradient of w, in W's shape
     * @param weightGradient receives the gradient of W
     * @param gainGradient receives the gradient of the learned gain; null where there is none
     */
    void backward(
            INDArray dw,
            INDArray weightGradient,
            INDArray gainGradient,
            LayerWorkspaceMgr workspaces) {
        INDArray dwRows = dw.reshape('c', rows.shape());
        INDArray dW = weightGradient.reshape('c', rows.shape());
        INDArray column =
                workspaces.createUninitialized(
                        ArrayType.BP_WORKING_MEM, rms.dataType(), rms.shape(), 'c');
        dwRows.mul(rows, dW);
        Nd4j.matmul(dW, ones, column, false, false, false);
        column.divi(divisor);
        if (gainGradient != null) {
            Nd4j.exec(new Sum(column.reshape(column.length()), gainGradient.reshape(), 0));
            gainGradient.muli(constant);
        }
        INDArray norm =
                workspaces.createUninitialized(
                        ArrayType.BP_WORKING_MEM, rms.dataType(), rms.shape(), 'c');
        Nd4j.exec(new ScalarMax(rms, null, norm, TINY));
        column.divi(norm).divi(rows.size(1));
        rows.mul(column, dW);
        dwRows.sub(dW, dW).muli(scale);
    }
}
