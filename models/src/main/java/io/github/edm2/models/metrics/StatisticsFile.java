package io.github.edm2.models.metrics;

import io.github.edm2.ema.AtomicFile;
import io.github.edm2.models.npy.NpyArray;
import io.github.edm2.models.pickle.NumpyArray;
import io.github.edm2.models.pickle.PickleException;
import io.github.edm2.models.pickle.PickledObject;
import io.github.edm2.models.pickle.PythonType;
import io.github.edm2.models.pickle.TorchFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Statistics of one set of images for one or several feature networks ("detectors"), in a file.
 * Written is an NPZ archive with the arrays {@code fid/mu} [d], {@code fid/sigma} [d, d], both
 * float64, and {@code fid/count} for the detector {@code fid}, or without the name and stroke for a
 * single one without a name. Read are such archives, with or without {@code count}, and the
 * reference statistics of the official release: a pickle of a dictionary {@code {"fid": {"mu": ...,
 * "sigma": ...}, ...}}, of which nothing is run.
 */
public final class StatisticsFile {

    /** The detector whose arrays have no name before theirs. */
    public static final String UNNAMED = "";

    private static final String MEAN = "mu";
    private static final String COVARIANCE = "sigma";
    private static final String COUNT = "count";
    private static final String EXTENSION = ".npy";
    private static final byte[] ZIP = {'P', 'K'};

    /** The same statistics make the same file. */
    private static final LocalDateTime TIME = LocalDateTime.of(1980, 1, 1, 0, 0);

    private StatisticsFile() {}

    /**
     * Writes statistics.
     *
     * @param file created or replaced, in an existing folder
     * @param statistics by detector; {@link #UNNAMED} for one without a name
     * @throws StatisticsFileException if it cannot be written; nothing was changed then
     */
    public static void write(Path file, Map<String, FeatureStatistics> statistics) {
        try {
            AtomicFile.write(
                    file,
                    out -> {
                        ZipOutputStream zip = new ZipOutputStream(out);
                        zip.setLevel(Deflater.NO_COMPRESSION); // doubles hardly shrink
                        for (Map.Entry<String, FeatureStatistics> e : statistics.entrySet()) {
                            write(zip, e.getKey(), e.getValue());
                        }
                        zip.finish();
                    });
        } catch (IOException e) {
            throw new StatisticsFileException(
                    "cannot write %s: ".formatted(file),
                    AtomicFile.reason(e) + "; nothing was changed there",
                    e);
        }
    }

    private static void write(ZipOutputStream zip, String detector, FeatureStatistics statistics)
            throws IOException {
        String prefix = detector.equals(UNNAMED) ? "" : detector + "/";
        begin(zip, prefix + MEAN);
        array(statistics.mean()).writeTo(zip);
        begin(zip, prefix + COVARIANCE);
        array(statistics.covariance()).writeTo(zip);
        if (statistics.count().isPresent()) {
            begin(zip, prefix + COUNT);
            double[] count = {statistics.count().getAsLong()};
            new NpyArray(new long[0], count).writeIntegerTo(zip);
        }
        zip.closeEntry();
    }

    private static void begin(ZipOutputStream zip, String array) throws IOException {
        ZipEntry entry = new ZipEntry(array + EXTENSION);
        entry.setTimeLocal(TIME);
        zip.putNextEntry(entry);
    }

    private static NpyArray array(INDArray array) {
        return new NpyArray(array.shape(), array.reshape(array.length()).toDoubleVector());
    }

    /**
     * Reads the statistics for one detector.
     *
     * @param detector its name; what a file has without a name counts as this
     * @throws StatisticsFileException if the file is missing or damaged, or has no such statistics
     */
    public static FeatureStatistics read(Path file, String detector) {
        Map<String, FeatureStatistics> all = read(file);
        FeatureStatistics unnamed = all.get(UNNAMED);
        FeatureStatistics found = all.getOrDefault(detector, unnamed);
        if (found == null) {
            throw new StatisticsFileException(
                    file + " has no statistics for the detector " + detector,
                    ", only for " + String.join(", ", all.keySet()),
                    null);
        }
        return found;
    }

    /**
     * Reads all statistics of a file.
     *
     * @return at least one, by detector; {@link #UNNAMED} for one without a name
     * @throws StatisticsFileException if the file is missing, damaged, or holds something else
     */
    public static Map<String, FeatureStatistics> read(Path file) {
        if (!Files.exists(file)) {
            throw new StatisticsFileException(
                    file + " does not exist; ", "metrics ref makes such a file", null);
        }
        if (Files.isDirectory(file)) {
            throw new StatisticsFileException(
                    file + " is a folder, ", "no file of statistics", null);
        }
        Map<String, FeatureStatistics> statistics;
        try {
            statistics = isZip(file) ? readNpz(file) : readPickle(file);
        } catch (IOException e) {
            throw new StatisticsFileException(file + " cannot be read: ", AtomicFile.reason(e), e);
        } catch (PickleException e) {
            throw new StatisticsFileException(file + " ", e.getMessage(), e);
        } catch (IllegalArgumentException e) {
            throw new StatisticsFileException(
                    file + " is damaged or no file of statistics: ", e.getMessage(), e);
        }
        return Collections.unmodifiableMap(statistics);
    }

