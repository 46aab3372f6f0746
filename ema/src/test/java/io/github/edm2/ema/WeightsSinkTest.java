package io.github.edm2.ema;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.FloatBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Weights that are too many for one array. */
class WeightsSinkTest {

    private static final int PIECE = (1 << 20) + 7;

    @Test
    void everyPieceGoesToItsPlaceInOneOfSeveralArrays() {
        Map<String, List<Long>> shapes = new LinkedHashMap<>();
        shapes.put("a", List.of(9L << 20));
        shapes.put("b", List.of());
        shapes.put("c", List.of(3L, 4L << 20));
        shapes.put("d", List.of(11L << 20));
        shapes.put("e", List.of(5L));
        ParameterLayout layout = new ParameterLayout(shapes);
        WeightsSink sink = new WeightsSink(layout);
        float[] piece = new float[PIECE];
        for (long begin = 0; begin < layout.length(); begin += PIECE) {
            int count = (int) Math.min(PIECE, layout.length() - begin);
            for (int i = 0; i < count; i++) {
                piece[i] = number(begin + i);
            }
            sink.write(FloatBuffer.wrap(piece, 0, count));
        }
        Weights weights = sink.weights();
        assertEquals(4, weights.storage().size());
        assertEquals(shapes, weights.layout().shapes());
        long begin = 0;
        for (INDArray array : weights.asMap().values()) {
            long length = array.length();
            for (long i : new long[] {0, length / 3, length / 2, length - 1}) {
                assertEquals(number(begin + i), array.getFloat(i));
            }
            double sum = 0;
            for (long i = 0; i < length; i++) {
                sum += number(begin + i);
            }
            assertEquals(sum, array.castTo(DataType.DOUBLE).sumNumber());
            begin += length;
        }
    }

    private static float number(long i) {
        return i % 1013;
    }
}
