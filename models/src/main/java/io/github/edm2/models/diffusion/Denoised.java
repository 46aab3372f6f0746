package io.github.edm2.models.diffusion;

import io.github.edm2.layers.FunctionVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * D = c_skip x + c_out F, the denoised image. Inputs, in this order, F and x [batch, channels,
 * height, width] and sigma [batch, 1].
 *
 * <p>For one thread at a time, as all vertices of DL4J.
 */
public final class Denoised extends FunctionVertex {

    private final double sigmaData;

    /**
     * @param sigmaData standard deviation of the data, greater than 0
     */
    public Denoised(@JsonProperty("sigmaData") double sigmaData) {
        this.sigmaData = Preconditioning.checkSigmaData(sigmaData);
    }

    /** Standard deviation of the data. */
    public double getSigmaData() {
        return sigmaData;
    }

    /** SameDiff face. */
    public static SDVariable denoised(
            SameDiff sd, SDVariable f, SDVariable x, SDVariable sigma, double sigmaData) {
        return Preconditioning.denoised(sd, f, x, sigma, sigmaData);
    }

    @Override
    protected Runtime runtime(ComputationGraph graph, String name, int index, DataType dataType) {
        return new io.github.edm2.models.runtime.Denoised(this, graph, name, index, dataType);
    }

    @Override
    protected INDArray forward(INDArray[] inputs, LayerWorkspaceMgr ws) {
        INDArray f = inputs[0];
        INDArray sigma = inputs[2];
        INDArray out = Preconditioning.out(sigma, sigmaData, ArrayType.FF_WORKING_MEM, ws);
        INDArray skip = Preconditioning.skip(sigma, sigmaData, ArrayType.FF_WORKING_MEM, ws);
        INDArray skipped =
                ws.createUninitialized(ArrayType.FF_WORKING_MEM, f.dataType(), f.shape(), 'c');
        INDArray d = ws.createUninitialized(ArrayType.ACTIVATIONS, f.dataType(), f.shape(), 'c');
        inputs[1].mul(skip, skipped);
        return f.mul(out, d).addi(skipped);
    }

    @Override
    protected INDArray[] backward(INDArray[] inputs, INDArray epsilon, LayerWorkspaceMgr ws) {
        INDArray sigma = inputs[2];
        INDArray out = Preconditioning.out(sigma, sigmaData, ArrayType.BP_WORKING_MEM, ws);
        INDArray skip = Preconditioning.skip(sigma, sigmaData, ArrayType.BP_WORKING_MEM, ws);
        INDArray df =
                ws.createUninitialized(
                        ArrayType.ACTIVATION_GRAD, epsilon.dataType(), epsilon.shape(), 'c');
        INDArray dx =
                ws.createUninitialized(
                        ArrayType.ACTIVATION_GRAD, epsilon.dataType(), epsilon.shape(), 'c');
        return new INDArray[] {epsilon.mul(out, df), epsilon.mul(skip, dx), null};
    }

    @Override
    protected int inputs() {
        return 3;
    }

    @Override
    public InputType getOutputType(int layerIndex, InputType... vertexInputs) {
        return vertexInputs[0];
    }

    @Override
    public Denoised clone() {
        return new Denoised(sigmaData);
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof Denoised other && other.sigmaData == sigmaData;
    }

    @Override
    public int hashCode() {
        return Double.hashCode(sigmaData);
    }
}
