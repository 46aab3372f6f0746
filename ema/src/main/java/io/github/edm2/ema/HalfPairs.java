package io.github.edm2.ema;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.Arrays;

/**
 * Half precision converted two numbers at a time: a half's bits, shifted to the places of a
 * float's, are its number times 2<sup>-112</sup>, the difference of the exponents' biases;
 * subnormal ones too. Java's compiler makes vector instructions of the shifts, but not of {@code
 * Float.intBitsToFloat}, so that the bits take the way through memory. Takes 0.3 ns a number where
 * {@link FloatCodec#decodeHalf} takes 0.6.
 *
 * <p>The numbers leave their order: the first of each pair come first, then the second ones.
 */
final class HalfPairs {

    /** What the converted numbers must be multiplied with. */
    static final float SCALE = 0x1p112f;

    private static final int SIGN = 0x8000;
    private static final int MAGNITUDE = 0x7fff;
    private static final int MANTISSA_SHIFT = 13;

    /** Exponents of a pair, which are all ones in infinities and NaN. */
    private static final int EXPONENTS = 0x7c007c00;

    /** Added to exponents that are all ones, sets the bits of the signs. */
    private static final int CARRY = 0x04000400;

    private static final int SIGNS = 0x80008000;

    private final int[] packed;
    private final int[] bits;
    private final int[] carried;
    private final IntBuffer memoryOfBits;
    private final FloatBuffer memoryOfFloats;

    /**
     * @param most pairs that are converted at a time
     */
    HalfPairs(int most) {
        packed = new int[most];
        bits = new int[most];
        carried = new int[most];
        ByteBuffer memory =
                ByteBuffer.allocateDirect(2 * most * Float.BYTES).order(ByteOrder.nativeOrder());
        memoryOfBits = memory.asIntBuffer();
        memoryOfFloats = memory.asFloatBuffer();
    }

    /**
     * Converts pairs of numbers.
     *
     * @param stored little-endian pairs
     * @param first the first pair to convert
     * @param pairs how many
     * @param target receives the numbers by {@link #SCALE}, wrong ones for infinities and NaN
     */
    void decode(IntBuffer stored, int first, int pairs, float[] target) {
        stored.get(first, packed, 0, pairs);
        for (int i = 0; i < pairs; i++) {
            carried[i] |= (packed[i] & EXPONENTS) + CARRY;
        }
        for (int i = 0; i < pairs; i++) {
            int pair = packed[i];
            bits[i] = (pair & MAGNITUDE) << MANTISSA_SHIFT | (pair & SIGN) << Short.SIZE;
        }
        memoryOfBits.put(0, bits, 0, pairs);
        for (int i = 0; i < pairs; i++) {
            int pair = packed[i];
            bits[i] =
                    pair >>> Short.SIZE - MANTISSA_SHIFT & MAGNITUDE << MANTISSA_SHIFT
                            | pair & SIGN << Short.SIZE;
        }
        memoryOfBits.put(pairs, bits, 0, pairs);
        memoryOfFloats.get(0, target, 0, 2 * pairs);
    }

    /** Whether there was an infinity or NaN since this was asked last. */
    boolean foundNonFinite() {
        int found = 0;
        for (int carry : carried) {
            found |= carry;
        }
        Arrays.fill(carried, 0);
        return (found & SIGNS) != 0;
    }

    /** Converts like {@link #decode}, infinities and NaN too, one by one. */
    static void decodeAny(IntBuffer stored, int first, int pairs, float[] target) {
        for (int i = 0; i < pairs; i++) {
            int pair = stored.get(first + i);
            target[i] = FloatCodec.decodeHalf((short) pair) / SCALE;
            target[pairs + i] = FloatCodec.decodeHalf((short) (pair >>> Short.SIZE)) / SCALE;
        }
    }
}
