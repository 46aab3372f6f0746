package io.github.edm2.layers;

import java.util.Arrays;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Magnitude-preserving sum of two arrays of the same shape (arXiv:2312.02696, Eq. 88): ((1-t) a + t
 * b) / sqrt((1-t)² + t²).
 *
 * <p>For one thread at a time, as all vertices of DL4J.
 */
public final class MpSum extends FunctionVertex {

    private final double t;

    /**
     * @param t share of the second input, from 0 to 1
     * @throws IllegalArgumentException if t is outside of [0, 1]
     */
    public MpSum(@JsonProperty("t") double t) {
        this.t = checkBalance(t);
    }

    /** Share of the second input. */
    public double getT() {
        return t;
    }

    /** SameDiff face: a and b of the same shape. */
    public static SDVariable mpSum(SameDiff sd, SDVariable a, SDVariable b, double t) {
        return a.mul(firstFactor(t)).add(b.mul(secondFactor(t)));
    }

    static double checkBalance(double t) {
        if (!(t >= 0 && t <= 1)) {
            throw new IllegalArgumentException(
                    "balance t, the share of the second input, must be in [0, 1], got %s; EDM2 uses 0.3 and 0.5"
                            .formatted(t));
        }
        return t;
    }

    /** Factor of the first input. */
    public static double firstFactor(double t) {
        return (1 - t) / Math.hypot(1 - t, t);
    }

    /** Factor of the second input. */
    public static double secondFactor(double t) {
        return t / Math.hypot(1 - t, t);
    }

    @Override
    protected Runtime runtime(ComputationGraph graph, String name, int index, DataType dataType) {
        return new io.github.edm2.layers.runtime.MpSum(this, graph, name, index, dataType);
    }

    @Override
    protected INDArray forward(INDArray[] inputs, LayerWorkspaceMgr workspaces) {
        INDArray a = inputs[0];
        INDArray sum =
                workspaces.createUninitialized(
                        ArrayType.ACTIVATIONS, a.dataType(), a.shape(), a.ordering());
        a.mul(firstFactor(t), sum);
        Nd4j.exec(
                DynamicCustomOp.builder("axpy")
                        .addInputs(sum, inputs[1]) // first + argument * second
                        .addOutputs(sum)
                        .addFloatingPointArguments(secondFactor(t))
                        .build());
        return sum;
    }

    @Override
    protected INDArray[] backward(
            INDArray[] inputs, INDArray epsilon, LayerWorkspaceMgr workspaces) {
        return new INDArray[] {
            scaled(epsilon, firstFactor(t), workspaces),
            scaled(epsilon, secondFactor(t), workspaces)
        };
    }

    private static INDArray scaled(INDArray g, double factor, LayerWorkspaceMgr workspaces) {
        return g.mul(
                factor,
                workspaces.createUninitialized(
                        ArrayType.ACTIVATION_GRAD, g.dataType(), g.shape(), g.ordering()));
    }

    @Override
    protected int inputs() {
        return 2;
    }

    @Override
    protected void checkInputs(INDArray[] inputs) {
        if (!inputs[0].equalShapes(inputs[1])) {
            throw new DL4JInvalidInputException(
                    "MpSum needs two inputs of the same shape, got %s and %s; a 1x1 convolution before it changes channels"
                            .formatted(
                                    Arrays.toString(inputs[0].shape()),
                                    Arrays.toString(inputs[1].shape())));
        }
    }

    @Override
    public InputType getOutputType(int layerIndex, InputType... vertexInputs) {
        if (!vertexInputs[0].equals(vertexInputs[1])) {
            throw new IllegalStateException(
                    "MpSum needs two inputs of the same shape, got %s and %s; a 1x1 convolution before it changes channels"
                            .formatted(vertexInputs[0], vertexInputs[1]));
        }
        return vertexInputs[0];
    }

    @Override
    public MpSum clone() {
        return new MpSum(t);
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof MpSum other && other.t == t;
    }

    @Override
    public int hashCode() {
        return Double.hashCode(t);
    }
}
