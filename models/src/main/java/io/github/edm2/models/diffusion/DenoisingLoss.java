package io.github.edm2.models.diffusion;

import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Preconditioning and loss of a network F outside of a ComputationGraph: the same vertices and
 * output layer, one after another. Images are [batch, channels, height, width].
 */
public final class DenoisingLoss {

    private static final LayerWorkspaceMgr NO_WORKSPACES = LayerWorkspaceMgr.noWorkspaces();

    private final ScaledInput scaledInput;
    private final NoiseCondition noiseCondition = new NoiseCondition();
    private final Denoised denoised;
    private final LossInput lossInput = new LossInput();
    private final UncertaintyLoss loss;

    /**
     * The loss of a batch and its gradients.
     *
     * @param loss summed over the images' elements, averaged over the batch
     * @param df gradient of the loss's sum over the batch with respect to F
     * @param du the same with respect to the log variance, [batch, 1]
     */
    public record Result(double loss, INDArray df, INDArray du) {}

    /**
     * @param sigmaData standard deviation of the data, greater than 0
     */
    public DenoisingLoss(double sigmaData) {
        scaledInput = new ScaledInput(sigmaData);
        denoised = new Denoised(sigmaData);
        loss = new UncertaintyLoss.Builder(sigmaData).build();
    }

    /** c_in x; sigma [batch, 1]. */
    public INDArray scaledInput(INDArray x, INDArray sigma) {
        return scaledInput.forward(new INDArray[] {x, sigma}, NO_WORKSPACES);
    }

    /** c_noise, [batch, 1]; sigma [batch, 1]. */
    public INDArray noiseCondition(INDArray sigma) {
        return noiseCondition.forward(new INDArray[] {sigma}, NO_WORKSPACES);
    }

    /**
     * The loss and its gradients.
     *
     * @param f the network's output
     * @param u log variance, [batch, 1]
     * @param x noisy images
     * @param sigma [batch, 1]
     * @param clean clean images
     */
    public Result of(INDArray f, INDArray u, INDArray x, INDArray sigma, INDArray clean) {
        INDArray[] preconditioned = {f, x, sigma};
        INDArray[] parts = {denoised.forward(preconditioned, NO_WORKSPACES), u, sigma};
        INDArray input = lossInput.forward(parts, NO_WORKSPACES);
        double sum =
                loss.loss(input, clean, ArrayType.FF_WORKING_MEM, NO_WORKSPACES)
                        .sumNumber()
                        .doubleValue();
        INDArray[] gradients =
                lossInput.backward(
                        parts, loss.gradient(input, clean, NO_WORKSPACES), NO_WORKSPACES);
        INDArray df = denoised.backward(preconditioned, gradients[0], NO_WORKSPACES)[0];
        return new Result(sum / f.size(0), df, gradients[1]);
    }
}
