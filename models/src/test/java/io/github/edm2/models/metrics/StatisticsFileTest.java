package io.github.edm2.models.metrics;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.edm2.models.npy.NpyArray;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Proves that NPZ files of statistics are read as written, and those of others as NumPy does it.
 */
class StatisticsFileTest {

    private static final FeatureStatistics SMALL =
            FeatureStatisticsTest.statistics(FeatureStatisticsTest.vectors(20, 3, 1));
    private static final FeatureStatistics LARGE =
            FeatureStatisticsTest.statistics(FeatureStatisticsTest.vectors(50, 400, 2));

    @TempDir private Path folder;

    private static void assertSame(FeatureStatistics expected, FeatureStatistics actual) {
        assertEquals(expected.count(), actual.count());
        assertEquals(expected.mean(), actual.mean());
        assertEquals(expected.covariance(), actual.covariance());
    }

    /** An NPY array as NumPy writes it: version 1, header padded to 64 bytes. */
    private static byte[] npy(String type, boolean fortran, String shape, ByteBuffer data) {
        String header =
                "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }"
                        .formatted(type, fortran ? "True" : "False", shape);
        int padded = (10 + header.length() + 1 + 63) / 64 * 64;
        ByteBuffer npy =
                ByteBuffer.allocate(padded + data.capacity()).order(ByteOrder.LITTLE_ENDIAN);
        npy.put((byte) 0x93).put("NUMPY".getBytes(StandardCharsets.US_ASCII));
        npy.put((byte) 1).put((byte) 0).putShort((short) (padded - 10));
        npy.put((header + " ".repeat(padded - 11 - header.length()) + "\n").getBytes());
        return npy.put(data.position(0)).array();
    }

    private static ByteBuffer data(int bytes, ByteOrder order) {
        return ByteBuffer.allocate(bytes).order(order);
    }

    private static byte[] mean() {
        return npy(
                "<f8",
                false,
                "(2,)",
                data(16, ByteOrder.LITTLE_ENDIAN).putDouble(0.5).putDouble(-2));
    }

    private static byte[] covariance() {
        return npy(
                "<f8",
                true,
                "(2, 2)",
                data(32, ByteOrder.LITTLE_ENDIAN)
                        .putDouble(4)
                        .putDouble(1)
                        .putDouble(1)
                        .putDouble(9));
    }

