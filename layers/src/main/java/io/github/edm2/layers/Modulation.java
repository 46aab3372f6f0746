package io.github.edm2.layers;

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
import org.nd4j.linalg.factory.Nd4j;

/**
 * Embedding modulation (arXiv:2312.02696, Fig. 21): x (c + 1), one factor per channel. Inputs x
 * [batch, channels, height, width] and c [batch, channels]; c comes from an {@link MpLinear} with a
 * learned gain that starts at zero, so that a new network ignores its embedding.
 *
 * <p>For one thread at a time, as all vertices of DL4J.
 */
public final class Modulation extends FunctionVertex implements InSameDiff {

    /**
     * SameDiff face.
     *
     * @param x [batch, channels, height, width]
     * @param c [batch, channels]
     */
    public static SDVariable modulate(SameDiff sd, SDVariable x, SDVariable c) {
        return x.mul(sd.expandDims(sd.expandDims(c.add(1.0), 2), 3));
    }

    /** Products that nobody else takes are multiplied by their factors along with this one's. */
    @Override
    public Value plan(Planner planner, String name, Value... inputs) {
        MpProduct xProduct = product(inputs[0]);
        MpProduct cProduct = product(inputs[1]);
        Value x = xProduct == null ? inputs[0].plain() : xProduct;
        Value c = cProduct == null ? inputs[1].plain() : cProduct;
        Slot y = new Slot(x.slot().shape());
        Slot factor = new Slot(c.slot().shape());
        if (!planner.training()) {
            planner.add(
                    List.of(x.slot(), c.slot()),
                    List.of(factor),
                    List.of(y),
                    false,
                    () -> negated(x, c, y, factor.array()));
            return planner.like(x, y, x.pending() * MpSilu.NEGATED);
        }
        planner.add(
                List.of(x.slot(), c.slot()),
                List.of(),
                List.of(y, factor),
                false,
                () ->
                        operation(
                                Planner.pixels(x.slot(), x.batch()),
                                factors(planner, x),
                                c.slot().array(),
                                factors(planner, c),
                                Planner.pixels(y, x.batch()),
                                factor.array()));
        Value value = new Value(y, x.shape(), x.differentiable() || c.differentiable(), 1);
        if (xProduct != null) {
            xProduct.sumsAreGiven();
        }
        if (value.differentiable()) {
            planner.tape().push(() -> gradient(planner, value, x, c, factor));
        }
        return value;
    }

    /** y = x times -(c + 1), outside of training. */
    private static Runnable negated(Value x, Value c, Slot y, INDArray factor) {
        return Prepared.sequence(
                c.pending() == 1
                        ? Prepared.subtractFrom(-1, c.slot().array(), factor)
                        : Prepared.sequence(
                                Prepared.multiply(c.slot().array(), -c.pending(), factor),
                                Prepared.add(factor, -1, factor)),
                Prepared.multiply(
                        Planner.pixels(x.slot(), x.batch()),
                        perPixel(factor),
                        Planner.pixels(y, x.batch())));
    }

    private static MpProduct product(Value value) {
        return value instanceof MpProduct product && product.exclusive() ? product : null;
    }

    /** What the numbers are still to be multiplied by, [1, channels]. */
    private static INDArray factors(Planner planner, Value value) {
        return value instanceof MpProduct product
                ? product.scale()
                : Nd4j.valueArrayOf(
                        new long[] {1, value.channels()}, value.pending(), planner.type());
    }

    private static void gradient(Planner planner, Value value, Value x, Value c, Slot factor) {
        Slot g = value.gradientOrFail();
        Slot dx = new Slot(x.slot().shape());
        Slot dc = new Slot(c.slot().shape());
        Slot products = new Slot(x.slot().shape());
        Slot dfactor = new Slot(c.slot().shape());
        Slot scaled = new Slot(c.slot().shape());
        Slot sums = new Slot(1, x.channels());
        planner.add(
                List.of(g, x.slot(), factor),
                List.of(products, dfactor, scaled, sums),
                List.of(dx, dc),
                false,
                () ->
                        gradient(
                                Planner.pixels(x.slot(), x.batch()),
                                factors(planner, x),
                                factor.array(),
                                Planner.pixels(g, x.batch()),
                                value.factor(),
                                Planner.pixels(dx, x.batch()),
                                x instanceof MpProduct product ? product.giveSums() : sums.array(),
                                dc.array(),
                                Planner.pixels(products, x.batch()),
                                dfactor.array(),
                                scaled.array()));
        if (x instanceof MpProduct product) {
            product.setGradient(dx);
        } else {
            planner.tape().accumulate(x, dx, 1);
        }
        if (c instanceof MpProduct product) {
            product.receive(dc, 1);
        } else {
            planner.tape().accumulate(c, dc, c.pending());
        }
    }

