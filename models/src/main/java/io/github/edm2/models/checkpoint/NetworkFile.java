package io.github.edm2.models.checkpoint;

import io.github.edm2.ema.AtomicFile;
import io.github.edm2.ema.AtomicOutput;
import io.github.edm2.ema.WeightFile;
import io.github.edm2.layers.FastGraph;
import io.github.edm2.models.unet.GraphOptions;
import io.github.edm2.models.unet.NetworkOptions;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.FloatBuffer;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.List;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.util.ModelSerializer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/**
 * An EDM2 network in a file: the zip archive of DL4J's {@link ModelSerializer}, which can read it,
 * with the network's options beside, because a configuration without them does not tell the size of
 * the images. Unlike ModelSerializer, it gives the same bytes for the same network, has no limit of
 * 2 GiB, and notices damage.
 *
 * <p>For one thread at a time, as its graph.
 *
 * @param options what the network was made with
 * @param graph the network
 * @param classNames names of the classes in the order of their labels; empty if unknown
 */
public record NetworkFile(NetworkOptions options, ComputationGraph graph, List<String> classNames) {

    private static final String OPTIONS = "edm2.json";
    private static final String CLASSES = "classes.json";

    /** What tells the configuration of a ComputationGraph from others. */
    private static final String VERTICES = "vertices";

    private static final int BUFFER = 1 << 20;

    /** Files say the same whenever they are written. */
    private static final LocalDateTime TIME = LocalDateTime.of(1980, 1, 1, 0, 0);

    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * Checks that there is a name for each class, or none.
     *
     * @throws IllegalArgumentException if there are more or fewer
     */
    public NetworkFile {
        classNames = List.copyOf(classNames);
        if (!classNames.isEmpty() && classNames.size() != options.getLabelDim()) {
            throw new IllegalArgumentException(
                    "classNames must be as many as the network's classes, %d, or none, got %d"
                            .formatted(options.getLabelDim(), classNames.size()));
        }
    }

    /** A network whose classes have no names. */
    public NetworkFile(NetworkOptions options, ComputationGraph graph) {
        this(options, graph, List.of());
    }

    /**
     * A network from anywhere, its options found from its configuration. Layers that transfer
     * learning froze become ordinary ones, in a copy.
     *
     * @param graph made by {@link io.github.edm2.models.Edm2}, trained or not
     * @throws IllegalArgumentException if its layers are not those of an EDM2 network
     */
    public static NetworkFile of(ComputationGraph graph) {
        ComputationGraph network = Unfrozen.of(graph);
        return new NetworkFile(GraphOptions.of(network.getConfiguration()), network);
    }

    /**
     * Writes the archive.
     *
     * @param out not closed
     * @param updater whether to write the updater's state, from which training can continue
     * @throws IOException if it cannot be written
     */
    public void write(OutputStream out, boolean updater) throws IOException {
        ZipOutputStream zip = begin(out);
        write(zip, ModelSerializer.COEFFICIENTS_BIN, graph.params());
        if (updater) {
            write(zip, ModelSerializer.UPDATER_BIN, graph.getUpdater(true).getStateViewArray());
        }
        zip.finish();
    }

    /**
     * Begins the archive of a network that is like this one, but has other weights.
     *
     * @param file created or replaced when it is complete
     * @return takes the elements of {@link ComputationGraph#params()}
     * @throws IOException if it cannot be written
     */
    public WeightFile withWeights(Path file) throws IOException {
        AtomicOutput output = AtomicOutput.of(file);
        try {
            ZipOutputStream zip =
                    begin(
                            new BufferedOutputStream(
                                    Channels.newOutputStream(output.channel()), BUFFER));
            zip.putNextEntry(entry(ModelSerializer.COEFFICIENTS_BIN));
            return new Archive(file, output, zip, new ArrayStream(graph.params(), zip));
        } catch (IOException | RuntimeException e) {
            output.close();
            throw e;
        }
    }

    private record Archive(
            Path file, AtomicOutput output, ZipOutputStream zip, ArrayStream coefficients)
            implements WeightFile {

        @Override
        public void write(FloatBuffer elements) throws IOException {
            coefficients.write(elements);
        }

        @Override
        public void commit() throws IOException {
            coefficients.finish();
            zip.closeEntry();
            zip.finish();
            zip.flush();
            output.commit(file);
        }

        @Override
        public void close() throws IOException {
            output.close();
        }
    }

    /** Writes what comes before the weights. */
    private ZipOutputStream begin(OutputStream out) throws IOException {
        ZipOutputStream zip = new ZipOutputStream(out, StandardCharsets.UTF_8);
        zip.setLevel(Deflater.NO_COMPRESSION); // weights hardly shrink
        write(zip, OPTIONS, JSON.writeValueAsBytes(options));
        if (!classNames.isEmpty()) {
            write(zip, CLASSES, ClassNames.toJson(classNames).getBytes(StandardCharsets.UTF_8));
        }
        write(
                zip,
                ModelSerializer.CONFIGURATION_JSON,
                graph.getConfiguration().toJson().getBytes(StandardCharsets.UTF_8));
        return zip;
    }

    private static void write(ZipOutputStream zip, String name, byte[] content) throws IOException {
        zip.putNextEntry(entry(name));
        zip.write(content);
        zip.closeEntry();
    }

    private static void write(ZipOutputStream zip, String name, INDArray content)
            throws IOException {
        zip.putNextEntry(entry(name));
        ArrayStream.write(content, zip);
        zip.closeEntry();
    }

