package io.github.edm2.models.sampling;

import java.util.function.IntConsumer;
import java.util.function.Supplier;
import lombok.Builder;
import lombok.Value;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Heun's second order method, deterministic or stochastic (arXiv:2206.00364, algorithm 2; the
 * deterministic one is algorithm 1). The noise levels are
 *
 * <pre>sigma_i = (max^(1/rho) + i/(N-1) (min^(1/rho) - max^(1/rho)))^rho,  sigma_N = 0</pre>
 *
 * and N steps take 2 N - 1 evaluations of the denoiser.
 */
@Value
@Builder
public class HeunSampler {

    /** Number of steps N, at least 1. */
    @Builder.Default int steps = 32;

    /** Lowest noise level, greater than 0. */
    @Builder.Default double sigmaMin = 0.002;

    /** Highest noise level. */
    @Builder.Default double sigmaMax = 80;

    /** How much the steps crowd at low noise; greater than 0. */
    @Builder.Default double rho = 7;

    /** Stochasticity; 0 for the deterministic sampler. */
    @Builder.Default double sChurn = 0;

    /** Lowest noise level at which noise is added. */
    @Builder.Default double sMin = 0;

    /** Highest noise level at which noise is added. */
    @Builder.Default double sMax = Double.POSITIVE_INFINITY;

    /** Standard deviation of added noise. */
    @Builder.Default double sNoise = 1;

    /**
     * Checks all options.
     *
     * @return this
     * @throws IllegalArgumentException naming the first option out of range
     */
    public HeunSampler validate() {
        require(steps >= 1, "steps must be at least 1", steps);
        require(
                sigmaMin > 0 && sigmaMin < sigmaMax,
                "sigma_min must be greater than 0 and less than sigma_max " + sigmaMax,
                sigmaMin);
        require(Double.isFinite(sigmaMax), "sigma_max must be finite", sigmaMax);
        require(rho > 0 && Double.isFinite(rho), "rho must be greater than 0", rho);
        require(sChurn >= 0 && Double.isFinite(sChurn), "S_churn must be at least 0", sChurn);
        require(sMin >= 0, "S_min must be at least 0", sMin);
        require(sMax >= sMin, "S_max must be at least S_min " + sMin, sMax);
        require(sNoise >= 0 && Double.isFinite(sNoise), "S_noise must be at least 0", sNoise);
        return this;
    }

    private static void require(boolean condition, String rule, Object value) {
        if (!condition) {
            throw new IllegalArgumentException(rule + ", got " + value);
        }
    }

    /** The noise levels sigma_0 to sigma_N in single precision, as the reference computes them. */
    public float[] sigmas() {
        float[] sigmas = new float[steps + 1];
        float max = (float) Math.pow(sigmaMax, 1 / rho);
        float range = (float) (Math.pow(sigmaMin, 1 / rho) - Math.pow(sigmaMax, 1 / rho));
        for (int i = 0; i < steps; i++) {
            float share = steps == 1 ? 0 : (float) i / (steps - 1);
            sigmas[i] = (float) Math.pow(max + share * range, rho);
        }
        return sigmas;
    }

    /**
     * Draws images.
     *
     * @param denoiser of the images' labels
     * @param noise N(0,1) [batch, channels, height, width]; not changed
     * @param freshNoise gives N(0,1) in the same shape, once per stochastic step; null is allowed
     *     for the deterministic sampler
     * @param progress told the number of finished steps
     * @return images in the shape of the noise
     */
    public INDArray sample(
            Denoiser denoiser,
            INDArray noise,
            Supplier<INDArray> freshNoise,
            IntConsumer progress) {
        float[] sigmas = validate().sigmas();
        INDArray x = noise.mul(sigmas[0]);
        for (int i = 0; i < steps; i++) {
            float sigma = sigmas[i];
            float next = sigmas[i + 1];
            if (sChurn > 0 && sMin <= sigma && sigma <= sMax) {
                double gamma = Math.min(sChurn / steps, Math.sqrt(2) - 1);
                float raised = (float) (sigma + gamma * sigma);
                double added = Math.sqrt((double) raised * raised - (double) sigma * sigma);
                x.addi(freshNoise.get().mul(added * sNoise));
                sigma = raised;
            }
            // Euler step along d = (x - D) / sigma, and the trapezoidal correction of all but the
            // last.
            INDArray d = slope(denoiser, x, sigma);
            INDArray euler = x.add(d.mul(next - sigma));
            if (i < steps - 1) {
                d.addi(slope(denoiser, euler, next)).muli(0.5);
                euler = x.addi(d.muli(next - sigma));
            }
            x = euler;
            progress.accept(i + 1);
        }
        return x;
    }

    /** Draws images with the deterministic sampler. */
    public INDArray sample(Denoiser denoiser, INDArray noise) {
        return sample(denoiser, noise, null, step -> {});
    }

    private static INDArray slope(Denoiser denoiser, INDArray x, double sigma) {
        return denoiser.denoise(x, sigma).rsubi(x).divi(sigma);
    }
}
