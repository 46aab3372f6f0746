package io.github.edm2.models.diffusion;

import io.github.edm2.layers.FunctionVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.reduce.same.Sum;
import org.nd4j.linalg.factory.Nd4j;

/**
 * What the {@link UncertaintyLoss} needs, in the one array that a DL4J output layer can take.
 * Inputs, in this order, D [batch, channels, height, width], u = log variance [batch, 1] and sigma
 * [batch, 1]; output [batch, channels + 2, height, width], the last two channels being u and sigma.
 *
 * <p>For one thread at a time, as all vertices of DL4J.
 */
public final class LossInput extends FunctionVertex {

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
