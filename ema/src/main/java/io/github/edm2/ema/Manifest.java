package io.github.edm2.ema;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.node.ArrayNode;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/**
 * A snapshot store's table of contents, a JSON file.
 *
 * @param layout parameters of the network that the store belongs to
 * @param snapshots what is stored, in the order of addition
 */
record Manifest(ParameterLayout layout, List<Snapshot> snapshots) {

    private static final String FORMAT = "edm2-ema-snapshots-2";
    private static final ObjectMapper JSON = new ObjectMapper();

    Manifest {
        snapshots = List.copyOf(snapshots);
    }

    /**
     * Reads a manifest.
     *
     * @throws SnapshotException if there is none or it is damaged
     */
    static Manifest read(Path file) {
        try {
            JsonNode root = JSON.readTree(Files.readAllBytes(file));
            if (root == null || !FORMAT.equals(root.path("format").asText())) {
                throw new IOException("it is not of format " + FORMAT);
            }
            Map<String, List<Long>> shapes = new LinkedHashMap<>();
            for (JsonNode node : required(root, "parameters")) {
                List<Long> shape = new ArrayList<>();
                required(node, "shape").forEach(n -> shape.add(n.asLong()));
                shapes.put(required(node, "name").asText(), shape);
            }
            List<Snapshot> snapshots = new ArrayList<>();
            for (JsonNode node : required(root, "snapshots")) {
                snapshots.add(snapshot(node));
            }
            return new Manifest(new ParameterLayout(shapes), snapshots);
        } catch (IOException e) {
            throw new SnapshotException("cannot read " + file + ": " + AtomicFile.reason(e), e);
        } catch (IllegalArgumentException e) {
            throw new SnapshotException("cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    private static Snapshot snapshot(JsonNode node) throws IOException {
        String file = required(node, "file").asText();
        if (!Path.of(file).equals(Path.of(file).getFileName())) {
            throw new IOException("it lists " + file + ", which is not inside the store's folder");
        }
        return new Snapshot(
                new ProfileAt(
                        new PowerFunction(required(node, "sigmaRel").asDouble()),
                        required(node, "imageCount").asLong()),
                type(required(node, "dataType").asText()),
                file,
                required(node, "bytes").asLong(),
                required(node, "crc32c").asText());
    }

    private static DataType type(String name) throws IOException {
        for (DataType type : List.of(DataType.FLOAT, DataType.FLOAT16)) {
            if (type.name().equals(name)) {
                return type;
            }
        }
        throw new IOException(
                "it lists a snapshot of type %s, not FLOAT or FLOAT16".formatted(name));
    }

    private static JsonNode required(JsonNode node, String name) throws IOException {
        JsonNode value = node.get(name);
        if (value == null) {
            throw new IOException("it lacks " + name);
        }
        return value;
    }

    /** Writes the manifest. */
    Void writeTo(WritableByteChannel channel) throws IOException {
        ObjectNode root = JSON.createObjectNode();
        root.put("format", FORMAT);
        ArrayNode parameters = root.putArray("parameters");
        layout.shapes()
                .forEach(
                        (name, shape) -> {
                            ArrayNode dimensions =
                                    parameters.addObject().put("name", name).putArray("shape");
                            shape.forEach(dimensions::add);
                        });
        ArrayNode list = root.putArray("snapshots");
        for (Snapshot snapshot : snapshots) {
            list.addObject()
                    .put("sigmaRel", snapshot.sigmaRel())
                    .put("imageCount", snapshot.imageCount())
                    .put("dataType", snapshot.type().name())
                    .put("file", snapshot.file())
                    .put("bytes", snapshot.bytes())
                    .put("crc32c", snapshot.crc32c());
        }
        ByteBuffer bytes =
                ByteBuffer.wrap(JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(root));
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
        return null;
    }
}
