package io.github.edm2.models.data;

import java.math.BigInteger;
import java.util.Comparator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Order of names in which the numbers in them count as numbers: {@code 0, 1, 2, 10}, and {@code
 * class2} before {@code class10}. Everything else is compared by its characters; digits stand
 * before letters. Names that differ in leading zeros only are in the order of their characters.
 */
final class NaturalOrder implements Comparator<String> {

    static final Comparator<String> COMPARATOR =
            new NaturalOrder().thenComparing(Comparator.naturalOrder());

    private static final Pattern PART = Pattern.compile("[0-9]+|[^0-9]+");

    private NaturalOrder() {}

    @Override
    public int compare(String a, String b) {
        Matcher left = PART.matcher(a);
        Matcher right = PART.matcher(b);
        while (true) {
            boolean more = left.find();
            if (!more || !right.find()) {
                // What is left of a name makes it the later one.
                return more ? 1 : right.find() ? -1 : 0;
            }
            int order = compareParts(left.group(), right.group());
            if (order != 0) {
                return order;
            }
        }
    }

    private static int compareParts(String a, String b) {
        return isNumber(a) && isNumber(b)
                ? new BigInteger(a).compareTo(new BigInteger(b))
                : a.compareTo(b);
    }

    private static boolean isNumber(String part) {
        return part.charAt(0) >= '0' && part.charAt(0) <= '9';
    }
}
