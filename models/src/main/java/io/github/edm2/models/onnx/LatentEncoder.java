package io.github.edm2.models.onnx;

import io.github.edm2.models.data.Latents;
import java.nio.file.Path;
import java.util.Arrays;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * The encoder of Stable Diffusion's autoencoder in an ONNX file with one input, RGB images of
 * values from 0 to 1 [batch, 3, height, width], and one output [batch, 8, height/8, width/8]: four
 * means, then four standard deviations or the logarithms of variances. The autoencoder was trained
 * on values from -1 to 1; the EDM2 reference implementation gives it 0 to 1, which its statistics
 * of {@link Latents} and its published networks presume.
 *
 * <p>Safe to share between threads.
 */
public final class LatentEncoder implements AutoCloseable {

    /** Of the logarithm of a variance, as the autoencoder clips it. */
    private static final double MIN_LOG_VARIANCE = -30;

    private static final double MAX_LOG_VARIANCE = 20;

    private static final int RGB = 3;

    private final OnnxModel model;
    private final boolean logVariance;

    private LatentEncoder(OnnxModel model, boolean logVariance) {
        this.model = model;
        this.logVariance = logVariance;
    }

    /**
     * Opens an encoder.
     *
     * @param file ONNX file
     * @param logVariance whether the second half of its output is the logarithm of variances,
     *     rather than standard deviations
     * @param threads as in {@link OnnxModel#open(Path, int)}
     * @throws OnnxException if it is missing, no ONNX file or has other channels
     */
    public static LatentEncoder open(Path file, boolean logVariance, int threads) {
        OnnxModel model = OnnxModel.open(file, threads);
        if (!model.mayHaveChannels(RGB, Latents.RAW_CHANNELS)) {
            model.close();
            throw new OnnxException(
                    "%s is no encoder: one input of %d channels and one output of %d are expected; give the autoencoder's encoder"
                            .formatted(file, RGB, Latents.RAW_CHANNELS));
        }
        return new LatentEncoder(model, logVariance);
    }

    /**
     * Raw latents of images.
     *
     * @param images [batch, 3, height, width], values from 0 to 255 of any type; the sides are
     *     multiples of 8
     * @return new array [batch, 8, height/8, width/8], FLOAT: means, then standard deviations
     * @throws IllegalArgumentException if the shape is another one
     * @throws OnnxException if the network gives another shape or negative standard deviations
     */
    public INDArray encode(INDArray images) {
        if (images.rank() != 4
                || images.size(1) != 3
                || images.size(2) % Latents.REDUCTION != 0
                || images.size(3) % Latents.REDUCTION != 0) {
            throw new IllegalArgumentException(
                    "images must be RGB [batch, 3, height, width] with sides that are multiples of 8, got %s"
                            .formatted(Arrays.toString(images.shape())));
        }
        INDArray latents = model.run(images.castTo(DataType.FLOAT).div(255));
        long[] shape = {
            images.size(0),
            Latents.RAW_CHANNELS,
            images.size(2) / Latents.REDUCTION,
            images.size(3) / Latents.REDUCTION
        };
        if (!Arrays.equals(latents.shape(), shape)) {
            throw new OnnxException(
                    "%s must give mean and standard deviation or log variance, %s, got %s"
                            .formatted(
                                    model.file(),
                                    Arrays.toString(shape),
                                    Arrays.toString(latents.shape())));
        }
        INDArrayIndex second = NDArrayIndex.interval(Latents.CHANNELS, Latents.RAW_CHANNELS);
        INDArray spread = latents.get(NDArrayIndex.all(), second);
        if (logVariance) {
            INDArray clipped =
                    Nd4j.math().clipByValue(spread.dup(), MIN_LOG_VARIANCE, MAX_LOG_VARIANCE);
            // Zero but for NaN and infinity, which clipping would make numbers of.
            INDArray notFinite = spread.sub(spread);
            spread.assign(Transforms.exp(clipped.muli(0.5), false).addi(notFinite));
        } else {
            requireDeviations(spread, model.file());
        }
        return latents;
    }

    static void requireDeviations(INDArray spread, Path file) {
        if (spread.minNumber().doubleValue() < 0) {
            throw new OnnxException(
                    "%s gives negative standard deviations; its output is probably the log variance, which must be declared"
                            .formatted(file));
        }
    }

    /** Frees the network's memory. */
    @Override
    public void close() {
        model.close();
    }
}
