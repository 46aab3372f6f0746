package io.github.edm2.models.checkpoint;

import io.github.edm2.ema.AtomicFile;
import io.github.edm2.ema.SafetensorsFile;
import io.github.edm2.ema.SafetensorsSink;
import io.github.edm2.ema.SnapshotException;
import io.github.edm2.ema.WeightFile;
import io.github.edm2.models.unet.NetworkOptions;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/**
 * An EDM2 network in a safetensors file: parameters and buffers under the names of the official
 * PyTorch release's state dictionary, and the network's options in the header.
 */
public final class NetworkSafetensors {

    private static final String OPTIONS = "edm2";
    private static final String CLASSES = "classes";

    /** Tells Python's libraries that the tensors are PyTorch's. */
    private static final Map<String, String> FORMAT = Map.of("format", "pt");

    private static final ObjectMapper JSON = new ObjectMapper();

    private NetworkSafetensors() {}

    /**
     * Writes a network, atomically.
     *
     * @param file created or replaced
     * @param type FLOAT, or FLOAT16 for half the size
     * @throws SnapshotException if the file cannot be written; an existing one is then unchanged
     */
    public static void write(Path file, NetworkFile network, DataType type) throws IOException {
        SafetensorsFile.write(file, StateDict.of(network.graph()), type, metadata(network));
    }

    /**
     * Begins the file of a network that is like another, but has other weights.
     *
     * @param file created or replaced when it is complete
     * @param like options and buffers
     * @param type FLOAT, or FLOAT16 for half the size
     * @return takes the parameters in the order of {@link StateDict#parameters}
     * @throws IOException if it cannot be written
     */
    public static WeightFile withWeights(Path file, NetworkFile like, DataType type)
            throws IOException {
        Map<String, INDArray> all = StateDict.of(like.graph());
        Map<String, List<Long>> shapes = new LinkedHashMap<>();
        all.forEach(
                (name, array) -> {
                    if (StateDict.isBuffer(name)) {
                        shapes.put(name, StateDict.shape(array));
                    }
                });
        List<String> buffers = List.copyOf(shapes.keySet());
        shapes.putAll(StateDict.parameters(like.graph()));
        SafetensorsSink sink = new SafetensorsSink(file, shapes, type, metadata(like));
        try {
            for (String name : buffers) {
                sink.write(FloatBuffer.wrap(all.get(name).toFloatVector()));
            }
            return sink;
        } catch (IOException | RuntimeException e) {
            sink.close();
            throw e;
        }
    }

    private static Map<String, String> metadata(NetworkFile network) throws IOException {
        Map<String, String> metadata = new LinkedHashMap<>(FORMAT);
        metadata.put(OPTIONS, JSON.writeValueAsString(network.options()));
        if (!network.classNames().isEmpty()) {
            metadata.put(CLASSES, ClassNames.toJson(network.classNames()));
        }
        return metadata;
    }

    /**
     * The options of a file's network.
     *
     * @throws NetworkFileException if the file does not tell them
     */
    public static NetworkOptions options(SafetensorsFile file) {
        String json = file.metadata().get(OPTIONS);
        if (json == null) {
            throw new NetworkFileException(
                    "%s does not tell the network's options, for its header has no \"%s\"; convert it with --like and a network file or preset of the same options"
                            .formatted(file.path(), OPTIONS),
                    null);
        }
        try {
            return JSON.readValue(json, NetworkOptions.class).validate();
        } catch (IOException | IllegalArgumentException e) {
            throw wrong(file, "options", e);
        }
    }

    /**
     * Names of the classes of a file's network, in the order of their labels.
     *
     * @param options those of the network
     * @return empty if the file has none
     * @throws NetworkFileException if they are no list of as many names as there are classes
     */
    public static List<String> classNames(SafetensorsFile file, NetworkOptions options) {
        try {
            return ClassNames.of(file.metadata().get(CLASSES), options.getLabelDim());
        } catch (IOException e) {
            throw wrong(file, "classes", e);
        }
    }

    private static NetworkFileException wrong(SafetensorsFile file, String what, Exception e) {
        String why = e instanceof IOException io ? AtomicFile.reason(io) : e.getMessage();
        return new NetworkFileException(
                "%s tells wrong %s: %s".formatted(file.path(), what, why), e);
    }
}
