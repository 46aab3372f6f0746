package io.github.edm2.models.onnx;

import org.nd4j.enums.ImageResizeMethod;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** How images get the size that a network takes. */
enum ResizeFilter {
    /**
     * Cubic convolution (a = -1/2), as wide as the pixels that are made where the image shrinks.
     */
    BICUBIC_ANTIALIASED(ImageResizeMethod.ResizeBicubic, true),
    /** Between the two nearest pixels of each direction. */
    BILINEAR(ImageResizeMethod.ResizeBilinear, false),
    /** Images must have the size already. */
    NONE(null, false);

    private final ImageResizeMethod method;
    private final boolean antialias;

    ResizeFilter(ImageResizeMethod method, boolean antialias) {
        this.method = method;
        this.antialias = antialias;
    }

    /**
     * Images of another size.
     *
     * @param images [batch, channels, height, width], FLOAT
     * @param size height and width
     * @return [batch, channels, size, size], FLOAT; the same array if it has this size
     * @throws IllegalArgumentException if it has not and must have
     */
    INDArray resize(INDArray images, int size) {
        if (images.size(2) == size && images.size(3) == size) {
            return images;
        }
        if (method == null) {
            throw new IllegalArgumentException(
                    "images must be %dx%d for this network, got %dx%d; resize them"
                            .formatted(size, size, images.size(2), images.size(3)));
        }
        INDArray channelsLast = images.permute(0, 2, 3, 1).dup('c');
        INDArray sides = Nd4j.createFromArray(size, size).castTo(DataType.INT32);
        return Nd4j.image()
                .imageResize(channelsLast, sides, false, antialias, method)
                .permute(0, 3, 1, 2)
                .dup('c');
    }
}
