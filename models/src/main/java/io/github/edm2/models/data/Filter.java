package io.github.edm2.models.data;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.factory.ops.NDBase;

/**
 * Resizing as the Python imaging library does it: columns first, then rows, each rounded to 8 bits;
 * for smaller images the filter is as much wider. Computed by ND4J; on the test images every pixel
 * equals that of the Python library.
 */
enum Filter {
    /** Lanczos' window of 3 lobes. */
    LANCZOS {
        @Override
        INDArray pass(INDArray planes, int height, int width) {
            return imageResize(planes, height, width, NATIVE_LANCZOS3);
        }
    },

    /** Keys' cubic with a = -1/2. */
    BICUBIC {
        @Override
        INDArray pass(INDArray planes, int height, int width) {
            return imageResize(planes, height, width, NATIVE_BICUBIC);
        }
    },

    /**
     * Mean of the pixels whose middles a pixel of the result covers, one on the edge of two being
     * the first one's. For smaller images only.
     */
    BOX {
        @Override
        INDArray pass(INDArray planes, int height, int width) {
            int axis = planes.size(2) == width ? 1 : 2;
            long size = planes.size(axis);
            long newSize = axis == 1 ? height : width;
            int[] target = new int[(int) size];
            for (int i = 0; i < size; i++) {
                target[i] = (int) (((2L * i + 1) * newSize - 1) / (2 * size));
            }
            try (INDArray pixels = planes.castTo(DataType.FLOAT);
                    INDArray axisFirst = pixels.swapAxes(0, axis).dup('c')) {
                return new NDBase()
                        .segmentMean(axisFirst, Nd4j.createFromArray(target))
                        .swapAxes(0, axis);
            }
        }
    };

    /** Methods of the native operation; ND4J's Java enumeration of them lacks this one. */
    private static final int NATIVE_LANCZOS3 = 5;

    private static final int NATIVE_BICUBIC = 2;

    /**
     * Resizes an image.
     *
     * @param size width and height of the result
     */
    RgbImage resize(RgbImage image, Resolution size) {
        INDArray planes =
                Nd4j.createFromArray(image.planes())
                        .castTo(DataType.UINT8)
                        .reshape(RgbImage.CHANNELS, image.height(), image.width());
        if (size.width() != image.width()) {
            planes = rounded(pass(planes, image.height(), size.width()));
        }
        if (size.height() != image.height()) {
            planes = rounded(pass(planes, size.height(), size.width()));
        }
        return new RgbImage(size.height(), size.width(), planes.data().asBytes());
    }

    /**
     * Filters along one axis.
     *
     * @param planes [channels, height, width], UINT8; height or width is already that of the result
     * @return [channels, height, width], FLOAT
     */
    abstract INDArray pass(INDArray planes, int height, int width);

    private static INDArray imageResize(INDArray planes, int height, int width, int method) {
        INDArray resized = Nd4j.create(DataType.FLOAT, planes.size(0), height, width, 1);
        Nd4j.exec(
                DynamicCustomOp.builder("image_resize")
                        .addInputs(
                                planes.reshape(planes.size(0), planes.size(1), planes.size(2), 1),
                                Nd4j.createFromArray(height, width))
                        .addOutputs(resized)
                        .addBooleanArguments(false, true) // stretched; filter wider when smaller
                        .addIntegerArguments(method)
                        .build());
        return resized.reshape(planes.size(0), height, width);
    }

    private static INDArray rounded(INDArray values) {
        return Nd4j.math().clipByValue(values.add(0.5), 0, 255).castTo(DataType.UINT8).dup('c');
    }
}
