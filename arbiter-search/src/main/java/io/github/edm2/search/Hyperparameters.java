package io.github.edm2.search;

import java.io.Serializable;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What one training is done with: values by axis, in the order of the {@link TrainingSpace}. Two
 * trainings of equal hyperparameters are one.
 *
 * @param values numbers, texts or booleans by name of the axis
 */
public record Hyperparameters(Map<String, Object> values) implements Serializable {

    private static final long serialVersionUID = 1;

    public Hyperparameters {
        values.forEach(Hyperparameters::requireSimple);
        values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
    }

    private static void requireSimple(String name, Object value) {
        if (!(value instanceof Number || value instanceof String || value instanceof Boolean)) {
            throw new IllegalArgumentException(
                    "Axis %s must have numbers, texts or booleans, got %s; search over a name of it"
                            .formatted(name, value));
        }
    }

    /** Whether there is an axis of this name. */
    public boolean has(String name) {
        return values.containsKey(name);
    }

    /**
     * A value.
     *
     * @throws IllegalArgumentException if there is no such axis; the message lists them
     */
    public Object get(String name) {
        Object value = values.get(name);
        if (value == null) {
            throw new IllegalArgumentException(
                    "There is no axis %s; there are %s".formatted(name, values.keySet()));
        }
        return value;
    }

    /**
     * A number.
     *
     * @throws IllegalArgumentException if there is no such axis or it is none of numbers
     */
    public double number(String name) {
        if (get(name) instanceof Number number) {
            return number.doubleValue();
        }
        throw new IllegalArgumentException(
                "Axis %s must be of numbers, got %s".formatted(name, get(name)));
    }

    /** As {@code name=value name=value}. */
    @Override
    public String toString() {
        return values.entrySet().stream()
                .map(axis -> axis.getKey() + "=" + axis.getValue())
                .collect(Collectors.joining(" "));
    }
}
