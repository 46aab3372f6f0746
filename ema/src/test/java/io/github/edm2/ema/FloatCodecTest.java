package io.github.edm2.ema;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;

/** Half precision, number by number. */
class FloatCodecTest {

    private static final int FINITE = 0x7c00;

    private static short encode(float value) {
        ByteBuffer bytes = ByteBuffer.allocate(Short.BYTES);
        assertTrue(
                FloatCodec.encode(FloatBuffer.wrap(new float[] {value}), DataType.FLOAT16, bytes));
        return bytes.order(ByteOrder.LITTLE_ENDIAN).getShort(0);
    }

    private static float decode(int half) {
        ByteBuffer bytes = ByteBuffer.allocate(Short.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putShort((short) half).flip();
        float[] value = new float[1];
        FloatCodec.decode(bytes, DataType.FLOAT16, value, 0);
        return value[0];
    }

    @Test
    void everyFiniteHalfComesBack() {
        for (int half = 0; half < FINITE; half++) {
            assertEquals((short) half, encode(decode(half)));
            assertEquals((short) (half | 0x8000), encode(-decode(half)));
        }
    }

    @Test
    void whatLiesBetweenGoesToTheNearestAndTiesToTheEvenOne() {
        for (int half = 0; half + 1 < FINITE; half++) {
            float middle = (float) ((decode(half) + (double) decode(half + 1)) / 2);
            assertEquals((short) (half + (half & 1)), encode(middle));
            assertEquals((short) half, encode(Math.nextDown(middle)));
            assertEquals((short) (half + 1), encode(Math.nextUp(middle)));
        }
    }

    @Test
    void tooLargeNumbersAreNoticed() {
        assertEquals((short) (FINITE - 1), encode(Math.nextDown(65520f)));
        for (float large : new float[] {65520, -1e10f, Float.NEGATIVE_INFINITY, Float.NaN}) {
            FloatBuffer elements = FloatBuffer.wrap(new float[] {1, large, 2});
            assertFalse(
                    FloatCodec.encode(elements, DataType.FLOAT16, ByteBuffer.allocate(6)),
                    large + "");
        }
    }
}
