package io.github.edm2.models.diffusion;

import io.github.edm2.layers.FunctionVertex;
import io.github.edm2.layers.plan.NotPlannedException;
import io.github.edm2.layers.plan.Planned;
import io.github.edm2.layers.plan.Planner;
import io.github.edm2.layers.plan.Prepared;
import io.github.edm2.layers.plan.Slot;
import io.github.edm2.layers.plan.Value;
import java.util.List;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.reduce.same.Sum;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * What the {@link UncertaintyLoss} needs, in the one array that a DL4J output layer can take.
 * Inputs, in this order, D [batch, channels, height, width], u = log variance [batch, 1] and sigma
 * [batch, 1]; output [batch, channels + 2, height, width], the last two channels being u and sigma.
 *
 * <p>For one thread at a time, as all vertices of DL4J.
 */
public final class LossInput extends FunctionVertex implements Planned {

    /** Outside of training; in training it runs as DL4J has it. */
    @Override
    public Value plan(Planner planner, String name, Value... inputs) {
        if (planner.training()) {
            throw new NotPlannedException("\"%s\" is not planned in training".formatted(name));
        }
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
        return new Value(y, shape, false, 1);
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

    @Override
    protected Runtime runtime(ComputationGraph graph, String name, int index, DataType dataType) {
        return new io.github.edm2.models.runtime.LossInput(this, graph, name, index, dataType);
    }

    @Override
    protected INDArray forward(INDArray[] inputs, LayerWorkspaceMgr ws) {
        INDArray d = inputs[0];
        long batch = d.size(0);
        long channels = d.size(1);
        INDArray packed =
                ws.createUninitialized(
                        ArrayType.ACTIVATIONS,
                        d.dataType(),
                        new long[] {batch, channels + 2, d.size(2), d.size(3)},
                        'c');
        channels(packed, 0, channels).assign(d);
        for (int i = 1; i <= 2; i++) {
            INDArray plane = channels(packed, channels + i - 1, channels + i);
            plane.assign(0);
            plane.addi(inputs[i].reshape(batch, 1, 1, 1));
        }
        return packed;
    }

    @Override
    protected INDArray[] backward(INDArray[] inputs, INDArray epsilon, LayerWorkspaceMgr ws) {
        INDArray d = inputs[0];
        long channels = d.size(1);
        INDArray dd =
                ws.createUninitialized(ArrayType.ACTIVATION_GRAD, d.dataType(), d.shape(), 'c');
        dd.assign(channels(epsilon, 0, channels));
        INDArray du = ws.createUninitialized(ArrayType.ACTIVATION_GRAD, d.dataType(), d.size(0), 1);
        Nd4j.exec(
                new Sum(
                        channels(epsilon, channels, channels + 1),
                        du.reshape(du.length()),
                        1,
                        2,
                        3));
        return new INDArray[] {dd, du, null};
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
