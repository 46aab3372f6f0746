package io.github.edm2.models.onnx;

import io.github.edm2.models.data.Latents;
import java.nio.file.Path;
import java.util.Arrays;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * The decoder of Stable Diffusion's autoencoder in an ONNX file with one input, latents [batch, 4,
 * height, width], and one output, RGB images of values around 0 to 1, eight times as high and wide.
 *
 * <p>Safe to share between threads.
 */
public final class LatentDecoder implements AutoCloseable {

    private static final int RGB = 3;

    private final OnnxModel model;

    private LatentDecoder(OnnxModel model) {
        this.model = model;
    }

    /**
     * Opens a decoder.
     *
     * @param file ONNX file
     * @param threads as in {@link OnnxModel#open(Path, int)}
     * @throws OnnxException if it is missing, no ONNX file or has other channels
     */
    public static LatentDecoder open(Path file, int threads) {
        OnnxModel model = OnnxModel.open(file, threads);
        if (!model.mayHaveChannels(Latents.CHANNELS, RGB)) {
            model.close();
            throw new OnnxException(
                    "%s is no decoder: one input of %d channels and one output of %d are expected; give the autoencoder's decoder"
                            .formatted(file, Latents.CHANNELS, RGB));
        }
        return new LatentDecoder(model);
    }

    /**
     * Images of latents. They are decoded one at a time: the network needs gigabytes for an image
     * of 512x512, one of which keeps all processors busy, and an image does not depend on the
     * others.
     *
     * @param latents final latents, as networks make them, [batch, 4, height, width]
     * @return new array [batch, 3, 8 height, 8 width], UINT8: {@code clip(x, 0, 1) 255} without its
     *     fraction
     * @throws IllegalArgumentException if the shape is another one or a value is not a number
     * @throws OnnxException if the network gives another shape
     */
    public INDArray decode(INDArray latents) {
        if (latents.rank() != 4 || latents.size(1) != Latents.CHANNELS) {
            throw new IllegalArgumentException(
                    "latents must be [batch, 4, height, width], got %s"
                            .formatted(Arrays.toString(latents.shape())));
        }
        if (latents.isNaN().any()) {
            throw new IllegalArgumentException(
                    "latents must hold numbers, got NaN: the network that made them has diverged;"
                            + " use an earlier snapshot or a lower learning rate");
        }
        int count = (int) latents.size(0);
        INDArray images =
                Nd4j.createUninitialized(
                        DataType.UINT8,
                        count,
                        3,
                        latents.size(2) * Latents.REDUCTION,
                        latents.size(3) * Latents.REDUCTION);
        INDArray unscaled = Latents.unscaled(latents);
        for (int i = 0; i < count; i++) {
            INDArrayIndex one = NDArrayIndex.interval(i, i + 1);
            INDArray target = images.get(one);
            INDArray image = model.run(unscaled.get(one));
            if (!Arrays.equals(image.shape(), target.shape())) {
                throw new OnnxException(
                        "%s must give an RGB image %s, got %s"
                                .formatted(
                                        model.file(),
                                        Arrays.toString(target.shape()),
                                        Arrays.toString(image.shape())));
            }
            target.assign(Nd4j.math().clipByValue(image, 0, 1).muli(255).castTo(DataType.UINT8));
        }
        return images;
    }

    /** Frees the network's memory. */
    @Override
    public void close() {
        model.close();
    }
}
