package io.github.edm2.examples.cli;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Counts with the binary suffixes Ki, Mi and Gi. */
final class Sizes {

    private static final Pattern SYNTAX = Pattern.compile("(\\d{1,18})(Ki|Mi|Gi)?");

    private static final long KI = 1 << 10;
    private static final long MI = 1 << 20;
    private static final long GI = 1 << 30;

    private Sizes() {}

    /**
     * Reads a count.
     *
     * @throws IllegalArgumentException if it is not one, or not positive
     */
    static long parse(String text) {
        Matcher matcher = SYNTAX.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException(text + " is not a count");
        }
        long number = Long.parseLong(matcher.group(1));
        if (number == 0 || number > Long.MAX_VALUE / unit(matcher.group(2))) {
            throw new IllegalArgumentException(text + " is out of range");
        }
        return number * unit(matcher.group(2));
    }

    private static long unit(String suffix) {
        if (suffix == null) {
            return 1;
        }
        return switch (suffix) {
            case "Ki" -> KI;
            case "Mi" -> MI;
            default -> GI;
        };
    }

    /** The shortest text that {@link #parse} reads as the count. */
    static String format(long count) {
        if (count != 0 && count % GI == 0) {
            return count / GI + "Gi";
        }
        if (count != 0 && count % MI == 0) {
            return count / MI + "Mi";
        }
        return count != 0 && count % KI == 0 ? count / KI + "Ki" : Long.toString(count);
    }
}
