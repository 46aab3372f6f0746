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
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Magnitude-preserving concatenation along the channels (arXiv:2312.02696, Eq. 103): with C =
 * sqrt((Na+Nb) / ((1-t)² + t²)), a is multiplied by C (1-t) / sqrt(Na) and b by C t / sqrt(Nb), so
 * that both contribute as t says whatever their channel counts. Inputs [batch, Na, height, width]
 * and [batch, Nb, height, width], output [batch, Na+Nb, height, width].
 *
 * <p>For one thread at a time, as all vertices of DL4J.
 */
public final class MpConcat extends FunctionVertex implements InSameDiff {

    private final double t;

    /**
     * @param t share of the second input, from 0 to 1
     * @throws IllegalArgumentException if t is outside of [0, 1]
     */
    public MpConcat(@JsonProperty("t") double t) {
        this.t = MpSum.checkBalance(t);
    }

    /** Share of the second input. */
    public double getT() {
        return t;
    }

    /**
     * SameDiff face.
     *
     * @param channelsA channels of a
     * @param channelsB channels of b
     */
    public static SDVariable mpConcat(
            SameDiff sd, SDVariable a, SDVariable b, long channelsA, long channelsB, double t) {
        return sd.concat(
                1,
                a.mul(factor(1 - t, channelsA, channelsB, t)),
                b.mul(factor(t, channelsB, channelsA, t)));
    }

    /**
     * Factor of an input, C share / sqrt(own), symmetric in the two inputs.
     *
     * @param share t for the second input, 1 - t for the first
     * @param own its channels
     * @param other channels of the other input
     */
    public static double factor(double share, long own, long other, double t) {
        return Math.sqrt((own + other) / ((1 - t) * (1 - t) + t * t)) * share / Math.sqrt(own);
    }

    @Override
    public Value plan(Planner planner, String name, Value... inputs) {
        Value a = inputs[0].plain();
        Value b = inputs[1].plain();
        long na = a.channels();
        long nb = b.channels();
        double pending = planner.training() ? 1 : MpSilu.NEGATED;
        double factorA = factor(1 - t, na, nb, t) * a.pending() * pending;
        double factorB = factor(t, nb, na, t) * b.pending() * pending;
        long[] shape = a.shape().clone();
        shape[1] = na + nb;
        Slot y = new Slot(a.rows(), na + nb);
        planner.add(
                List.of(a.slot(), b.slot()),
                List.of(),
                List.of(y),
                false,
                () -> operation(a.slot().array(), b.slot().array(), y.array(), factorA, factorB));
        Value value = new Value(y, shape, a.differentiable() || b.differentiable(), pending);
        if (value.differentiable()) {
            planner.tape().push(() -> gradient(planner, value, a, factorA, b, factorB));
        }
        return value;
    }

    private static void gradient(
            Planner planner, Value value, Value a, double factorA, Value b, double factorB) {
        Slot g = value.gradientOrFail();
        Slot da = new Slot(a.slot().shape());
        Slot db = new Slot(b.slot().shape());
        planner.add(
                List.of(g),
                List.of(),
                List.of(da, db),
                false,
                () -> split(g.array(), da.array(), db.array()));
        planner.tape().accumulate(a, da, value.factor() * factorA);
        planner.tape().accumulate(b, db, value.factor() * factorB);
    }

    /** Scaling and copy. */
    @Override
    public Cost cost(InputType output, InputType... inputs) {
        return Cost.perElement(2, output);
    }

    @Override
    public SDVariable define(Part part, SDVariable... x) {
        return mpConcat(part.sd(), x[0], x[1], part.channels(0), part.channels(1), t);
    }

    @Override
    protected Runtime runtime(ComputationGraph graph, String name, int index, DataType dataType) {
        return new io.github.edm2.layers.runtime.MpConcat(this, graph, name, index, dataType);
    }

    /**
     * The same on given arrays, made once to be run many times. As broadcast products, which take
     * (M2.1, CPU) half of the time of scaling both and copying them; scaling into a part of an
     * array takes thirty times as long as copying.
     *
     * @param a rows of Na channels
     * @param b as many rows of Nb channels
     * @param out receives rows of Na + Nb channels
     * @param factorA {@link #factor} of a, perhaps times another
     * @param factorB {@link #factor} of b, perhaps times another
     */
    static Runnable operation(
            INDArray a, INDArray b, INDArray out, double factorA, double factorB) {
        long na = a.size(1);
        return Prepared.sequence(
                scaled(a, factorA, out, 0, na), scaled(b, factorB, out, na, na + b.size(1)));
    }

    private static Runnable scaled(INDArray x, double factor, INDArray out, long from, long to) {
        INDArray factors = Nd4j.valueArrayOf(new long[] {x.size(0), 1}, factor, x.dataType());
        return Prepared.multiply(
                x, factors, out.get(NDArrayIndex.all(), NDArrayIndex.interval(from, to)));
    }

    /**
     * The two parts of the gradient of rows [pixels, Na + Nb], before their factors, on given
     * arrays, made once to be run many times. In halves they are split, which takes (M2.1, CPU) a
     * third of the time of copying out of views.
     */
    static Runnable split(INDArray gradient, INDArray partA, INDArray partB) {
        long na = partA.size(1);
        if (na == partB.size(1)) {
            return Prepared.of(
                    DynamicCustomOp.builder("split")
                            .addInputs(gradient)
                            .addOutputs(partA, partB)
                            .addIntegerArguments(2, 1)
                            .build());
        }
        INDArray fromA = gradient.get(NDArrayIndex.all(), NDArrayIndex.interval(0, na));
        INDArray fromB =
                gradient.get(NDArrayIndex.all(), NDArrayIndex.interval(na, gradient.size(1)));
        return () -> {
            partA.assign(fromA);
            partB.assign(fromB);
        };
    }

    @Override
    protected int inputs() {
        return 2;
    }

    @Override
    protected void checkInputs(INDArray[] inputs) {
        INDArray a = inputs[0];
        INDArray b = inputs[1];
        Images.check(a, "MpConcat");
        Images.check(b, "MpConcat");
        if (a.size(0) != b.size(0) || a.size(2) != b.size(2) || a.size(3) != b.size(3)) {
            throw new DL4JInvalidInputException(
                    "MpConcat needs inputs of the same batch, height and width, got %s and %s; resample one of them before it"
                            .formatted(Arrays.toString(a.shape()), Arrays.toString(b.shape())));
        }
    }

    @Override
    public InputType getOutputType(int layerIndex, InputType... vertexInputs) {
        InputType.InputTypeConvolutional a = convolutional(vertexInputs[0]);
        InputType.InputTypeConvolutional b = convolutional(vertexInputs[1]);
        if (a.getHeight() != b.getHeight() || a.getWidth() != b.getWidth()) {
            throw new IllegalStateException(
                    "MpConcat needs inputs of the same height and width, got %s and %s; resample one of them before it"
                            .formatted(a, b));
        }
        return InputType.convolutional(
                a.getHeight(), a.getWidth(), a.getChannels() + b.getChannels(), a.getFormat());
    }

    @Override
    public MpConcat clone() {
        return new MpConcat(t);
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof MpConcat other && other.t == t;
    }

    @Override
    public int hashCode() {
        return Double.hashCode(t);
    }
}
