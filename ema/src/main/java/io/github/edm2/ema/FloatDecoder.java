package io.github.edm2.ema;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.ShortBuffer;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * Floats of the elements in a file. Half precision by a table of its 65,536 numbers, on the thread
 * that reads: ND4J's conversion (M2.1, CPU, which does it in software) takes longer on two cores
 * than this on one, 0.8 to 0.6 ns an element.
 */
final class FloatDecoder {

    private static final int HALF_NUMBERS = 1 << Short.SIZE;
    private static final float[] HALF = halfTable();

    private FloatDecoder() {}

    private static float[] halfTable() {
        float[] table = new float[HALF_NUMBERS];
        for (int half = 0; half < HALF_NUMBERS; half++) {
            int exponent = half >> 10 & 0x1f;
            int mantissa = half & 0x3ff;
            float magnitude;
            if (exponent == 0x1f) {
                magnitude = mantissa == 0 ? Float.POSITIVE_INFINITY : Float.NaN;
            } else if (exponent == 0) {
                magnitude = mantissa * 0x1p-24f;
            } else {
                magnitude = (1024 + mantissa) * (float) Math.scalb(1.0, exponent - 25);
            }
            table[half] = (half & 0x8000) == 0 ? magnitude : -magnitude;
        }
        return table;
    }

    /**
     * Converts all elements.
     *
     * @param stored little-endian elements
     * @param type their data type: FLOAT, FLOAT16, BFLOAT16 or DOUBLE
     * @param target receives the floats
     */
    static void decode(ByteBuffer stored, DataType type, float[] target) {
        ByteBuffer bytes = stored.order(ByteOrder.LITTLE_ENDIAN);
        int count = bytes.remaining() / type.width();
        if (type == DataType.FLOAT) {
            bytes.asFloatBuffer().get(target, 0, count);
        } else if (type == DataType.FLOAT16) {
            ShortBuffer halves = bytes.asShortBuffer();
            for (int i = 0; i < count; i++) {
                target[i] = HALF[halves.get(i) & 0xffff];
            }
        } else if (type == DataType.BFLOAT16) {
            ShortBuffer upper = bytes.asShortBuffer();
            for (int i = 0; i < count; i++) {
                target[i] = Float.intBitsToFloat(upper.get(i) << Short.SIZE);
            }
        } else if (type == DataType.DOUBLE) {
            for (int i = 0; i < count; i++) {
                target[i] = (float) bytes.getDouble(i * Double.BYTES);
            }
        } else {
            throw new SnapshotException("tensors of type %s cannot be averaged".formatted(type));
        }
    }
}
