package io.github.edm2.search;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Values of a study's configuration as its author wrote them, without the names of classes. */
final class ReadableValue {

    private static final Pattern CHOICE =
            Pattern.compile("\"(?:DiscreteParameterSpace|FixedValue)\\((.*)\\)\"");

    private static final Pattern LOGARITHMIC =
            Pattern.compile("\"ContinuousParameterSpace\\(LogUniformDistribution\\((.*)\\)\\)\"");

    private static final Pattern RANGE =
            Pattern.compile("\"(?:Continuous|Integer)ParameterSpace\\((.*)\\)\"");

    private static final Pattern STRATEGY = Pattern.compile("\"(\\w+)Search\\[(.*)]\"");

    private ReadableValue() {}

    /** The value without names of classes; others stay as they are. */
    static String of(String json) {
        Matcher choice = CHOICE.matcher(json);
        if (choice.matches()) {
            return "[" + choice.group(1) + "]";
        }
        Matcher logarithmic = LOGARITHMIC.matcher(json);
        if (logarithmic.matches()) {
            return "{" + logarithmic.group(1) + ",log}";
        }
        Matcher range = RANGE.matcher(json);
        if (range.matches()) {
            return "{" + range.group(1) + "}";
        }
        Matcher strategy = STRATEGY.matcher(json);
        return strategy.matches()
                ? "%s {%s}".formatted(strategy.group(1).toLowerCase(Locale.ROOT), strategy.group(2))
                : json;
    }
}
