package io.github.edm2.ema;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * Floats as the elements of a file. Half precision is read by a table of its 65,536 numbers, on the
 * threads that read: ND4J's conversion (M2.1, CPU, which does it in software) takes longer on two
 * cores than this on one, 0.8 to 0.6 ns an element.
 */
final class FloatCodec {

    /** Largest number that half precision holds. */
    static final double HALF_MAX = 65504;

    /** Bits of the least float that is rounded to infinity. */
    private static final int HALF_OVERFLOW = Float.floatToIntBits(65520f);

    /** Bits of the least float that is a normal number in half precision. */
    private static final int HALF_NORMAL = Float.floatToIntBits(0x1p-14f);

    /** Added to a smaller float, leaves the bits of its half in the mantissa, rounded. */
    private static final float HALF_SUBNORMAL = 0.5f;

    /** Difference of the exponents' biases, in a float's place. */
    private static final int REBIAS = 127 - 15 << 23;

    private static final int HALF_NUMBERS = 1 << Short.SIZE;
    private static final float[] HALF = halfTable();

    private FloatCodec() {}

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

    /** The number that these bits are in half precision. */
    static float decodeHalf(short bits) {
        return HALF[bits & 0xffff];
    }

    /**
     * Converts all elements.
     *
     * @param stored little-endian elements
     * @param type their data type: FLOAT, FLOAT16, BFLOAT16 or DOUBLE
     * @param target receives the floats
     * @param first where in the target
     */
    static void decode(ByteBuffer stored, DataType type, float[] target, int first) {
        ByteBuffer bytes = stored.order(ByteOrder.LITTLE_ENDIAN);
        int count = bytes.remaining() / type.width();
        if (type == DataType.FLOAT) {
            bytes.asFloatBuffer().get(target, first, count);
        } else if (type == DataType.FLOAT16) {
            ShortBuffer halves = bytes.asShortBuffer();
            for (int i = 0; i < count; i++) {
                target[first + i] = decodeHalf(halves.get(i));
            }
        } else if (type == DataType.BFLOAT16) {
            ShortBuffer upper = bytes.asShortBuffer();
            for (int i = 0; i < count; i++) {
                target[first + i] = Float.intBitsToFloat(upper.get(i) << Short.SIZE);
            }
        } else if (type == DataType.DOUBLE) {
            for (int i = 0; i < count; i++) {
                target[first + i] = (float) bytes.getDouble(i * Double.BYTES);
            }
        } else {
            throw new SnapshotException("tensors of type %s cannot be averaged".formatted(type));
        }
    }

    /**
     * Converts to a file's elements, rounding to the nearest, ties to even.
     *
     * @param elements what to convert
     * @param type FLOAT or FLOAT16
     * @param target receives the little-endian elements
     * @return whether all of them fit; one that half precision cannot hold becomes infinite
     */
    static boolean encode(FloatBuffer elements, DataType type, ByteBuffer target) {
        ByteBuffer bytes = target.order(ByteOrder.LITTLE_ENDIAN);
        int count = elements.remaining();
        if (type == DataType.FLOAT) {
            bytes.asFloatBuffer().put(elements.duplicate());
            bytes.position(bytes.position() + count * Float.BYTES);
            return true;
        }
        int largest = 0;
        int first = elements.position();
        for (int i = first; i < first + count; i++) {
            int bits = Float.floatToRawIntBits(elements.get(i));
            int magnitude = bits & Integer.MAX_VALUE;
            largest = Math.max(largest, magnitude);
            bytes.putShort((short) (bits >>> Short.SIZE & 0x8000 | half(magnitude)));
        }
        return largest < HALF_OVERFLOW;
    }

    private static int half(int magnitude) {
        if (magnitude >= HALF_OVERFLOW) {
            return 0x7c00;
        }
        if (magnitude < HALF_NORMAL) {
            float rounded = Float.intBitsToFloat(magnitude) + HALF_SUBNORMAL;
            return Float.floatToRawIntBits(rounded) - Float.floatToRawIntBits(HALF_SUBNORMAL);
        }
        int even = magnitude >>> 13 & 1;
        return magnitude - REBIAS + 0xfff + even >>> 13;
    }
}
