package io.github.edm2.examples.cli;

import io.github.edm2.models.checkpoint.ModelFiles;
import io.github.edm2.models.data.ImageTransform;
import io.github.edm2.models.data.Resolution;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.DoublePredicate;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * What an option's value may be.
 *
 * @param placeholder stands for a value in help pages
 * @param rule completes the sentence "--option must be ..."
 * @param parser throws an IllegalArgumentException where the text does not follow the rule
 */
record Kind<T>(String placeholder, String rule, Function<String, T> parser) {

    static final Kind<String> NAME = new Kind<>("NAME", "a name", text -> text);

    static final Kind<Path> FILE = new Kind<>("PATH", "a path of this system", Kind::path);

    /** A folder to write to, which need not exist. */
    static final Kind<Path> OUTPUT_FOLDER =
            new Kind<>("PATH", "a path of this system", text -> Destination.folder(path(text)));

    /** A file to write, whose folder need not exist. */
    static final Kind<Path> OUTPUT_FILE =
            new Kind<>("PATH", "a path of this system", text -> Destination.file(path(text)));

    static final Kind<Path> ONNX =
            new Kind<>(
                    "ONNX",
                    "the path of a file that ends with .onnx, or the name without .onnx of one in the"
                            + " cache folder",
                    text -> ModelFiles.standard(null).onnx(text));

    /** At least 1. */
    static final Kind<Long> COUNT =
            new Kind<>("N", "a whole number from 1, such as 64, 128Ki or 2Mi", Sizes::parse);

    /** At least 0, where 0 switches something off. */
    static final Kind<Long> COUNT_OR_NONE =
            new Kind<>(
                    "N",
                    "a whole number from 0, such as 64, 128Ki or 2Mi",
                    text -> text.strip().equals("0") ? 0L : Sizes.parse(text));

    /** At least 1 and an {@code int}. */
    static final Kind<Integer> SMALL_COUNT =
            new Kind<>(
                    "N",
                    "a whole number from 1 to 2147483647, such as 64 or 2Ki",
                    text -> toInt(Sizes.parse(text)));

    static final Kind<String> CLASS =
            new Kind<>("N|NAME", "a whole number from 0, or a name", Kind::classNumberOrName);

    static final Kind<Long> SEED = new Kind<>("N", "a whole number", Long::valueOf);

    static final Kind<Double> NUMBER = number("a number such as 0.5 or 1e-3", Double::isFinite);

    static final Kind<Double> POSITIVE_NUMBER =
            number("a number above 0, such as 0.5 or 1e-3", x -> x > 0 && Double.isFinite(x));

    static final Kind<Double> NUMBER_FROM_0 =
            number("a number from 0, such as 0.5 or 1e-3", x -> x >= 0 && Double.isFinite(x));

    static final Kind<Double> NUMBER_OR_INFINITY =
            number("a number from 0, such as 0.5 or 1e-3, or infinity", x -> x >= 0);

    /** Of something that does not happen always. */
    static final Kind<Double> PROBABILITY =
            number("a number from 0 and below 1, such as 0.1", x -> x >= 0 && x < 1);

    static final Kind<Resolution> RESOLUTION =
            new Kind<>(
                    "WxH", "width and height such as 64x64, each at most 8192", Resolution::parse);

    static final Kind<ImageTransform> TRANSFORM =
            new Kind<>("NAME", "one of " + transforms(), ImageTransform::of);

    /** An option without value means true. */
    static final Kind<Boolean> SWITCH = new Kind<>("true|false", "true or false", Kind::bool);

    static final Kind<List<Long>> SEEDS =
            new Kind<>("LIST", "seeds such as 0-63 or 1,5,10-19", Seeds::parse);

    static final Kind<List<Double>> LENGTHS =
            new Kind<>(
                    "LIST",
                    "numbers such as 0.05,0.10 or a range such as 0.010,0.015,...,0.250 or 0.05..0.25/5",
                    EmaLengths::parse);

    /** One of some names. */
    static Kind<String> oneOf(List<String> names) {
        return new Kind<>(
                "NAME",
                "one of " + String.join(", ", names),
                text -> {
                    if (!names.contains(text)) {
                        throw new IllegalArgumentException(text);
                    }
                    return text;
                });
    }

    private static Kind<Double> number(String rule, DoublePredicate fits) {
        return new Kind<>(
                "X",
                rule,
                text -> {
                    double number =
                            text.equalsIgnoreCase("infinity")
                                    ? Double.POSITIVE_INFINITY
                                    : Double.parseDouble(text);
                    if (!fits.test(number)) {
                        throw new IllegalArgumentException(text);
                    }
                    return number;
                });
    }

    /** Whether the option may stand without a value. */
    boolean isSwitch() {
        return this == (Kind<?>) SWITCH;
    }

    static String transforms() {
        return Arrays.stream(ImageTransform.values())
                .map(ImageTransform::toString)
                .collect(Collectors.joining(", "));
    }

    private static String classNumberOrName(String text) {
        if (text.isBlank() || text.matches("-[0-9]+")) {
            throw new IllegalArgumentException(text);
        }
        return text;
    }

    private static Path path(String text) {
        try {
            return Path.of(text);
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private static int toInt(long value) {
        if (value > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("too large");
        }
        return (int) value;
    }

    private static boolean bool(String text) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new IllegalArgumentException(text);
        };
    }
}