    private static boolean isZip(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return Arrays.equals(in.readNBytes(ZIP.length), ZIP);
        }
    }

    private static Map<String, FeatureStatistics> readNpz(Path file) throws IOException {
        Map<String, FeatureStatistics> statistics = new LinkedHashMap<>();
        try (ZipFile zip = new ZipFile(file.toFile())) {
            for (ZipEntry entry : Collections.list(zip.entries())) {
                String name = entry.getName();
                String prefix = name.substring(0, name.lastIndexOf('/') + 1);
                if (name.equals(prefix + MEAN + EXTENSION)) {
                    String detector = prefix.replaceFirst("/$", "");
                    statistics.put(detector, readNpz(zip, prefix));
                }
            }
        }
        if (statistics.isEmpty()) {
            throw new IllegalArgumentException("it has no array %s".formatted(MEAN));
        }
        return statistics;
    }

    private static FeatureStatistics readNpz(ZipFile zip, String prefix) throws IOException {
        NpyArray mu = readNpz(zip, prefix, MEAN);
        NpyArray sigma = readNpz(zip, prefix, COVARIANCE);
        INDArray mean = nd4j(mu.values(), mu.shape());
        INDArray covariance = nd4j(sigma.values(), sigma.shape());
        if (zip.getEntry(prefix + COUNT + EXTENSION) == null) {
            return new FeatureStatistics(mean, covariance);
        }
        long count = (long) readNpz(zip, prefix, COUNT).values()[0];
        return new FeatureStatistics(count, mean, covariance);
    }

    private static NpyArray readNpz(ZipFile zip, String prefix, String name) throws IOException {
        ZipEntry entry = zip.getEntry(prefix + name + EXTENSION);
        if (entry == null) {
            throw new IllegalArgumentException("it has no array %s%s".formatted(prefix, name));
        }
        try (CheckedInputStream in =
                new CheckedInputStream(zip.getInputStream(entry), new CRC32())) {
            NpyArray array = NpyArray.readFrom(in);
            if (in.getChecksum().getValue() != entry.getCrc()) {
                throw new IOException("does not have the checksum that the archive tells");
            }
            return array;
        } catch (IOException e) {
            throw new IOException("its array %s%s %s".formatted(prefix, name, e.getMessage()), e);
        }
    }

    private static INDArray nd4j(double[] values, long[] shape) {
        if (shape.length < 1 || shape.length > 2) {
            throw new IllegalArgumentException(
                    "it has an array of %d dimensions, where 1 or 2 are expected"
                            .formatted(shape.length));
        }
        // In whatever order: a covariance is symmetric.
        return Nd4j.createFromArray(values).reshape(shape);
    }

    private static Map<String, FeatureStatistics> readPickle(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            Object root = TorchFile.read(channel);
            Map<String, FeatureStatistics> statistics = new LinkedHashMap<>();
            PickledArrays arrays = new PickledArrays(channel.size());
            Map<?, ?> entries = dictionary(root);
            if (entries.containsKey(MEAN)) {
                statistics.put(UNNAMED, arrays.statistics(entries));
            }
            entries.forEach(
                    (name, value) -> {
                        if (dictionary(value).containsKey(MEAN)) {
                            statistics.put(
                                    String.valueOf(name), arrays.statistics(dictionary(value)));
                        }
                    });
            if (statistics.isEmpty()) {
                throw new IllegalArgumentException(
                        "it holds %s without %s".formatted(PythonType.of(root), MEAN));
            }
            return statistics;
        }
    }

    private static Map<?, ?> dictionary(Object value) {
        if (value instanceof PickledObject object) {
            return object.items();
        }
        return value instanceof Map<?, ?> map ? map : Map.of();
    }

    /** Takes the arrays of a pickle, which may have the same bytes in many places. */
    private static final class PickledArrays {

        private long bytesLeft;

        PickledArrays(long fileLength) {
            bytesLeft = fileLength;
        }

        FeatureStatistics statistics(Map<?, ?> arrays) {
            return new FeatureStatistics(take(arrays, MEAN), take(arrays, COVARIANCE));
        }

        private INDArray take(Map<?, ?> arrays, String name) {
            if (!(arrays.get(name) instanceof NumpyArray array)) {
                throw new IllegalArgumentException(
                        "its %s is %s".formatted(name, PythonType.of(arrays.get(name))));
            }
            long[] shape = array.shape();
            bytesLeft -= Float.BYTES * Arrays.stream(shape).reduce(1, (a, b) -> a * b);
            if (bytesLeft < 0) {
                throw new IllegalArgumentException("its arrays take more bytes than it has");
            }
            return nd4j(array.doubles(), shape);
        }
    }
}
