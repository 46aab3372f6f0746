package io.github.edm2.examples.cli;

import java.util.Locale;

/** How fast something goes, as people read it: {@code 12.3 images/s}, but {@code 1.4 s/image}. */
final class Rate {

    /** From here on, a number has digits enough without decimals. */
    private static final double LARGE = 100;

    private Rate() {}

    /**
     * A rate with three digits or so; below one a second, the seconds that each takes.
     *
     * @param perSecond at least 0; not finite where nothing is known yet
     * @param units what is counted, in the plural
     */
    static String text(double perSecond, String units) {
        if (!Double.isFinite(perSecond) || perSecond <= 0) {
            return "? " + units + "/s";
        }
        return perSecond >= 1
                ? rounded(perSecond) + " " + units + "/s"
                : rounded(1 / perSecond) + " s/" + singular(units);
    }

    private static String rounded(double value) {
        return String.format(Locale.ROOT, value < LARGE ? "%.1f" : "%.0f", value);
    }

    private static String singular(String units) {
        return units.endsWith("s") ? units.substring(0, units.length() - 1) : units;
    }
}
