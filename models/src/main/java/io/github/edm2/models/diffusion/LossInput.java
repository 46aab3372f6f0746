package io.github.edm2.models.diffusion;

import io.github.edm2.layers.FunctionVertex;
import io.github.edm2.layers.plan.Cost;
import io.github.edm2.layers.plan.Planner;
import io.github.edm2.layers.plan.Prepared;
import io.github.edm2.layers.plan.Slot;
import io.github.edm2.layers.plan.Value;
import java.util.List;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * What the {@link UncertaintyLoss} needs, in the one array that a DL4J output layer can take.
 * Inputs, in this order, D [batch, channels, height, width], u = log variance [batch, 1] and sigma
 * [batch, 1]; output [batch, channels + 2, height, width], the last two channels being u and sigma.
 *
 * <p>For one thread at a time, as all vertices of DL4J.
 */
public final class LossInput extends FunctionVertex {

    @Override
    public Value plan(Planner planner, String name, Value... inputs) {
        Value d = inputs[0].plain();
        Value u = inputs[1].plain();
        Value sigma = inputs[2].plain();
        long[] shape = d.shape().clone();
        long channels = shape[1];
        shape[1] += 2;
        Slot y = new Slot(d.rows(), shape[1]);
        planner.add(
                List.of(d.slot(), u.slot(), sigma.slot()),
                List.of(),
                List.of(y),
                false,
                () ->
                        Prepared.sequence(
                                pixels(d, y, 0),
                                pixels(u, y, channels),
                                pixels(sigma, y, channels + 1)));
        Value value = new Value(y, shape, d.differentiable() || u.differentiable(), 1);
        planner.tape()
                .push(
                        value,
                        d,
                        d.pending(),
                        List.of(),
                        List.of(),
                        false,
                        (g, dd) -> Prepared.copy(Planner.columns(g, 0, channels), dd.array()));
        Slot ofPixels = new Slot(d.batch(), d.pixels());
        planner.tape()
                .push(
                        value,
                        u,
                        u.pending(),
                        List.of(),
                        List.of(ofPixels),
                        false,
                        (g, du) ->
                                Prepared.sequence(
                                        Prepared.copy(
                                                Planner.columns(g, channels, channels + 1),
                                                ofPixels.array().reshape('c', d.rows(), 1)),
                                        Prepared.matmul(
                                                ofPixels.array(),
                                                Nd4j.ones(planner.type(), d.pixels(), 1),
                                                du.array(),
                                                false,
                                                false)));
        return value;
    }

    /** A value in all pixels, as channels from a certain one on. */
    private static Runnable pixels(Value value, Slot y, long from) {
        INDArray factor =
                Nd4j.valueArrayOf(
                        new long[] {1, y.shape()[0] / value.batch(), 1},
                        value.pending(),
                        value.slot().array().dataType());
        INDArray to =
                Planner.pixels(y, value.batch())
                        .get(
                                NDArrayIndex.all(),
                                NDArrayIndex.all(),
                                NDArrayIndex.interval(from, from + value.channels()));
        return Prepared.multiply(Planner.pixels(value.slot(), value.batch()), factor, to);
    }

    /** Nothing but copies. */
    @Override
    public Cost cost(InputType output, InputType... inputs) {
        return new Cost(0, 0);
    }

    @Override
    protected Runtime runtime(ComputationGraph graph, String name, int index, DataType dataType) {
        return new io.github.edm2.models.runtime.LossInput(this, graph, name, index, dataType);
    }

    @Override
    protected int inputs() {
        return 3;
    }

    @Override
    public InputType getOutputType(int layerIndex, InputType... vertexInputs) {
        InputType.InputTypeConvolutional d = convolutional(vertexInputs[0]);
        return InputType.convolutional(
                d.getHeight(), d.getWidth(), d.getChannels() + 2, d.getFormat());
    }

    @Override
    public LossInput clone() {
        return new LossInput();
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof LossInput;
    }

    @Override
    public int hashCode() {
        return LossInput.class.hashCode();
    }
}
