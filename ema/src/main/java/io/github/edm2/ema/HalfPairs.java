package io.github.edm2.ema;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.Arrays;

/**
 * Half precision converted two numbers at a time: a half's bits, shifted to the places of a
 * float's, are its number times 2<sup>-112</sup>, the difference of the exponents' biases;
 * subnormal ones too. Java's compiler makes vector instructions of the shifts, even when they end
 * in bytes, but not of {@code Float.intBitsToFloat}, nor of reading floats from bytes, so that the
 * bits take the way through bytes and a copy. Takes 0.25 ns a number where {@link
 * FloatCodec#decodeHalf} takes 0.6.
 *
 * <p>The numbers leave their order: the first of each pair come first, then the second ones.
 */
final class HalfPairs {

    /** What the converted numbers must be multiplied with. */
    static final float SCALE = 0x1p112f;

    /** Of a half in an int's upper bits, how far its exponent is from a float's. */
    private static final int EXPONENT_SHIFT = 3;

    /** Bits of a float that a half so shifted has: sign, low bits of exponent, high of mantissa. */
    private static final int SHIFTED = 0x8fffe000;

    /** Exponents of a pair, which are all ones in infinities and NaN. */
    private static final int EXPONENTS = 0x7c007c00;

    /** Added to exponents that are all ones, sets the bits of the signs. */
    private static final int CARRY = 0x04000400;

    private static final int SIGNS = 0x80008000;

    private static final VarHandle INT_IN_BYTES =
            MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.nativeOrder());

    private final int[] packed;
    private final int[] carried;
    private final byte[] bits;
    private final FloatBuffer floats;

    /**
     * @param most pairs that are converted at a time
     */
    HalfPairs(int most) {
        packed = new int[most];
        carried = new int[most];
        bits = new byte[most * Float.BYTES];
        floats = ByteBuffer.wrap(bits).order(ByteOrder.nativeOrder()).asFloatBuffer();
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
        shiftFirst(packed, bits, carried, pairs);
        floats.get(0, target, 0, pairs);
        shiftSecond(packed, bits, pairs);
        floats.get(0, target, pairs, pairs);
    }

    /** Converts the first of each pair, and notes pairs with exponents that are all ones. */
    private static void shiftFirst(int[] packed, byte[] bits, int[] carried, int pairs) {
        for (int i = 0; i < pairs; i++) {
            carried[i] |= (packed[i] & EXPONENTS) + CARRY;
            INT_IN_BYTES.set(
                    bits, i * Float.BYTES, packed[i] << Short.SIZE >> EXPONENT_SHIFT & SHIFTED);
        }
    }

    private static void shiftSecond(int[] packed, byte[] bits, int pairs) {
        for (int i = 0; i < pairs; i++) {
            INT_IN_BYTES.set(bits, i * Float.BYTES, packed[i] >> EXPONENT_SHIFT & SHIFTED);
        }
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
