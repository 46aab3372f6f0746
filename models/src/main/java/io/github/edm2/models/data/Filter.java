package io.github.edm2.models.data;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Resizing as the Python imaging library does it: columns first, then rows, each rounded to 8 bits;
 * for smaller images the filter is as much wider. Computed by ND4J's {@code image_resize}; on the
 * test images every pixel equals that of the Python library.
 */
enum Filter {
    /** Keys' cubic with a = -1/2. */
    BICUBIC(2),

    /** Sinc in a window of 3 lobes; ND4J's Java enumeration of the methods lacks it. */
    LANCZOS(5);

    private final int nativeMethod;

    Filter(int nativeMethod) {
        this.nativeMethod = nativeMethod;
    }

    /**
     * Resizes an image.
     *
     * @param size width and height of the result
     */
    RgbImage resize(RgbImage image, Resolution size) {
        // Twice as fast as plane by plane.
        INDArray pixels =
                Nd4j.createFromArray(image.interleaved())
                        .castTo(DataType.UINT8)
                        .reshape(1, image.height(), image.width(), RgbImage.CHANNELS);
        if (size.width() != image.width()) {
            pixels = pass(pixels, image.height(), size.width());
        }
        if (size.height() != image.height()) {
            pixels = pass(pixels, size.height(), size.width());
        }
        return new RgbImage(
                size.height(), size.width(), pixels.permute(0, 3, 1, 2).dup('c').data().asBytes());
    }

    /**
     * Filters along one axis.
     *
     * @param pixels [1, height, width, channels], UINT8; one of its sides is already that of the
     *     result
     * @return [1, height, width, channels], UINT8
     */
    private INDArray pass(INDArray pixels, int height, int width) {
        INDArray resized = Nd4j.create(DataType.FLOAT, 1, height, width, pixels.size(3));
        Nd4j.exec(
                DynamicCustomOp.builder("image_resize")
                        .addInputs(pixels, Nd4j.createFromArray(height, width))
                        .addOutputs(resized)
                        .addBooleanArguments(false, true) // stretched; filter wider when smaller
                        .addIntegerArguments(nativeMethod)
                        .build());
        return Nd4j.math().clipByValue(resized.addi(0.5), 0, 255).castTo(DataType.UINT8);
    }
}