    @Override
    public SDVariable define(Part part, SDVariable... x) {
        return modulate(part.sd(), x[0], x[1]);
    }

    @Override
    protected Runtime runtime(ComputationGraph graph, String name, int index, DataType dataType) {
        return new io.github.edm2.layers.runtime.Modulation(this, graph, name, index, dataType);
    }

    /**
     * The same with pixels before channels, on given arrays, made once to be run many times.
     *
     * @param x [batch, pixels, channels]; times s it is what is modulated
     * @param s [1, channels]
     * @param c [batch, channels]; times sc it is the c of the formula
     * @param sc [1, channels]
     * @param y receives x s (c sc + 1)
     * @param factor receives s (c sc + 1), [batch, channels]
     */
    static Runnable operation(
            INDArray x, INDArray s, INDArray c, INDArray sc, INDArray y, INDArray factor) {
        return Prepared.sequence(
                Prepared.multiply(c, sc, factor),
                Prepared.add(factor, 1, factor),
                Prepared.multiply(factor, s, factor),
                Prepared.multiply(x, perPixel(factor), y));
    }

    /**
     * The gradient of {@link #operation}.
     *
     * @param x like s and factor, of the forward pass
     * @param g [batch, pixels, channels]; {@code by} times this is the gradient of y
     * @param dx receives the gradient of x; may be g
     * @param sums receives the sum of x dx over batch and pixels, [1, channels]
     * @param dc receives the gradient of c sc, [batch, channels]
     * @param products of x's shape, overwritten
     * @param dfactor of the factor's shape, overwritten
     * @param scaled of the factor's shape, overwritten
     */
    static Runnable gradient(
            INDArray x,
            INDArray s,
            INDArray factor,
            INDArray g,
            double by,
            INDArray dx,
            INDArray sums,
            INDArray dc,
            INDArray products,
            INDArray dfactor,
            INDArray scaled) {
        INDArray ones = Nd4j.ones(x.dataType(), x.size(0), 1, x.size(1));
        return Prepared.sequence(
                Prepared.multiply(g, x, products),
                new GroupProduct(ones, products, perPixel(dfactor), false, false, by),
                Prepared.multiply(factor, dfactor, scaled),
                PreparedWeight.sumOverRows(scaled, sums),
                Prepared.multiply(dfactor, s, dc),
                Prepared.multiply(factor, by, scaled),
                Prepared.multiply(g, perPixel(scaled), dx));
    }

    private static INDArray perPixel(INDArray factor) {
        return factor.reshape('c', factor.size(0), 1, factor.size(1));
    }

    @Override
    protected int inputs() {
        return 2;
    }

    @Override
    protected void checkInputs(INDArray[] inputs) {
        INDArray x = inputs[0];
        INDArray c = inputs[1];
        Images.check(x, "Modulation");
        if (c.rank() != 2 || c.size(0) != x.size(0) || c.size(1) != x.size(1)) {
            throw new DL4JInvalidInputException(
                    "Modulation of an input %s needs one factor per channel, [%d, %d], got %s; make it with an MpLinear of nOut %d"
                            .formatted(
                                    Arrays.toString(x.shape()),
                                    x.size(0),
                                    x.size(1),
                                    Arrays.toString(c.shape()),
                                    x.size(1)));
        }
    }

    @Override
    public InputType getOutputType(int layerIndex, InputType... vertexInputs) {
        InputType.InputTypeConvolutional x = convolutional(vertexInputs[0]);
        if (!(vertexInputs[1] instanceof InputType.InputTypeFeedForward c)
                || c.getSize() != x.getChannels()) {
            throw new IllegalStateException(
                    "Modulation of %s needs one factor per channel: its second input must be feed-forward of size %d, got %s; make it with an MpLinear of nOut %d"
                            .formatted(x, x.getChannels(), vertexInputs[1], x.getChannels()));
        }
        return x;
    }

    @Override
    public Modulation clone() {
        return new Modulation();
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof Modulation;
    }

    @Override
    public int hashCode() {
        return Modulation.class.hashCode();
    }
}
