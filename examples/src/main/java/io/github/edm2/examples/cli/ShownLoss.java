package io.github.edm2.examples.cli;

import java.util.Locale;

/** A loss as people read it: {@code 0.1234}, but {@code not finite} rather than {@code NaN}. */
final class ShownLoss {

    private ShownLoss() {}

    /**
     * A loss in words.
     *
     * @param decimals digits after the point
     */
    static String text(double loss, int decimals) {
        return Double.isFinite(loss)
                ? String.format(Locale.ROOT, "%." + decimals + "f", loss)
                : "not finite";
    }
}
