package io.github.edm2.ema;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.node.ArrayNode;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/**
 * Header of a safetensors file whose tensors have one data type and follow one another without
 * gaps: 8 bytes little-endian header length, then JSON that gives each tensor's type, shape and
 * bytes in the data behind it.
 *
 * @param layout names and shapes in the order of the data
 * @param type data type of all tensors
 * @param metadata free text by key
 */
record SafetensorsHeader(ParameterLayout layout, DataType type, Map<String, String> metadata) {

    static final int LENGTH_BYTES = Long.BYTES;

    private static final String METADATA = "__metadata__";
    private static final int ALIGNMENT = 8;
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Map<DataType, String> NAMES =
            Map.of(DataType.FLOAT, "F32", DataType.FLOAT16, "F16", DataType.DOUBLE, "F64");

    /** Bytes of the data behind the header. */
    long dataBytes() {
        return layout.length() * type.width();
    }

    /** The first bytes of the file, length included, ready to be written. */
    ByteBuffer encode() throws IOException {
        ObjectNode root = JSON.createObjectNode();
        ObjectNode texts = root.putObject(METADATA);
        metadata.forEach(texts::put);
        long begin = 0;
        for (Map.Entry<String, List<Long>> tensor : layout.shapes().entrySet()) {
            ObjectNode node = root.putObject(tensor.getKey());
            node.put("dtype", NAMES.get(type));
            ArrayNode shape = node.putArray("shape");
            tensor.getValue().forEach(shape::add);
            long end = begin + ParameterLayout.elements(tensor.getValue()) * type.width();
            node.putArray("data_offsets").add(begin).add(end);
            begin = end;
        }
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
        JsonNode root = JSON.readTree(new String(json, StandardCharsets.UTF_8));
        if (root == null || !root.isObject()) {
            throw new IOException("is not a JSON object");
        }
        Map<String, String> metadata = new LinkedHashMap<>();
        Map<String, List<Long>> shapes = new LinkedHashMap<>();
        String typeName = null;
        long next = 0;
        for (Iterator<Map.Entry<String, JsonNode>> it = root.fields(); it.hasNext(); ) {
            Map.Entry<String, JsonNode> field = it.next();
            JsonNode node = field.getValue();
            if (field.getKey().equals(METADATA)) {
                node.fields()
                        .forEachRemaining(m -> metadata.put(m.getKey(), m.getValue().asText()));
                continue;
            }
            List<Long> shape = new ArrayList<>();
            node.path("shape").forEach(n -> shape.add(n.asLong()));
            shapes.put(field.getKey(), shape);
            long begin = node.path("data_offsets").path(0).asLong(-1);
            String dtype = node.path("dtype").asText();
            if (begin != next || typeName != null && !typeName.equals(dtype)) {
                throw new IOException(
                        "must list tensors of one type one after another, but does not at "
                                + field.getKey());
            }
            typeName = dtype;
            next = node.path("data_offsets").path(1).asLong(-1);
        }
        String found = typeName;
        DataType type =
                NAMES.entrySet().stream()
                        .filter(e -> e.getValue().equals(found))
                        .map(Map.Entry::getKey)
                        .findAny()
                        .orElseThrow(
                                () -> new IOException("has tensors of unsupported type " + found));
        return new SafetensorsHeader(new ParameterLayout(shapes), type, metadata);
    }
}
