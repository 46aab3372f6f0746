package io.github.edm2.ema;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.nd4j.shade.jackson.core.JsonLocation;
import org.nd4j.shade.jackson.core.JsonProcessingException;
import org.nd4j.shade.jackson.core.io.JsonEOFException;
import org.nd4j.shade.jackson.databind.JsonMappingException;
import org.nd4j.shade.jackson.databind.exc.InvalidFormatException;
import org.nd4j.shade.jackson.databind.exc.PropertyBindingException;
import org.nd4j.shade.jackson.databind.exc.ValueInstantiationException;

/** What is wrong with JSON, in the words of its author instead of those of the library. */
final class JsonFault {

    private JsonFault() {}

    /** Part of a sentence. */
    static String of(JsonProcessingException e) {
        if (e instanceof PropertyBindingException unknown) {
            return "it has the unknown name \"%s\"; known are %s"
                    .formatted(
                            unknown.getPropertyName(),
                            unknown.getKnownPropertyIds().stream()
                                    .map(Object::toString)
                                    .sorted()
                                    .collect(Collectors.joining(", ")));
        }
        if (e instanceof ValueInstantiationException
                && e.getCause() instanceof IllegalArgumentException rule) {
            return rule.getMessage();
        }
        if (e instanceof JsonMappingException mapping && !path(mapping).isEmpty()) {
            String fault =
                    mapping instanceof InvalidFormatException format
                            ? "cannot be \"%s\"%s".formatted(format.getValue(), allowed(format))
                            : "has a value of another kind";
            return "\"%s\" %s%s".formatted(path(mapping), fault, place(e));
        }
        String what =
                e instanceof JsonEOFException
                        ? "it ends before it is complete"
                        : e instanceof JsonMappingException
                                ? "it has a value of another kind"
                                : "it has a mistake";
        return what + place(e);
    }

    /** The values that there are, where they can be listed. */
    private static String allowed(InvalidFormatException e) {
        Object[] constants =
                e.getTargetType() == null ? null : e.getTargetType().getEnumConstants();
        return constants == null
                ? ""
                : ", it must be one of "
                        + Arrays.stream(constants)
                                .map(Object::toString)
                                .collect(Collectors.joining(", "));
    }

    /** Names down to the value, with dots. */
    private static String path(JsonMappingException e) {
        List<JsonMappingException.Reference> path = e.getPath();
        return path.stream()
                .map(JsonMappingException.Reference::getFieldName)
                .filter(name -> name != null)
                .collect(Collectors.joining("."));
    }

    private static String place(JsonProcessingException e) {
        JsonLocation at = e.getLocation();
        return at == null || at.getLineNr() < 1
                ? ""
                : ", at line %d, column %d".formatted(at.getLineNr(), at.getColumnNr());
    }
}
