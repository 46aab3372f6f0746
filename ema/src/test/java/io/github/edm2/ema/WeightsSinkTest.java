package io.github.edm2.ema;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.FloatBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Weights that are too many for one array. */
class WeightsSinkTest {

    private static final int PIECE = (1 << 20) + 7;

    @Test
    void everyPieceOfEachSinkGoesToItsPlaceInOneOfSeveralArrays() {
        Map<String, List<Long>> shapes = new LinkedHashMap<>();
        shapes.put("a", List.of(9L << 20));
        shapes.put("b", List.of());
        shapes.put("c", List.of(3L, 4L << 20));
        shapes.put("d", List.of(11L << 20));
        shapes.put("e", List.of(5L));
        ParameterLayout layout = new ParameterLayout(shapes);
        List<WeightsSink> sinks = WeightsSink.of(layout, 2);
        float[] piece = new float[PIECE];
        for (long begin = 0; begin < layout.length(); begin += PIECE) {
            int count = (int) Math.min(PIECE, layout.length() - begin);
            for (int sink = 0; sink < sinks.size(); sink++) {
                for (int i = 0; i < count; i++) {
                    piece[i] = number(sink + begin + i);
                }
                sinks.get(sink).write(FloatBuffer.wrap(piece, 0, count));
            }
        }
        for (int sink = 0; sink < sinks.size(); sink++) {
            sinks.get(sink).stop();
            check(layout, sinks.get(sink).weights(), sink);
        }
    }

    private static void check(ParameterLayout layout, Weights weights, int first) {
        assertEquals(4, weights.storage().size());
        assertEquals(layout.shapes(), weights.layout().shapes());
        long begin = first;
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

    /** Otherwise a file that is missing would cost the memory of a whole network. */
    @Test
    void allocatesNothingMoreOnceStopped() {
        Map<String, List<Long>> shapes = new LinkedHashMap<>();
        for (int i = 0; i < 64; i++) {
            shapes.put("w" + i, List.of((long) PIECE));
        }
        WeightsSink sink = WeightsSink.of(new ParameterLayout(shapes), 1).get(0);
        sink.stop();
        FloatBuffer piece = FloatBuffer.allocate(PIECE);
        assertThrows(
                CancellationException.class,
                () -> {
                    for (int i = 0; i < 64; i++) {
                        sink.write(piece.duplicate());
                    }
                });
    }

    private static float number(long i) {
        return i % 1013;
    }
}
