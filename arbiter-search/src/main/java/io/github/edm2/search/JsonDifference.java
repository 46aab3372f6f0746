package io.github.edm2.search;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.nd4j.shade.jackson.databind.JsonNode;

/**
 * A value in which two JSON objects differ.
 *
 * @param name path of the value, with dots
 * @param kept what the first object has, or {@code nothing}
 * @param wanted what the second object has, or {@code nothing}
 */
public record JsonDifference(String name, String kept, String wanted) {

    private static final int DIGITS = 12;

    private static final String MISSING = "nothing";

    /** All differences beyond the last digits of numbers, in the order of the second object. */
    public static List<JsonDifference> between(JsonNode kept, JsonNode wanted) {
        Map<String, String> first = new LinkedHashMap<>();
        Map<String, String> second = new LinkedHashMap<>();
        flatten("", kept, first);
        flatten("", wanted, second);
        Set<String> names = new LinkedHashSet<>(second.keySet());
        names.addAll(first.keySet());
        return names.stream()
                .map(
                        name ->
                                new JsonDifference(
                                        name,
                                        first.getOrDefault(name, MISSING),
                                        second.getOrDefault(name, MISSING)))
                .filter(difference -> !difference.kept.equals(difference.wanted))
                .toList();
    }

    /** A range computed by another version differs in the last digits. */
    private static String rounded(JsonNode value) {
        if (value.isArray()) {
            List<String> elements = new ArrayList<>();
            value.forEach(element -> elements.add(rounded(element)));
            return "[" + String.join(",", elements) + "]";
        }
        return value.isDouble()
                ? String.valueOf(SignificantDigits.round(value.doubleValue(), DIGITS))
                : value.toString();
    }

    private static void flatten(String prefix, JsonNode node, Map<String, String> values) {
        for (Iterator<String> names = node.fieldNames(); names.hasNext(); ) {
            String name = names.next();
            JsonNode value = node.get(name);
            if (value.isObject()) {
                flatten(prefix + name + ".", value, values);
            } else {
                values.put(prefix + name, rounded(value));
            }
        }
    }
}
