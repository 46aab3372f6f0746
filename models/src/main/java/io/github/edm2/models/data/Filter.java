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
        INDArray planes =
                Nd4j.createFromArray(image.planes())
                        .castTo(DataType.UINT8)
                        .reshape(RgbImage.CHANNELS, image.height(), image.width(), 1);
        if (size.width() != image.width()) {
            planes = pass(planes, image.height(), size.width());
        }
        if (size.height() != image.height()) {
            planes = pass(planes, size.height(), size.width());
        }
        return new RgbImage(size.height(), size.width(), planes.data().asBytes());
    }

    /**
     * Filters along one axis.
     *
     * @param planes [planes, height, width, 1], UINT8; one of its sides is already that of the
     *     result
     * @return [planes, height, width, 1], UINT8
     */
    private INDArray pass(INDArray planes, int height, int width) {
        INDArray resized = Nd4j.create(DataType.FLOAT, planes.size(0), height, width, 1);
        Nd4j.exec(
                DynamicCustomOp.builder("image_resize")
                        .addInputs(planes, Nd4j.createFromArray(height, width))
                        .addOutputs(resized)
                        .addBooleanArguments(false, true) // stretched; filter wider when smaller
                        .addIntegerArguments(nativeMethod)
                        .build());
        return Nd4j.math().clipByValue(resized.addi(0.5), 0, 255).castTo(DataType.UINT8);
    }
}
