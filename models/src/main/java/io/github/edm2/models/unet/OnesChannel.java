package io.github.edm2.models.unet;

import io.github.edm2.layers.FunctionVertex;
import io.github.edm2.layers.InSameDiff;
import io.github.edm2.layers.plan.Planner;
import io.github.edm2.layers.plan.Prepared;
import io.github.edm2.layers.plan.Slot;
import io.github.edm2.layers.plan.Value;
import java.util.List;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Appends a channel of ones, which stands in for the biases that the network does not have. Input
 * [batch, channels, height, width], output [batch, channels + 1, height, width].
 *
 * <p>For one thread at a time, as all vertices of DL4J.
 */
public final class OnesChannel extends FunctionVertex implements InSameDiff {

    @Override
    public Value plan(Planner planner, String name, Value... inputs) {
        Value x = planner.whole(inputs[0]);
        long[] shape = x.shape().clone();
        shape[1]++;
        Slot y = new Slot(x.rows(), shape[1]);
        planner.add(
                x.slot(),
                y,
                () -> {
                    INDArray front = Planner.columns(y, 0, x.channels());
                    INDArray last = Planner.columns(y, x.channels(), shape[1]);
                    return Prepared.sequence(
                            () -> front.assign(x.slot().array()), () -> last.assign(1));
                });
        Value value = new Value(y, shape, x.differentiable(), 1);
        planner.tape()
                .push(
                        value,
                        x,
                        1,
                        List.of(),
                        List.of(),
                        false,
                        (g, dx) -> Prepared.copy(Planner.columns(g, 0, x.channels()), dx.array()));
        return value;
    }

    @Override
    public SDVariable define(Part part, SDVariable... x) {
        SDVariable plane = part.sd().sum(x[0].mul(0.0), true, 1).add(1.0);
        return part.sd().concat(1, x[0], plane);
    }

    @Override
    protected Runtime runtime(ComputationGraph graph, String name, int index, DataType dataType) {
        return new io.github.edm2.models.runtime.OnesChannel(this, graph, name, index, dataType);
    }

    @Override
    protected int inputs() {
        return 1;
    }

    @Override
    public InputType getOutputType(int layerIndex, InputType... vertexInputs) {
        InputType.InputTypeConvolutional in = convolutional(vertexInputs[0]);
        return InputType.convolutional(
                in.getHeight(), in.getWidth(), in.getChannels() + 1, in.getFormat());
    }

    @Override
    public OnesChannel clone() {
        return new OnesChannel();
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof OnesChannel;
    }

    @Override
    public int hashCode() {
        return OnesChannel.class.hashCode();
    }
}
