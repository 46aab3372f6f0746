package io.github.edm2.ema;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.IntBuffer;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** All numbers of half precision, in both places of a pair. */
class HalfPairsTest {

    private static final int NUMBERS = 1 << Short.SIZE;

    /** Each number in the first place, the same from the end in the second one. */
    private static int pair(int i) {
        return i | NUMBERS - 1 - i << Short.SIZE;
    }

    private static float scaled(int half) {
        return FloatCodec.decodeHalf((short) half) / HalfPairs.SCALE;
    }

    private static boolean isFinite(int half) {
        return Float.isFinite(FloatCodec.decodeHalf((short) half));
    }

    @Test
    void everyFiniteNumberIsConvertedExactly() {
        int[] pairs =
                IntStream.range(0, NUMBERS)
                        .filter(i -> isFinite(i) && isFinite(NUMBERS - 1 - i))
                        .map(HalfPairsTest::pair)
                        .toArray();
        float[] numbers = new float[2 * pairs.length];
        HalfPairs converter = new HalfPairs(pairs.length);
        converter.decode(IntBuffer.wrap(pairs), 0, pairs.length, numbers);
        assertFalse(converter.foundNonFinite());
        float[] expected = new float[numbers.length];
        for (int i = 0; i < pairs.length; i++) {
            expected[i] = scaled(pairs[i]);
            expected[pairs.length + i] = scaled(pairs[i] >>> Short.SIZE);
        }
        assertArrayEquals(expected, numbers);
    }

    @Test
    void infinitiesAndNanAreFoundInBothPlaces() {
        HalfPairs converter = new HalfPairs(3);
        float[] numbers = new float[6];
        for (int half = 0; half < NUMBERS; half++) {
            for (int pair : new int[] {half, half << Short.SIZE}) {
                int[] pairs = {0x3c003c00, pair, 0x7bff7bff};
                converter.decode(IntBuffer.wrap(pairs), 0, pairs.length, numbers);
                assertEquals(!isFinite(half), converter.foundNonFinite(), half + "");
            }
        }
    }

    @Test
    void slowWayConvertsAll() {
        int[] pairs = IntStream.range(0, NUMBERS).map(HalfPairsTest::pair).toArray();
        float[] numbers = new float[2 * NUMBERS];
        HalfPairs.decodeAny(IntBuffer.wrap(pairs), 0, NUMBERS, numbers);
        float[] expected = new float[2 * NUMBERS];
        for (int i = 0; i < NUMBERS; i++) {
            expected[i] = scaled(i);
            expected[NUMBERS + i] = scaled(NUMBERS - 1 - i);
        }
        assertArrayEquals(expected, numbers);
        assertEquals(NUMBERS, Arrays.stream(pairs).distinct().count());
    }
}
