package io.github.edm2.ema;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Sums of files of several data types, in many pieces of odd lengths. */
class WeightedSumsTest {

    private static final ParameterLayout LAYOUT = layout();

    @TempDir static Path folder;

    private static ParameterLayout layout() {
        Map<String, List<Long>> shapes = new LinkedHashMap<>();
        shapes.put("first", List.of(7L));
        shapes.put("large", List.of(70_001L, 3L));
        shapes.put("scalar", List.of());
        shapes.put("last", List.of(5L, 1L));
        return new ParameterLayout(shapes);
    }

    private record Stored(List<StoredAverage> files, List<Map<String, INDArray>> tensors) {}

    /** One file for each data type. */
    private static Stored store(List<DataType> types) {
        Nd4j.getRandom().setSeed(11);
        List<StoredAverage> files = new ArrayList<>();
        List<Map<String, INDArray>> all = new ArrayList<>();
        for (DataType type : types) {
            Map<String, INDArray> tensors = new LinkedHashMap<>();
            LAYOUT.shapes()
                    .forEach(
                            (name, shape) -> {
                                long[] sizes = shape.stream().mapToLong(n -> n).toArray();
                                INDArray vector =
                                        Nd4j.randn(DataType.FLOAT, ParameterLayout.elements(shape));
                                tensors.put(
                                        name,
                                        vector.castTo(type)
                                                .castTo(DataType.FLOAT)
                                                .reshape('c', sizes));
                            });
            Path file = folder.resolve(files.size() + ".safetensors");
            SafetensorsFile.write(file, tensors, type, Map.of());
            ProfileAt at = new ProfileAt(new PowerFunction(0.1), files.size() + 1);
            files.add(new StoredAverage(at, () -> new SafetensorsFile(file)));
            all.add(tensors);
        }
        return new Stored(files, all);
    }

    private static List<Weights> sums(List<StoredAverage> files, double[][] factors)
            throws IOException {
        List<WeightsSink> sinks = WeightsSink.of(LAYOUT, factors.length);
        AtomicLong added = new AtomicLong();
        new WeightedSums(LAYOUT, List.copyOf(sinks), added::addAndGet).add(files, factors);
        assertEquals(files.size() * LAYOUT.length(), added.get());
        return sinks.stream().map(WeightsSink::weights).toList();
    }

    /** Six and five files: sums of four, of two and of one at a time. */
    @ParameterizedTest
    @ValueSource(strings = {"HHHHHH", "FFFFFF", "HFHHF"})
    void everySumIsThatOfDoubles(String halfOrFloat) throws IOException {
        Stored stored =
                store(
                        halfOrFloat
                                .chars()
                                .mapToObj(c -> c == 'H' ? DataType.FLOAT16 : DataType.FLOAT)
                                .toList());
        double[][] factors = {
            {0.5, -3, 0.25, 1e-3, 2, -1}, {1e7, 2e7, 5e6, 1e5, 3e6, 7e6}, {0, 0, 0, 0, 1, 0}
        };
        List<Weights> sums = sums(stored.files(), factors);
        for (int i = 0; i < factors.length; i++) {
            Map<String, INDArray> sum = sums.get(i).asMap();
            assertEquals(List.copyOf(LAYOUT.shapes().keySet()), List.copyOf(sum.keySet()));
            for (Map.Entry<String, INDArray> tensor : sum.entrySet()) {
                INDArray expected = Nd4j.zeros(DataType.DOUBLE, tensor.getValue().shape());
                double largest = 0;
                for (int file = 0; file < stored.files().size(); file++) {
                    INDArray added = stored.tensors().get(file).get(tensor.getKey());
                    expected.addi(added.castTo(DataType.DOUBLE).muli(factors[i][file]));
                    largest = Math.max(largest, Math.abs(factors[i][file]));
                }
                double error =
                        expected.subi(tensor.getValue().castTo(DataType.DOUBLE))
                                .amaxNumber()
                                .doubleValue();
                assertTrue(error <= 2e-6 * largest, tensor.getKey() + " is off by " + error);
            }
        }
    }

    @Test
    void infinityOfHalfPrecisionStaysInfinite() throws IOException {
        Stored stored = store(List.of(DataType.FLOAT16, DataType.FLOAT16));
        try (RandomAccessFile file =
                new RandomAccessFile(folder.resolve("1.safetensors").toFile(), "rw")) {
            file.seek(file.length() - Short.BYTES);
            file.writeShort(0x007c);
        }
        INDArray last = sums(stored.files(), new double[][] {{2, -1}}).get(0).get("last");
        assertEquals(Double.NEGATIVE_INFINITY, last.getDouble(4));
        INDArray before = stored.tensors().get(0).get("last").mul(2);
        before.subi(stored.tensors().get(1).get("last"));
        assertEquals(before.getDouble(3), last.getDouble(3), 1e-6);
    }

    @Test
    void failureOfOneSinkEndsAllThreads() throws InterruptedException {
        Stored stored = store(List.of(DataType.FLOAT16, DataType.FLOAT16));
        IOException full = new IOException("disk full");
        AtomicLong got = new AtomicLong();
        WeightSink failing =
                elements -> {
                    if (got.addAndGet(elements.remaining()) > LAYOUT.length() / 2) {
                        throw full;
                    }
                };
        List<WeightSink> sinks = List.of(WeightsSink.of(LAYOUT, 1).get(0), failing);
        double[][] factors = {{1, 2}, {3, 4}};
        Set<Thread> before = Thread.getAllStackTraces().keySet();
        IOException thrown =
                assertThrows(
                        IOException.class,
                        () ->
                                new WeightedSums(LAYOUT, sinks, elements -> {})
                                        .add(stored.files(), factors));
        assertSame(full, thrown);
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            if (!before.contains(thread) && thread.getName().startsWith("pool")) {
                thread.join(10_000);
                assertFalse(thread.isAlive());
            }
        }
    }
}
