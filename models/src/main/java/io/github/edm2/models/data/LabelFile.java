package io.github.edm2.models.data;

import io.github.edm2.ema.AtomicFile;
import io.github.edm2.models.Count;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.nd4j.shade.jackson.core.JsonFactory;
import org.nd4j.shade.jackson.core.JsonParser;
import org.nd4j.shade.jackson.core.JsonProcessingException;
import org.nd4j.shade.jackson.core.JsonToken;

/**
 * The {@code dataset.json} of the EDM2 reference implementation: {@code {"labels":
 * [["00000/img.png", 3], ...]}}, with a list of numbers in place of each 3 for label vectors, or
 * {@code "labels": null}. {@code "classes": ["cat", ...]}, which the reference ignores, names the
 * labels 0, 1, ... or the elements of the vectors.
 */
final class LabelFile {

    /** Name of the file, at the root of the dataset. */
    static final String NAME = "dataset.json";

    /** Key of the labels. */
    static final String LABELS = "labels";

    /** Key of the classes' names. */
    static final String CLASSES = "classes";

    /** Largest label. One-hot vectors become unreasonable long before. */
    static final int MAX_LABEL = 99_999;

    private static final JsonFactory JSON = new JsonFactory();

    private final String location;
    private final Map<String, Integer> classOf = new HashMap<>();
    private final Map<String, float[]> vectors = new HashMap<>();
    private final List<String> names = new ArrayList<>();
    private boolean hasLabels;

    private LabelFile(String location) {
        this.location = location;
    }

    /**
     * Reads the label of every image.
     *
     * @return empty without a label file; no labels if it says {@code "labels": null}
     * @throws DatasetException if the file is malformed, lacks an image or names one that does not
     *     exist, or if there are not as many names as classes
     */
    static Optional<ImageLabels> readIfPresent(ImageSource source) {
        LabelFile file = new LabelFile(source.location(NAME));
        Optional<byte[]> bytes;
        try {
            bytes = source.readIfPresent(NAME);
        } catch (IOException e) {
            throw DatasetException.unreadable(file.location, e);
        }
        return bytes.map(
                content -> {
                    file.parse(content);
                    return file.hasLabels ? file.of(source.names()) : ImageLabels.NONE;
                });
    }

    private ImageLabels of(List<String> images) {
        ImageLabels labels =
                vectors.isEmpty()
                        ? ImageLabels.ofClasses(
                                inOrder(classOf, images).stream()
                                        .mapToInt(Integer::intValue)
                                        .toArray(),
                                List.copyOf(names))
                        : ImageLabels.ofVectors(
                                inOrder(vectors, images).toArray(float[][]::new),
                                List.copyOf(names));
        if (!names.isEmpty() && names.size() != labels.size()) {
            throw new DatasetException(
                    "%s has %s in \"%s\", but its labels are 0 to %d; give %s in the order of the labels, or remove the key"
                            .formatted(
                                    location,
                                    Count.of(names.size(), "name", "names"),
                                    CLASSES,
                                    labels.size() - 1,
                                    Count.of(labels.size(), "name", "names")));
        }
        return labels;
    }

    private <T> List<T> inOrder(Map<String, T> labels, List<String> images) {
        List<T> ordered = new ArrayList<>();
        for (String image : images) {
            T label = labels.remove(image);
            if (label == null) {
                throw new DatasetException(
                        location
                                + " has no label for the image "
                                + image
                                + "; add one or remove the image");
            }
            ordered.add(label);
        }
        labels.keySet().removeIf(ImageListing::isHidden);
        if (!labels.isEmpty()) {
            throw new DatasetException(
                    location
                            + " has a label for "
                            + labels.keySet().iterator().next()
                            + ", but there is no such image; add the image or remove the label");
        }
        return ordered;
    }

