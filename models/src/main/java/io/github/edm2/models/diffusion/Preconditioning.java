package io.github.edm2.models.diffusion;

import io.github.edm2.layers.plan.Planner;
import io.github.edm2.layers.plan.Prepared;
import io.github.edm2.layers.plan.Slot;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The coefficients of D(x; sigma) = c_skip x + c_out F(c_in x, c_noise, label) and the weight of
 * the loss, for data of standard deviation sd (arXiv:2206.00364, table 1; arXiv:2312.02696, Eq.
 * 14-17):
 *
 * <pre>
 * c_skip = sd² / (sigma² + sd²)        c_out   = sigma sd / sqrt(sigma² + sd²)
 * c_in   = 1 / sqrt(sigma² + sd²)      c_noise = ln(sigma) / 4
 * lambda = (sigma² + sd²) / (sigma sd)²
 * </pre>
 *
 * Arrays are [batch, 1]; the DL4J face gives [batch, 1, 1, 1], ready to multiply images with.
 */
final class Preconditioning {

    private Preconditioning() {}

    /** Fails unless sigmaData is positive. */
    static double checkSigmaData(double sigmaData) {
        if (!(sigmaData > 0 && sigmaData < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(
                    "sigmaData, the standard deviation of the data, must be greater than 0, got "
                            + sigmaData);
        }
        return sigmaData;
    }

    /** lambda; {@code sigma} may have any shape of batch elements. */
    static INDArray lossWeight(INDArray sigma, double sd, ArrayType place, LayerWorkspaceMgr ws) {
        INDArray c = variance(sigma, sd, place, ws);
        INDArray s = sigma.reshape(sigma.size(0), 1, 1, 1);
        return c.divi(s).divi(s).muli(1 / (sd * sd));
    }

    private static INDArray variance(
            INDArray sigma, double sd, ArrayType place, LayerWorkspaceMgr ws) {
        INDArray s = sigma.reshape(sigma.size(0), 1, 1, 1);
        INDArray c = ws.createUninitialized(place, sigma.dataType(), sigma.size(0), 1, 1, 1);
        return s.mul(s, c).addi(sd * sd);
    }

    /** sigma² + sd² of every image, [batch, 1], for plans. */
    static Runnable variance(Slot sigma, double sd, Slot result) {
        INDArray s = sigma.array();
        return Prepared.sequence(
                Prepared.multiply(s, s, result.array()),
                Prepared.add(result.array(), sd * sd, result.array()));
    }

    /** y = images x, [rows, channels], times a factor of every image, [batch, 1], for plans. */
    static Runnable multiply(Slot x, Slot factor, Slot y) {
        long batch = factor.shape()[0];
        return Prepared.multiply(
                Planner.pixels(x, batch),
                factor.array().reshape('c', batch, 1, 1),
                Planner.pixels(y, batch));
    }

    /** c_in x of the SameDiff face; sigma [batch, 1], x [batch, channels, height, width]. */
    static SDVariable scaledInput(SameDiff sd, SDVariable x, SDVariable sigma, double sigmaData) {
        return x.mul(perImage(sd, sd.math().rsqrt(sigma.mul(sigma).add(sigmaData * sigmaData))));
    }

    /** c_noise of the SameDiff face. */
    static SDVariable noise(SameDiff sd, SDVariable sigma) {
        return sd.math().log(sigma).mul(0.25);
    }

    /** c_skip x + c_out F of the SameDiff face. */
    static SDVariable denoised(
            SameDiff sd, SDVariable f, SDVariable x, SDVariable sigma, double sigmaData) {
        SDVariable variance = sigma.mul(sigma).add(sigmaData * sigmaData);
        SDVariable skip = sd.math().reciprocal(variance).mul(sigmaData * sigmaData);
        SDVariable out = sd.math().rsqrt(variance).mul(sigma).mul(sigmaData);
        return x.mul(perImage(sd, skip)).add(f.mul(perImage(sd, out)));
    }

    /** lambda of the SameDiff face, [batch, 1, 1, 1]. */
    static SDVariable lossWeight(SameDiff sd, SDVariable sigma, double sigmaData) {
        SDVariable scaled = sigma.mul(sigmaData);
        SDVariable variance = sigma.mul(sigma).add(sigmaData * sigmaData);
        return perImage(sd, variance.mul(sd.math().reciprocal(scaled.mul(scaled))));
    }

    static SDVariable perImage(SameDiff sd, SDVariable c) {
        return sd.reshape(c, -1, 1, 1, 1);
    }
}
