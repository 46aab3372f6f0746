package io.github.edm2.layers;

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
 * Magnitude-preserving SiLU as a layer; {@link MpSilu} has the formula. Any shape.
 *
 * <p>For one thread at a time, as all layers of DL4J.
 */
@Data
@NoArgsConstructor
@EqualsAndHashCode(callSuper = true)
public class MpSiluLayer extends FunctionLayer {

    protected MpSiluLayer(Builder builder) {
        super(builder);
    }

    @Override
    protected Runtime runtime(NeuralNetConfiguration conf, DataType dataType) {
        return new io.github.edm2.layers.runtime.MpSiluLayer(conf, dataType);
    }

    @Override
    protected INDArray[] forward(INDArray x, boolean training, LayerWorkspaceMgr workspaces) {
        INDArray sigmoid =
                workspaces.createUninitialized(
                        training ? ArrayType.ACTIVATIONS : ArrayType.FF_WORKING_MEM,
                        x.dataType(),
                        x.shape(),
                        x.ordering());
        MpSilu.sigmoid(x, sigmoid);
        INDArray y =
                workspaces.createUninitialized(
                        ArrayType.ACTIVATIONS, x.dataType(), x.shape(), x.ordering());
        x.mul(sigmoid, y).muli(1 / MpSilu.MAGNITUDE);
        return new INDArray[] {y, sigmoid};
    }

    @Override
    protected INDArray backward(
            INDArray x, INDArray[] saved, INDArray epsilon, LayerWorkspaceMgr workspaces) {
        INDArray sigmoid = saved[1];
        INDArray y =
                workspaces.createUninitialized(
                        ArrayType.BP_WORKING_MEM, x.dataType(), x.shape(), x.ordering());
        INDArray dx =
                workspaces.createUninitialized(
                        ArrayType.ACTIVATION_GRAD, x.dataType(), x.shape(), x.ordering());
        return MpSilu.gradient(x.mul(sigmoid, y), sigmoid, epsilon, dx);
    }

    @Override
    protected long trainingElements(InputType inputType) {
        return 2 * inputType.arrayElementsPerExample();
    }

    /** Builder; there is nothing to set but the name. */
    @SuppressWarnings("unchecked") // DL4J declares build() as <E extends Layer> E build()
    public static class Builder extends FunctionLayer.Builder<Builder> {
        @Override
        public MpSiluLayer build() {
            return new MpSiluLayer(this);
        }
    }
}
