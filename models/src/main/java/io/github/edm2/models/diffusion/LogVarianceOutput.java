package io.github.edm2.models.diffusion;

import io.github.edm2.layers.plan.Planner;
import io.github.edm2.layers.plan.Value;
import lombok.Data;
import lombok.EqualsAndHashCode;
import lombok.NoArgsConstructor;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Makes the log variance u [batch, 1] an output of the network. It adds no loss: {@link
 * UncertaintyLoss} trains u. (Every output of a ComputationGraph that trains must be an output
 * layer.)
 *
 * <p>For one thread at a time, as all layers of DL4J.
 */
@Data
@NoArgsConstructor
@EqualsAndHashCode(callSuper = true)
public class LogVarianceOutput extends DiffusionOutput {

    protected LogVarianceOutput(Builder builder) {
        super(builder);
    }

    @Override
    public Value plan(Planner planner, String name, Value... inputs) {
        return inputs[0].plain();
    }

    @Override
    protected Runtime runtime(NeuralNetConfiguration conf, DataType dataType) {
        return new io.github.edm2.models.runtime.LogVarianceOutput(conf, dataType);
    }

    @Override
    protected INDArray output(INDArray input, LayerWorkspaceMgr ws) {
        return ws.dup(ArrayType.ACTIVATIONS, input);
    }

    @Override
    protected INDArray loss(
            INDArray input, INDArray labels, ArrayType place, LayerWorkspaceMgr ws) {
        return ws.create(place, input.dataType(), input.size(0), 1);
    }

    @Override
    protected INDArray gradient(INDArray input, INDArray labels, LayerWorkspaceMgr ws) {
        return ws.create(ArrayType.ACTIVATION_GRAD, input.dataType(), input.shape());
    }

    @Override
    protected boolean readsLabels() {
        return false;
    }

    @Override
    public InputType getOutputType(int layerIndex, InputType inputType) {
        return inputType;
    }

    /** Builder; there is nothing to set but the name. */
    @SuppressWarnings("unchecked") // DL4J declares build() as <E extends Layer> E build()
    public static class Builder extends DiffusionOutput.Builder<Builder> {
        @Override
        public LogVarianceOutput build() {
            return new LogVarianceOutput(this);
        }
    }
}
