package io.github.edm2.models.diffusion;

import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Preconditioning and loss of a network F outside of a ComputationGraph: the same vertices and
 * output layer, one after another. Images are [batch, channels, height, width].
 *
 * <p>For one thread at a time.
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
     * @param losses of each image, summed over its elements, [batch, 1]
     * @param df gradient of the loss's sum over the batch with respect to F
     * @param du the same with respect to the log variance, [batch, 1]
     */
    public record Result(INDArray losses, INDArray df, INDArray du) {

        /** The losses' average, which waits for the device: best once a step, in its end. */
        public double average() {
            return losses.sumNumber().doubleValue() / losses.length();
        }
    }

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
        INDArray losses = loss.loss(input, clean, ArrayType.FF_WORKING_MEM, NO_WORKSPACES);
        INDArray[] gradients =
                lossInput.backward(
                        parts, loss.gradient(input, clean, NO_WORKSPACES), NO_WORKSPACES);
        INDArray df = denoised.backward(preconditioned, gradients[0], NO_WORKSPACES)[0];
        return new Result(losses, df, gradients[1]);
    }
}
