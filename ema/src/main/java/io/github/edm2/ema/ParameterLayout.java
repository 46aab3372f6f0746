package io.github.edm2.ema;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Names and shapes of a network's parameters, in the order in which files and flat vectors hold
 * them (each array in row-major order).
 *
 * @param shapes shape of each parameter by its name, in order; an empty shape is a scalar
 */
record ParameterLayout(Map<String, List<Long>> shapes) {

    ParameterLayout {
        shapes = Collections.unmodifiableMap(new LinkedHashMap<>(shapes));
    }

    /** Number of elements of all parameters together. */
    long length() {
        return shapes.values().stream().mapToLong(ParameterLayout::elements).sum();
    }

    static long elements(List<Long> shape) {
        long elements = 1;
        for (long size : shape) {
            elements = Math.multiplyExact(elements, size);
        }
        return elements;
    }

    /** The first difference as part of a sentence, empty if both describe the same network. */
    Optional<String> differenceFrom(ParameterLayout expected) {
        for (Map.Entry<String, List<Long>> parameter : expected.shapes.entrySet()) {
            List<Long> shape = shapes.get(parameter.getKey());
            if (shape == null) {
                return Optional.of("parameter " + parameter.getKey() + " is missing");
            }
            if (!shape.equals(parameter.getValue())) {
                return Optional.of(
                        String.format(
                                "parameter %s has shape %s instead of %s",
                                parameter.getKey(), shape, parameter.getValue()));
            }
        }
        for (String name : shapes.keySet()) {
            if (!expected.shapes.containsKey(name)) {
                return Optional.of("parameter " + name + " is not expected");
            }
        }
        return Optional.empty();
    }
}