    private Path npz(Map<String, byte[]> arrays) throws IOException {
        Path file = folder.resolve("others.npz");
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
            for (Map.Entry<String, byte[]> array : arrays.entrySet()) {
                zip.putNextEntry(new ZipEntry(array.getKey() + ".npy"));
                zip.write(array.getValue());
            }
        }
        return file;
    }

    @Test
    void statisticsOfSeveralDetectorsAreReadAsWritten() {
        Path file = folder.resolve("set.npz");
        Map<String, FeatureStatistics> written = new LinkedHashMap<>();
        written.put("fid", SMALL);
        written.put("fd_dinov2", LARGE);
        StatisticsFile.write(file, written);
        Map<String, FeatureStatistics> read = StatisticsFile.read(file);
        assertEquals(written.keySet(), read.keySet());
        written.forEach((detector, statistics) -> assertSame(statistics, read.get(detector)));
        assertSame(LARGE, StatisticsFile.read(file, "fd_dinov2"));
        assertRefused(file, "clip", "has no statistics for the detector clip, only for fid,");
    }

    @Test
    void statisticsWithoutNameAreThoseOfAnyDetector() {
        Path file = folder.resolve("set.npz");
        StatisticsFile.write(file, Map.of(StatisticsFile.UNNAMED, SMALL));
        assertEquals(Set.of(StatisticsFile.UNNAMED), StatisticsFile.read(file).keySet());
        assertSame(SMALL, StatisticsFile.read(file, "fid"));
    }

    @Test
    void unknownCountStaysUnknown() {
        Path file = folder.resolve("set.npz");
        FeatureStatistics unknown = new FeatureStatistics(SMALL.mean(), SMALL.covariance());
        StatisticsFile.write(file, Map.of("fid", unknown));
        assertSame(unknown, StatisticsFile.read(file, "fid"));
    }

    /** The bytes are those that NumPy writes for the same arrays. */
    @Test
    void arraysAreWrittenAsNumpyWritesThem() throws IOException {
        INDArray covariance = Nd4j.createFromArray(new double[][] {{4, 1}, {1, 9}});
        FeatureStatistics statistics =
                new FeatureStatistics(7, Nd4j.createFromArray(0.5, -2.0), covariance);
        Path file = folder.resolve("set.npz");
        StatisticsFile.write(file, Map.of("fid", statistics));
        Map<String, byte[]> entries = new LinkedHashMap<>();
        try (ZipInputStream zip = new ZipInputStream(Files.newInputStream(file))) {
            for (ZipEntry e = zip.getNextEntry(); e != null; e = zip.getNextEntry()) {
                entries.put(e.getName(), zip.readAllBytes());
            }
        }
        assertEquals(
                List.of("fid/mu.npy", "fid/sigma.npy", "fid/count.npy"),
                List.copyOf(entries.keySet()));
        assertArrayEquals(mean(), entries.get("fid/mu.npy"));
        byte[] rowMajor =
                new String(covariance(), StandardCharsets.ISO_8859_1)
                        .replace(
                                "'fortran_order': True, 'shape': (2, 2), }",
                                "'fortran_order': False, 'shape': (2, 2), }")
                        .replaceFirst(" \n", "\n")
                        .getBytes(StandardCharsets.ISO_8859_1);
        assertArrayEquals(rowMajor, entries.get("fid/sigma.npy"));
        assertArrayEquals(
                npy("<i8", false, "()", data(8, ByteOrder.LITTLE_ENDIAN).putLong(7)),
                entries.get("fid/count.npy"));
    }

    @Test
    void sameStatisticsMakeTheSameFile() throws IOException {
        Path first = folder.resolve("first.npz");
        Path second = folder.resolve("second.npz");
        StatisticsFile.write(first, Map.of("fid", LARGE));
        StatisticsFile.write(second, Map.of("fid", LARGE));
        assertEquals(-1, Files.mismatch(first, second));
    }

    @Test
    void otherProgramsFilesAreRead() throws IOException {
        Path file = npz(Map.of("mu", mean(), "sigma", covariance()));
        FeatureStatistics read = StatisticsFile.read(file, "fid");
        assertEquals(OptionalLong.empty(), read.count());
        assertArrayEquals(new double[] {0.5, -2}, read.mean().toDoubleVector());
        INDArray expected = Nd4j.createFromArray(new double[][] {{4, 1}, {1, 9}});
        assertEquals(expected, read.covariance());
    }

    @ParameterizedTest
    @CsvSource({"<f4, 4", ">f4, 4", "<f8, 8", ">f8, 8", "<i4, 4", "<i8, 8", ">i8, 8"})
    void numbersOfAllTypesAreRead(String type, int width) throws IOException {
        ByteOrder order = type.startsWith(">") ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
        ByteBuffer data = data(3 * width, order);
        for (int i = -1; i <= 1; i++) {
            switch (type.substring(1)) {
                case "f4" -> data.putFloat(3 * i);
                case "f8" -> data.putDouble(3 * i);
                case "i4" -> data.putInt(3 * i);
                default -> data.putLong(3 * i);
            }
        }
        byte[] npy = npy(type, false, "(3,)", data);
        NpyArray read = NpyArray.readFrom(new ByteArrayInputStream(npy));
        assertArrayEquals(new long[] {3}, read.shape());
        assertArrayEquals(new double[] {-3, 0, 3}, read.values());
    }

    @Test
    void piecesOfLongArraysFollowOneAnother() throws IOException {
        double[] values = new double[300_001];
        for (int i = 0; i < values.length; i++) {
            values[i] = i;
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        new NpyArray(new long[] {values.length}, values).writeTo(out);
        NpyArray read = NpyArray.readFrom(new ByteArrayInputStream(out.toByteArray()));
        assertArrayEquals(values, read.values());
    }

    @Test
    void damagedArraysAreRefused() throws IOException {
        byte[] whole = covariance();
        byte[] cut = Arrays.copyOf(whole, whole.length - 1);
        assertRefused(npz(Map.of("mu", mean(), "sigma", cut)), "fid", "array sigma is cut short");
        byte[] noMagic = whole.clone();
        noMagic[1] = 'M';
        assertRefused(
                npz(Map.of("mu", mean(), "sigma", noMagic)), "fid", "sigma is no NumPy array");
        ByteBuffer empty = data(0, ByteOrder.LITTLE_ENDIAN);
        for (String shape :
                new String[] {"(99999999, 99999999)", "(12345678901,)", "(0, 0)", "(0,)"}) {
            byte[] other = npy("<f8", false, shape, empty);
            assertRefused(
                    npz(Map.of("mu", mean(), "sigma", other)), "fid", "array sigma has the shape");
        }
        byte[] text = npy("<U3", false, "(2,)", empty);
        assertRefused(
                npz(Map.of("mu", text, "sigma", whole)), "fid", "mu has elements of the type <U3");
        assertRefused(npz(Map.of("mu", mean(), "sigma", mean())), "fid", "got [2] and [2]");
        assertRefused(npz(Map.of("mu", mean())), "fid", "has no array sigma");
        assertRefused(npz(Map.of("features", mean())), "fid", "has no array mu");
        byte[] number = npy("<f8", false, "()", data(8, ByteOrder.LITTLE_ENDIAN));
        assertRefused(npz(Map.of("mu", number, "sigma", whole)), "fid", "of 0 dimensions");
        assertRefused(npz(Map.of("mu", mean(), "sigma", whole, "count", number)), "fid", "got 0");
    }

    @Test
    void changedByteIsNoticed() throws IOException {
        Path file = folder.resolve("set.npz");
        StatisticsFile.write(file, Map.of("fid", LARGE));
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length / 2] ^= 1;
        Files.write(file, bytes);
        assertRefused(file, "fid", "does not have the checksum");
    }

    @Test
    void otherFilesAreRefused() throws IOException {
        Path file = folder.resolve("file");
        assertRefused(file, "fid", "does not exist; metrics ref makes such a file");
        Files.writeString(file, "");
        assertRefused(file, "fid", "is empty");
        Files.writeString(file, "PK and then nothing");
        assertRefused(file, "fid", "cannot be read");
        Files.writeString(file, "something else");
        assertRefused(file, "fid", "is neither a pickle");
    }

    @Test
    void nothingIsLeftOfAFileThatCannotBeWritten() throws IOException {
        Path file = folder.resolve("set.npz");
        StatisticsFile.write(file, Map.of("fid", SMALL));
        Map<String, FeatureStatistics> broken = new LinkedHashMap<>();
        broken.put("a", LARGE);
        broken.put("a/mu.npy".repeat(10_000), LARGE); // no zip entry has such a name
        assertThrows(IllegalArgumentException.class, () -> StatisticsFile.write(file, broken));
        assertSame(SMALL, StatisticsFile.read(file, "fid"));
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(List.of(file), files.toList());
        }
        Path nowhere = folder.resolve("missing").resolve("set.npz");
        String message =
                assertThrows(
                                StatisticsFileException.class,
                                () -> StatisticsFile.write(nowhere, Map.of("fid", SMALL)))
                        .getMessage();
        assertTrue(message.startsWith("cannot write " + nowhere), message);
    }

    private static void assertRefused(Path file, String detector, String expected) {
        String message =
                assertThrows(
                                StatisticsFileException.class,
                                () -> StatisticsFile.read(file, detector))
                        .getMessage();
        assertTrue(message.startsWith(file.toString()), message);
        assertTrue(message.contains(expected), message);
    }
}