    private static ZipEntry entry(String name) {
        ZipEntry entry = new ZipEntry(name);
        entry.setTimeLocal(TIME);
        return entry;
    }

    /**
     * Reads a network.
     *
     * @param file written by {@link #write} or by ModelSerializer
     * @param updater whether to read the updater's state
     * @throws NetworkFileException if the file is missing, damaged or not one of an EDM2 network,
     *     or lacks the updater's state
     */
    public static NetworkFile read(Path file, boolean updater) {
        return open(
                file,
                zip -> {
                    ComputationGraph graph = new FastGraph(configuration(zip));
                    graph.init(array(zip, ModelSerializer.COEFFICIENTS_BIN), false);
                    if (updater) {
                        graph.getUpdater(true)
                                .setStateViewArray(array(zip, ModelSerializer.UPDATER_BIN));
                    }
                    return new NetworkFile(options(zip), graph, classNames(zip));
                });
    }

    /**
     * Reads a network's options alone.
     *
     * @param file written by {@link #write} or by ModelSerializer
     * @throws NetworkFileException if the file is missing, damaged or not one of an EDM2 network
     */
    public static NetworkOptions readOptions(Path file) {
        return open(file, NetworkFile::options);
    }

    /**
     * Reads the names of a network's classes alone.
     *
     * @param file written by {@link #write} or by ModelSerializer
     * @return in the order of their labels; empty if the file has none
     * @throws NetworkFileException if the file is missing, damaged or not one of an EDM2 network
     */
    public static List<String> readClassNames(Path file) {
        return open(file, NetworkFile::classNames);
    }

    /** Whether a file is an archive of an EDM2 network; its contents are not checked. */
    public static boolean isIn(Path file) {
        if (!Files.isRegularFile(file)) {
            return false;
        }
        try (ZipFile zip = new ZipFile(file.toFile())) {
            return zip.getEntry(OPTIONS) != null;
        } catch (IOException e) {
            return false; // no archive
        }
    }

    @FunctionalInterface
    private interface Content<T> {
        T read(ZipFile zip) throws IOException;
    }

    private static <T> T open(Path file, Content<T> content) {
        if (!Files.isRegularFile(file)) {
            throw new NetworkFileException("There is no network file " + file, null);
        }
        try {
            verify(file);
            try (ZipFile zip = new ZipFile(file.toFile())) {
                return content.read(zip);
            }
        } catch (IOException e) {
            throw new NetworkFileException(
                    "%s cannot be read as a network: %s".formatted(file, AtomicFile.reason(e)), e);
        } catch (RuntimeException e) {
            // DL4J's readers throw all sorts of these when configuration and weights do not match.
            throw new NetworkFileException(
                    "%s cannot be read as a network: its configuration or weights are damaged or of another version"
                            .formatted(file),
                    e);
        }
    }

    /** Reads the whole archive, because only that compares the checksums. */
    private static void verify(Path file) throws IOException {
        boolean any = false;
        try (ZipInputStream zip =
                new ZipInputStream(new BufferedInputStream(Files.newInputStream(file)))) {
            while (zip.getNextEntry() != null) {
                any = true;
                zip.transferTo(OutputStream.nullOutputStream());
            }
        }
        if (!any) {
            throw new ZipException("it is not a zip archive");
        }
    }

    private static NetworkOptions options(ZipFile zip) throws IOException {
        if (zip.getEntry(OPTIONS) != null) {
            return JSON.readValue(bytes(zip, OPTIONS), NetworkOptions.class).validate();
        }
        try {
            return GraphOptions.of(configuration(zip));
        } catch (IllegalArgumentException e) {
            throw new ZipException(
                    "it is not an archive of an EDM2 network, for %s; Edm2.write writes one"
                            .formatted(e.getMessage()));
        }
    }

    /** That of the network, of which transfer learning may have frozen a part. */
    private static ComputationGraphConfiguration configuration(ZipFile zip) throws IOException {
        String json =
                new String(bytes(zip, ModelSerializer.CONFIGURATION_JSON), StandardCharsets.UTF_8);
        if (!JSON.readTree(json).has(VERTICES)) {
            throw new ZipException(
                    "it holds no ComputationGraph, which an EDM2 network is; Edm2.write writes one");
        }
        return Unfrozen.of(ComputationGraphConfiguration.fromJson(json));
    }

    private static List<String> classNames(ZipFile zip) throws IOException {
        String json =
                zip.getEntry(CLASSES) == null
                        ? null
                        : new String(bytes(zip, CLASSES), StandardCharsets.UTF_8);
        return ClassNames.of(json, options(zip).getLabelDim());
    }

    private static byte[] bytes(ZipFile zip, String name) throws IOException {
        try (InputStream in = zip.getInputStream(required(zip, name))) {
            return in.readAllBytes();
        }
    }

    private static INDArray array(ZipFile zip, String name) throws IOException {
        try (DataInputStream in =
                new DataInputStream(
                        new BufferedInputStream(zip.getInputStream(required(zip, name)), BUFFER))) {
            return ArrayStream.read(in);
        }
    }

    private static ZipEntry required(ZipFile zip, String name) throws IOException {
        ZipEntry entry = zip.getEntry(name);
        if (entry == null) {
            throw new ZipException(
                    "it is not an archive of an EDM2 network, for it lacks the entry " + name);
        }
        return entry;
    }
}
