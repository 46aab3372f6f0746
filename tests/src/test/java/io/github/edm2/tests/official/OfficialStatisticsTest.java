package io.github.edm2.tests.official;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.edm2.models.metrics.FeatureStatistics;
import io.github.edm2.models.metrics.StatisticsFile;
import io.github.edm2.models.metrics.StatisticsFileException;
import io.github.edm2.tests.official.Pickler.Binary;
import io.github.edm2.tests.official.Pickler.Call;
import io.github.edm2.tests.official.Pickler.Global;
import io.github.edm2.tests.official.Pickler.Tuple;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Proves that reference statistics in the format of the official release are read. */
class OfficialStatisticsTest {

    private static final int DIMENSIONS = 96;

    @TempDir private Path folder;

    private static INDArray mean(long seed) {
        return Nd4j.createFromArray(new Random(seed).doubles(DIMENSIONS).toArray());
    }

    private static INDArray covariance(long seed) {
        INDArray factor =
                Nd4j.createFromArray(new Random(seed).doubles(DIMENSIONS * DIMENSIONS).toArray())
                        .reshape(DIMENSIONS, DIMENSIONS);
        INDArray covariance = factor.mmul(factor.transpose());
        return covariance.add(covariance.transpose());
    }

    private static Binary bytes(INDArray array) {
        ByteBuffer data =
                ByteBuffer.allocate((int) array.length() * Double.BYTES)
                        .order(ByteOrder.LITTLE_ENDIAN);
        data.asDoubleBuffer().put(array.dup('c').reshape(array.length()).toDoubleVector());
        return new Binary(data.array());
    }

    private static Call float64() {
        return new Call(
                new Global("numpy", "dtype"),
                Tuple.of("f8", false, true),
                Map.of(),
                Tuple.of(3, "<", null, null, null, -1, -1, 0));
    }

    private static Tuple shape(INDArray array) {
        return Tuple.of(Arrays.stream(array.shape()).boxed().toArray());
    }

    /** As NumPy pickles an array, with its data in the pickle; from protocol 5 otherwise. */
    private static Call numpy(int protocol, INDArray array) {
        if (protocol >= 5) {
            return new Call(
                    new Global("numpy._core.numeric", "_frombuffer"),
                    bytes(array),
                    float64(),
                    shape(array),
                    "C");
        }
        return new Call(
                new Global("numpy.core.multiarray", "_reconstruct"),
                Tuple.of(new Global("numpy", "ndarray"), Tuple.of(0), new Binary(new byte[] {'b'})),
                Map.of(),
                Tuple.of(1, shape(array), float64(), false, bytes(array)));
    }

    private Path write(int protocol, Object root) throws IOException {
        return Files.write(folder.resolve("reference.pkl"), Pickler.dump(protocol, root));
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4, 5})
    void detectorsOfAPickleAreRead(int protocol) throws IOException {
        Map<String, Object> root = new LinkedHashMap<>();
        List<String> detectors = List.of("fid", "fd_dinov2");
        for (int i = 0; i < detectors.size(); i++) {
            Map<String, Object> arrays = new LinkedHashMap<>();
            arrays.put("mu", numpy(protocol, mean(i)));
            arrays.put("sigma", numpy(protocol, covariance(10 + i)));
            root.put(detectors.get(i), arrays);
        }
        Path file = write(protocol, root);
        Map<String, FeatureStatistics> read = StatisticsFile.read(file);
        assertEquals(detectors, List.copyOf(read.keySet()));
        for (int i = 0; i < detectors.size(); i++) {
            FeatureStatistics statistics = StatisticsFile.read(file, detectors.get(i));
            assertEquals(OptionalLong.empty(), statistics.count());
            assertEquals(mean(i), statistics.mean());
            assertEquals(covariance(10 + i), statistics.covariance());
        }
    }

    @Test
    void arraysWithoutDetectorAreUnnamed() throws IOException {
        Map<String, Object> arrays = new LinkedHashMap<>();
        arrays.put("mu", numpy(4, mean(1)));
        arrays.put("sigma", numpy(4, covariance(2)));
        Path file = write(4, arrays);
        assertEquals(mean(1), StatisticsFile.read(file).get(StatisticsFile.UNNAMED).mean());
    }

    @Test
    void otherPicklesAreRefused() throws IOException {
        assertRefused(Map.of("ema", 1), "it holds a dict without mu");
        assertRefused(List.of(1), "it holds a list without mu");
        Call mean = numpy(4, mean(1));
        assertRefused(Map.of("fid", Map.of("mu", mean)), "its sigma is None");
        assertRefused(Map.of("fid", Map.of("mu", 1, "sigma", mean)), "its mu is an int");
        assertRefused(Map.of("fid", Map.of("mu", mean, "sigma", mean)), "got [96] and [96]");
        Call wrong =
                new Call(
                        mean.function(),
                        mean.arguments(),
                        Map.of(),
                        Tuple.of(1, Tuple.of(95, 95), float64(), false, bytes(mean(1))));
        assertRefused(Map.of("fid", Map.of("mu", mean, "sigma", wrong)), "does not fit its data");
        Call code = new Call(new Global("os", "system"), "echo");
        assertRefused(Map.of("fid", Map.of("mu", code)), "wants to call os.system");
    }

    /** A small file must not become much memory. */
    @Test
    void arraysThatShareTheirBytesAreRefused() throws IOException {
        Map<String, Object> arrays = new LinkedHashMap<>();
        arrays.put("mu", numpy(4, mean(1)));
        arrays.put("sigma", numpy(4, covariance(2)));
        Map<String, Object> root = new LinkedHashMap<>();
        for (int i = 0; i < 5; i++) {
            root.put("detector" + i, arrays);
        }
        assertRefused(root, "its arrays take more bytes than it has");
    }

    @Test
    void messagesHaveOneLine() throws IOException {
        assertRefused(new Call(new Global("os\u0085\u2028", "system")), "call os??.system");
    }

    private void assertRefused(Object root, String expected) throws IOException {
        Path file = write(4, root);
        String message =
                assertThrows(StatisticsFileException.class, () -> StatisticsFile.read(file))
                        .getMessage();
        assertTrue(message.startsWith(file.toString()), message);
        assertTrue(message.contains(expected), message);
    }
}
