package io.github.edm2.models.data;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Conversion between 8-bit pixels and the values that a network of pixels sees, [0, 255] and [-1,
 * 1]: the RGB encoder of the EDM2 reference implementation.
 *
 * <p>Safe to share between threads.
 */
public final class Pixels {

    private static final float SCALE = 127.5f;

    /** Encoded value of every pixel value. */
    private static final float[] ENCODED = encodeAll();

    private Pixels() {}

    private static float[] encodeAll() {
        float[] encoded = new float[256];
        for (int pixel = 0; pixel < encoded.length; pixel++) {
            encoded[pixel] = pixel / SCALE - 1;
        }
        return encoded;
    }

    /**
     * The network's value of a pixel: {@code pixel / 127.5 - 1}.
     *
     * @param pixel 8 bits, read as unsigned
     */
    static float encode(byte pixel) {
        return ENCODED[Byte.toUnsignedInt(pixel)];
    }

    /**
     * Pixels of a network's output: {@code clip(127.5 x + 128, 0, 255)} without its fraction.
     *
     * @param images values around [-1, 1], any shape and floating-point type; not changed
     * @return new array of the same shape, UINT8
     * @throws IllegalArgumentException if a value is not a number, as a diverged network gives
     */
    public static INDArray decode(INDArray images) {
        if (images.isNaN().any()) {
            throw new IllegalArgumentException(
                    "images must hold numbers, got NaN: the network that made them has diverged;"
                            + " use an earlier snapshot or a lower learning rate");
        }
        INDArray scaled = images.castTo(DataType.FLOAT).mul(SCALE).addi(128);
        return Nd4j.math().clipByValue(scaled, 0, 255).castTo(DataType.UINT8);
    }
}
