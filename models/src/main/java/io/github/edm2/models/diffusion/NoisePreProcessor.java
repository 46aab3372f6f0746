package io.github.edm2.models.diffusion;

import java.util.SplittableRandom;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.transforms.strict.Exp;
import org.nd4j.linalg.api.rng.Random;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.MultiDataSetPreProcessor;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Turns batches of clean images into training examples of the denoiser, so that plain {@code
 * graph.fit(iterator)} trains EDM2 (arXiv:2312.02696, Eq. 14): ln sigma ~ N(pMean, pStd²), noisy =
 * clean + sigma n.
 *
 * <p>Expects features {images [batch, channels, height, width]} or {images, labels [batch,
 * classes]}; leaves features {noisy, sigma [batch, 1]} or {noisy, sigma, labels} and labels {clean,
 * sigma}. The noise of a batch depends on the seed and on the number of images before it alone.
 *
 * <p>For one thread at a time.
 */
public final class NoisePreProcessor implements MultiDataSetPreProcessor {

    private static final long serialVersionUID = 1;

    private final double pMean;
    private final double pStd;
    private final long seed;
    private long images;

    /**
     * @param pMean mean of ln sigma
     * @param pStd standard deviation of ln sigma, at least 0
     * @param seed of noise and noise levels
     * @param startImages images trained before the first batch; not 0 where a run is resumed
     */
    public NoisePreProcessor(double pMean, double pStd, long seed, long startImages) {
        if (!Double.isFinite(pMean)) {
            throw new IllegalArgumentException("P_mean must be a number, got " + pMean);
        }
        if (!(pStd >= 0)) {
            throw new IllegalArgumentException("P_std must be at least 0, got " + pStd);
        }
        this.pMean = pMean;
        this.pStd = pStd;
        this.seed = seed;
        this.images = startImages;
    }

    @Override
    public void preProcess(MultiDataSet batch) {
        INDArray clean = batch.getFeatures(0);
        long size = clean.size(0);
        try (Random random = Nd4j.getRandomFactory().getNewRandomInstance(mix(seed, images))) {
            INDArray lnSigma = Nd4j.randn(0, 1, new long[] {size, 1}, random);
            INDArray noise = Nd4j.randn(0, 1, clean.shape(), random);
            // Images of whole numbers need a type that holds noise.
            DataType type = clean.dataType().isFPType() ? clean.dataType() : DataType.FLOAT;
            batch.setFeatures(0, clean.castTo(type));
            addNoise(batch, lnSigma.castTo(type), noise.castTo(type));
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) { // declared by Random.close
            throw new IllegalStateException("Noise generator cannot be closed", e);
        }
        images += size;
    }

    /**
     * The same with given randomness.
     *
     * @param normal N(0,1) for the noise levels [batch, 1]; overwritten
     * @param noise N(0,1) in the images' shape; overwritten
     */
    public void addNoise(MultiDataSet batch, INDArray normal, INDArray noise) {
        INDArray clean = batch.getFeatures(0);
        INDArray sigma = normal.muli(pStd).addi(pMean);
        Nd4j.exec(new Exp(sigma, sigma));
        INDArray noisy = noise.muli(sigma.reshape(sigma.size(0), 1, 1, 1)).addi(clean);
        batch.setFeatures(
                batch.numFeatureArrays() > 1
                        ? new INDArray[] {noisy, sigma, batch.getFeatures(1)}
                        : new INDArray[] {noisy, sigma});
        batch.setLabels(new INDArray[] {clean, sigma});
    }

    /** One seed from two. */
    public static long mix(long seed, long images) {
        return new SplittableRandom(seed ^ new SplittableRandom(images).nextLong()).nextLong();
    }
}
