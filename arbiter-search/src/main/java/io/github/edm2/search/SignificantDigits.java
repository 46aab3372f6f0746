package io.github.edm2.search;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Locale;

/** Numbers without digits that nobody reads, such as those of 0.09000000000000001. */
public final class SignificantDigits {

    private static final int SHOWN = 5;

    private SignificantDigits() {}

    /**
     * The nearest number of so many digits.
     *
     * @param value of any size; infinities and NaN stay
     * @param digits at least 1, leading zeros not counted
     */
    public static double round(double value, int digits) {
        return Double.isFinite(value)
                ? BigDecimal.valueOf(value).round(new MathContext(digits)).doubleValue()
                : value;
    }

    /** A score for people: five digits, trailing zeros included, so that columns line up. */
    public static String text(double value) {
        return String.format(Locale.ROOT, "%." + SHOWN + "g", value);
    }
}
