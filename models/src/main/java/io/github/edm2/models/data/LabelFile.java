package io.github.edm2.models.data;

import java.io.IOException;
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
 * [["00000/img.png", 3], ...]}}, or {@code "labels": null}.
 */
final class LabelFile {

    /** Name of the file, at the root of the dataset. */
    static final String NAME = "dataset.json";

    /** Largest label. One-hot vectors become unreasonable long before. */
    static final int MAX_LABEL = 99_999;

    private static final JsonFactory JSON = new JsonFactory();

    private final String location;

    private LabelFile(String location) {
        this.location = location;
    }

    /**
     * Reads the label of every image, which must be there.
     *
     * @throws DatasetException if there is no label file or it has no labels, is malformed, lacks
     *     an image or names one that does not exist
     */
    static int[] read(ImageSource source) {
        return readIfPresent(source)
                .filter(labels -> labels.length > 0)
                .orElseThrow(
                        () ->
                                new DatasetException(
                                        "Labels were asked for, but "
                                                + source.location(NAME)
                                                + " does not exist or says \"labels\": null;"
                                                + " add labels or train without them"));
    }

    /**
     * Reads the label of every image.
     *
     * @return empty without a label file; an empty array if it says {@code "labels": null}
     * @throws DatasetException if the file is malformed, lacks an image or names one that does not
     *     exist
     */
    static Optional<int[]> readIfPresent(ImageSource source) {
        String location = source.location(NAME);
        Optional<byte[]> file;
        try {
            file = source.readIfPresent(NAME);
        } catch (IOException e) {
            throw DatasetException.unreadable(location, e);
        }
        return file.map(
                bytes ->
                        new LabelFile(location)
                                .parse(bytes)
                                .map(labels -> inOrder(labels, source.names(), location))
                                .orElseGet(() -> new int[0]));
    }

    private static int[] inOrder(Map<String, Integer> labels, List<String> names, String location) {
        int[] ordered = new int[names.size()];
        for (int i = 0; i < ordered.length; i++) {
            Integer label = labels.remove(names.get(i));
            if (label == null) {
                throw new DatasetException(
                        location
                                + " has no label for the image "
                                + names.get(i)
                                + "; add one or remove the image");
            }
            ordered[i] = label;
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

    private Optional<Map<String, Integer>> parse(byte[] file) {
        try (JsonParser json = JSON.createParser(file)) {
            if (json.nextToken() != JsonToken.START_OBJECT) {
                throw malformed(json, "must be an object with the field \"labels\"");
            }
            Map<String, Integer> labels = null;
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                boolean isLabels = json.getCurrentName().equals("labels");
                JsonToken value = json.nextToken();
                if (isLabels && value != JsonToken.VALUE_NULL) {
                    labels = pairs(json);
                } else {
                    json.skipChildren();
                }
            }
            return Optional.ofNullable(labels);
        } catch (JsonProcessingException e) {
            throw new DatasetException(
                    location + " is not valid JSON (" + e.getMessage() + "); write it again", e);
        } catch (IOException e) {
            throw DatasetException.unreadable(location, e);
        }
    }

    private Map<String, Integer> pairs(JsonParser json) throws IOException {
        String form = "\"labels\" must be null or a list of pairs [\"path\", label]";
        if (json.currentToken() != JsonToken.START_ARRAY) {
            throw malformed(json, form);
        }
        Map<String, Integer> labels = new HashMap<>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
            if (json.currentToken() != JsonToken.START_ARRAY
                    || json.nextToken() != JsonToken.VALUE_STRING) {
                throw malformed(json, form);
            }
            String name = json.getText().replace('\\', '/');
            json.nextToken();
            int label = label(json, name);
            if (json.nextToken() != JsonToken.END_ARRAY) {
                throw malformed(json, form);
            }
            if (labels.put(name, label) != null) {
                throw malformed(json, "names " + name + " twice");
            }
        }
        return labels;
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

    private DatasetException malformed(JsonParser json, String problem) {
        return new DatasetException(
                location + ", line " + json.getTokenLocation().getLineNr() + ": " + problem);
    }
}
