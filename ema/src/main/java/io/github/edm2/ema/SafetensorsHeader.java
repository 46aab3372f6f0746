package io.github.edm2.ema;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.shade.jackson.core.JsonProcessingException;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.node.ArrayNode;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/**
 * Header of a safetensors file: 8 bytes little-endian header length, then JSON that gives each
 * tensor's type, shape and bytes in the data behind it.
 *
 * @param tensors type and shape by name, in the order of the data
 * @param begins where each tensor's bytes begin in the data
 * @param metadata free text by key
 */
record SafetensorsHeader(
        Map<String, TensorFile.Info> tensors,
        Map<String, Long> begins,
        Map<String, String> metadata) {

    static final int LENGTH_BYTES = Long.BYTES;

    private static final String METADATA = "__metadata__";
    private static final int ALIGNMENT = 8;
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Map<DataType, String> NAMES =
            Map.of(
                    DataType.FLOAT, "F32",
                    DataType.FLOAT16, "F16",
                    DataType.BFLOAT16, "BF16",
                    DataType.DOUBLE, "F64");
    private static final Map<String, DataType> TYPES =
            NAMES.keySet().stream().collect(Collectors.toMap(NAMES::get, type -> type));

    /** Tensors that follow one another without gaps. */
    static SafetensorsHeader of(
            Map<String, TensorFile.Info> tensors, Map<String, String> metadata) {
        Map<String, Long> begins = new LinkedHashMap<>();
        long next = 0;
        for (Map.Entry<String, TensorFile.Info> tensor : tensors.entrySet()) {
            begins.put(tensor.getKey(), next);
            next += bytes(tensor.getValue());
        }
        return new SafetensorsHeader(tensors, begins, metadata);
    }

    static long bytes(TensorFile.Info info) {
        return Math.multiplyExact(info.length(), info.type().width());
    }

    /** Bytes of the data behind the header. */
    long dataBytes() {
        return tensors.entrySet().stream()
                .mapToLong(t -> begins.get(t.getKey()) + bytes(t.getValue()))
                .max()
                .orElse(0);
    }

    /** The first bytes of the file, length included, ready to be written. */
    ByteBuffer encode() throws IOException {
        ObjectNode root = JSON.createObjectNode();
        ObjectNode texts = root.putObject(METADATA);
        metadata.forEach(texts::put);
        tensors.forEach(
                (name, info) -> {
                    ObjectNode node = root.putObject(name);
                    node.put("dtype", NAMES.get(info.type()));
                    ArrayNode shape = node.putArray("shape");
                    info.shape().forEach(shape::add);
                    long begin = begins.get(name);
                    node.putArray("data_offsets").add(begin).add(begin + bytes(info));
                });
        byte[] json = JSON.writeValueAsBytes(root);
        int padded = (json.length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        byte[] text = Arrays.copyOf(json, padded);
        Arrays.fill(text, json.length, padded, (byte) ' ');
        return ByteBuffer.allocate(LENGTH_BYTES + padded)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(padded)
                .put(text)
                .flip();
    }

    /**
     * Reads the JSON behind the length.
     *
     * @throws IOException if it is no such header; the message completes "the header ..."
     */
    static SafetensorsHeader parse(byte[] json) throws IOException {
        JsonNode root;
        try {
            root = JSON.readTree(new String(json, StandardCharsets.UTF_8));
        } catch (JsonProcessingException e) {
            throw new IOException("is no JSON: " + JsonFault.of(e), e);
        }
        if (root == null || !root.isObject()) {
            throw new IOException("is not a JSON object");
        }
        Map<String, String> metadata = new LinkedHashMap<>();
        root.path(METADATA)
                .fields()
                .forEachRemaining(m -> metadata.put(m.getKey(), m.getValue().asText()));
        List<Map.Entry<String, JsonNode>> nodes = new ArrayList<>();
        for (Iterator<Map.Entry<String, JsonNode>> it = root.fields(); it.hasNext(); ) {
            Map.Entry<String, JsonNode> field = it.next();
            if (!field.getKey().equals(METADATA)) {
                nodes.add(field);
            }
        }
        nodes.sort(Comparator.comparingLong(node -> offset(node.getValue(), 0)));
        Map<String, TensorFile.Info> tensors = new LinkedHashMap<>();
        Map<String, Long> begins = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> node : nodes) {
            TensorFile.Info info = info(node.getKey(), node.getValue());
            tensors.put(node.getKey(), info);
            begins.put(node.getKey(), offset(node.getValue(), 0));
        }
        return new SafetensorsHeader(
                Collections.unmodifiableMap(tensors),
                begins,
                Collections.unmodifiableMap(metadata));
    }

    private static long offset(JsonNode node, int end) {
        return node.path("data_offsets").path(end).asLong(-1);
    }

    private static TensorFile.Info info(String name, JsonNode node) throws IOException {
        String dtype = node.path("dtype").asText();
        DataType type = TYPES.get(dtype);
        if (type == null) {
            throw new IOException(
                    "gives tensor %s the unsupported type \"%s\"".formatted(name, dtype));
        }
        List<Long> shape = new ArrayList<>();
        node.path("shape").forEach(n -> shape.add(n.asLong(-1)));
        long begin = offset(node, 0);
        try {
            TensorFile.Info info = new TensorFile.Info(type, List.copyOf(shape));
            boolean positive = shape.stream().allMatch(size -> size > 0);
            if (positive && begin >= 0 && begin + bytes(info) == offset(node, 1)) {
                return info;
            }
        } catch (ArithmeticException e) {
            throw new IOException("gives tensor %s an absurd size".formatted(name), e);
        }
        throw new IOException(
                "gives tensor %s the shape %s, which does not fit its bytes"
                        .formatted(name, shape));
    }
}
