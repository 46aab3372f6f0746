package io.github.edm2.examples.cli;

import java.util.List;
import java.util.stream.Collectors;

/**
 * An option of a command.
 *
 * @param name without the dashes
 * @param kind what its value may be
 * @param description a line or two for the help page
 * @param required whether it must be given
 * @param fallback its value where it is not given; may be null
 * @param shown how the help page shows the fallback; empty for not at all
 * @param letter its short name without the dash; empty if it has none
 */
record Setting<T>(
        String name,
        Kind<T> kind,
        String description,
        boolean required,
        T fallback,
        String shown,
        String letter) {

    static <T> Setting<T> required(String name, Kind<T> kind, String description) {
        return new Setting<>(name, kind, description, true, null, "", "");
    }

    static <T> Setting<T> of(String name, Kind<T> kind, T fallback, String description) {
        return new Setting<>(name, kind, description, false, fallback, show(fallback), "");
    }

    /** An option whose default is found when the command runs. */
    static <T> Setting<T> derived(String name, Kind<T> kind, String shown, String description) {
        return new Setting<>(name, kind, description, false, null, shown, "");
    }

    /** The same option with a short name, too. */
    Setting<T> withLetter(String letter) {
        return new Setting<>(name, kind, description, required, fallback, shown, letter);
    }

    private static String show(Object value) {
        if (value instanceof Double number && number == Math.rint(number)) {
            return number.isInfinite() ? "infinity" : Long.toString(number.longValue());
        }
        return value instanceof List<?> list
                ? list.stream().map(Object::toString).collect(Collectors.joining(","))
                : value.toString();
    }

    /**
     * Reads a value.
     *
     * @throws UsageException if it is not of the kind
     */
    T parse(String text) {
        try {
            return kind.parser().apply(text);
        } catch (OutOfRangeException e) {
            throw new UsageException("--%s %s".formatted(name, e.getMessage()));
        } catch (IllegalArgumentException e) {
            throw new UsageException(
                    "--%s must be %s, got \"%s\"".formatted(name, kind.rule(), text));
        }
    }
}
