package io.github.edm2.models.checkpoint;

import io.github.edm2.models.Count;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/** Names of a network's classes as network files have them: a JSON list. */
final class ClassNames {

    private static final ObjectMapper JSON = new ObjectMapper();

    private ClassNames() {}

    static String toJson(List<String> names) throws IOException {
        return JSON.writeValueAsString(names);
    }

    /**
     * Reads names.
     *
     * @param json what {@link #toJson} gives, or null for no names
     * @param labelDim how many there must be
     * @throws IOException if it is no list of so many names
     */
    static List<String> of(String json, int labelDim) throws IOException {
        if (json == null) {
            return List.of();
        }
        String[] names = JSON.readValue(json, String[].class);
        if (names.length != labelDim || Arrays.asList(names).contains(null)) {
            throw new IOException(
                    "it names %s, but its network has %d"
                            .formatted(Count.of(names.length, "class", "classes"), labelDim));
        }
        return List.of(names);
    }
}