    private void parse(byte[] file) {
        try (JsonParser json = JSON.createParser(file)) {
            if (json.nextToken() != JsonToken.START_OBJECT) {
                throw malformed(json, "must be an object with the field \"labels\"");
            }
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                String key = json.getCurrentName();
                JsonToken value = json.nextToken();
                if (value != JsonToken.VALUE_NULL && key.equals(LABELS)) {
                    readLabels(json);
                } else if (value != JsonToken.VALUE_NULL && key.equals(CLASSES)) {
                    readNames(json);
                } else {
                    json.skipChildren();
                }
            }
        } catch (JsonProcessingException e) {
            throw new DatasetException(
                    location + " is not valid JSON (" + AtomicFile.reason(e) + "); write it again",
                    e);
        } catch (IOException e) {
            throw DatasetException.unreadable(location, e);
        }
    }

    private void readNames(JsonParser json) throws IOException {
        String form = "\"classes\" must be null or a list of names in the order of the labels";
        if (json.currentToken() != JsonToken.START_ARRAY) {
            throw malformed(json, form);
        }
        names.clear();
        while (json.nextToken() != JsonToken.END_ARRAY) {
            if (json.currentToken() != JsonToken.VALUE_STRING || json.getText().isBlank()) {
                throw malformed(json, form);
            }
            names.add(json.getText());
        }
    }

    private void readLabels(JsonParser json) throws IOException {
        String form = "\"labels\" must be null or a list of pairs [\"path\", label]";
        if (json.currentToken() != JsonToken.START_ARRAY) {
            throw malformed(json, form);
        }
        hasLabels = true;
        while (json.nextToken() != JsonToken.END_ARRAY) {
            if (json.currentToken() != JsonToken.START_ARRAY
                    || json.nextToken() != JsonToken.VALUE_STRING) {
                throw malformed(json, form);
            }
            String name = json.getText().replace('\\', '/');
            if (classOf.containsKey(name) || vectors.containsKey(name)) {
                throw malformed(json, "names " + name + " twice");
            }
            if (json.nextToken() == JsonToken.START_ARRAY) {
                vectors.put(name, vector(json, name));
            } else {
                classOf.put(name, label(json, name));
            }
            if (!classOf.isEmpty() && !vectors.isEmpty()) {
                throw malformed(
                        json,
                        "labels must all be integers or all be lists of numbers, but that of %s is another kind than those before"
                                .formatted(name));
            }
            if (json.nextToken() != JsonToken.END_ARRAY) {
                throw malformed(json, form);
            }
        }
    }

    private int label(JsonParser json, String name) throws IOException {
        if (json.currentToken() == JsonToken.VALUE_NUMBER_INT
                && json.getNumberType() == JsonParser.NumberType.INT) {
            int label = json.getIntValue();
            if (label >= 0 && label <= MAX_LABEL) {
                return label;
            }
        }
        throw malformed(
                json,
                "label of "
                        + name
                        + " must be an integer from 0 to "
                        + MAX_LABEL
                        + ", got "
                        + json.getText());
    }

    private float[] vector(JsonParser json, String name) throws IOException {
        int expected =
                vectors.isEmpty() ? MAX_LABEL + 1 : vectors.values().iterator().next().length;
        float[] vector = new float[expected];
        int length = 0;
        while (json.nextToken() != JsonToken.END_ARRAY) {
            float value =
                    json.currentToken() != null && json.currentToken().isNumeric()
                            ? (float) json.getDoubleValue()
                            : Float.NaN;
            if (!Float.isFinite(value)) {
                throw malformed(
                        json,
                        "label of %s must be of finite numbers, got %s"
                                .formatted(name, json.getText()));
            }
            if (length < expected) {
                vector[length] = value;
            }
            length++;
        }
        boolean right = vectors.isEmpty() ? length >= 1 && length <= expected : length == expected;
        if (!right) {
            throw malformed(
                    json,
                    "label of %s must have %s, got %d"
                            .formatted(
                                    name,
                                    vectors.isEmpty()
                                            ? "1 to " + expected + " numbers"
                                            : expected + " numbers as those before",
                                    length));
        }
        return Arrays.copyOf(vector, length);
    }

    private DatasetException malformed(JsonParser json, String problem) {
        return new DatasetException(
                location + ", line " + json.getTokenLocation().getLineNr() + ": " + problem);
    }
}
