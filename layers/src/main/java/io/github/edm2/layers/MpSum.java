package io.github.edm2.layers;

import io.github.edm2.layers.plan.Cost;
import io.github.edm2.layers.plan.Planner;
import io.github.edm2.layers.plan.Prepared;
import io.github.edm2.layers.plan.Slot;
import io.github.edm2.layers.plan.Value;
import java.util.Arrays;
import java.util.List;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Magnitude-preserving sum of two arrays of the same shape (arXiv:2312.02696, Eq. 88): ((1-t) a + t
 * b) / sqrt((1-t)² + t²).
 *
 * <p>For one thread at a time, as all vertices of DL4J.
 */
public final class MpSum extends FunctionVertex implements InSameDiff {

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

    /** A product that nobody else takes is multiplied by its factors along with the sum's. */
    @Override
    public Value plan(Planner planner, String name, Value... inputs) {
        Value a = inputs[0];
        Value b = inputs[1];
        if (b instanceof MpProduct second && second.exclusive() && a != b) {
            return sum(planner, a, firstFactor(t), second, secondFactor(t));
        }
        if (a instanceof MpProduct first && first.exclusive()) {
            return sum(planner, b, secondFactor(t), first, firstFactor(t));
        }
        if (!planner.training() && a != b && b.fold(secondFactor(t) * b.pending())) {
            return folded(planner, a, b);
        }
        return sumOfValues(planner, a.plain(), b.plain());
    }

    /** Outside of training: b is already multiplied by its factors where it is made. */
    private Value folded(Planner planner, Value a, Value b) {
        double[] factor = {firstFactor(t) * a.pending()};
        Slot y = new Slot(b.slot().shape());
        planner.add(
                List.of(b.slot(), a.slot()),
                List.of(),
                List.of(y),
                true,
                () -> Prepared.axpy(factor[0], a.slot().array(), b.slot().array(), y.array()));
        Value sum = new Value(y, b.shape(), false, 1);
        sum.foldable(
                constant -> {
                    b.fold(constant);
                    factor[0] *= constant;
                });
        return sum;
    }

    /** factor value + productFactor product. */
    private static Value sum(
            Planner planner, Value value, double factor, MpProduct product, double productFactor) {
        product.fold(productFactor);
        MpProduct other = value instanceof MpProduct taken && taken.exclusive() ? taken : null;
        Value first = other == null ? value.plain() : other;
        double[] firstFactor = {factor * first.pending()};
        if (other != null) {
            other.fold(factor);
        }
        Slot q = product.slot();
        Slot y = new Slot(q.shape());
        Slot term = new Slot(q.shape());
        planner.add(
                List.of(q, first.slot()),
                other == null ? List.of() : List.of(term),
                List.of(y),
                true,
                () -> {
                    Runnable scaled = Prepared.multiply(q.array(), product.scale(), y.array());
                    return other == null
                            ? Prepared.sequence(
                                    scaled,
                                    Prepared.axpy(
                                            firstFactor[0],
                                            first.slot().array(),
                                            y.array(),
                                            y.array()))
                            : Prepared.sequence(
                                    scaled,
                                    Prepared.multiply(
                                            other.slot().array(), other.scale(), term.array()),
                                    Prepared.axpy(1, term.array(), y.array(), y.array()));
                });
        Value sum = planner.like(product, y, 1);
        sum.foldable(
                constant -> {
                    product.fold(constant);
                    firstFactor[0] *= constant;
                    if (other != null) {
                        other.fold(constant);
                    }
                });
        planner.tape()
                .push(
                        () -> {
                            Slot g = sum.gradientOrFail();
                            product.receive(g, sum.factor());
                            if (other == null) {
                                planner.tape().accumulate(first, g, sum.factor() * firstFactor[0]);
                            } else {
                                other.receive(g, sum.factor());
                            }
                        });
        return sum;
    }

    private Value sumOfValues(Planner planner, Value a, Value b) {
        double fromA = firstFactor(t) * a.pending();
        double fromB = secondFactor(t) * b.pending();
        boolean scaleB = Math.abs(fromA) > Math.abs(fromB);
        Value added = scaleB ? b : a;
        Value whole = scaleB ? a : b;
        double pending = scaleB ? fromA : fromB;
        double relative = scaleB ? fromB / fromA : fromA / fromB;
        Slot y = new Slot(a.slot().shape());
        planner.add(
                List.of(whole.slot(), added.slot()),
                List.of(),
                List.of(y),
                true,
                () ->
                        Prepared.axpy(
                                relative, added.slot().array(), whole.slot().array(), y.array()));
        Value sum = new Value(y, a.shape(), a.differentiable() || b.differentiable(), pending);
        planner.tape()
                .push(
                        () -> {
                            if (sum.differentiable()) {
                                Slot g = sum.gradientOrFail();
                                planner.tape().accumulate(whole, g, sum.factor());
                                planner.tape().accumulate(added, g, sum.factor() * relative);
                            }
                        });
        return sum;
    }

    @Override
    public boolean isElementwise() {
        return true;
    }

    /** Interpolation and division. */
    @Override
    public Cost cost(InputType output, InputType... inputs) {
        return Cost.perElement(2, output);
    }

    @Override
    public SDVariable define(Part part, SDVariable... x) {
        return mpSum(part.sd(), x[0], x[1], t);
    }

    @Override
    protected Runtime runtime(ComputationGraph graph, String name, int index, DataType dataType) {
        return new io.github.edm2.layers.runtime.MpSum(this, graph, name, index, dataType);
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
