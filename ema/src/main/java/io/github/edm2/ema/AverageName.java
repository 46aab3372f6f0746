package io.github.edm2.ema;

import java.math.BigDecimal;
import java.math.MathContext;

/**
 * Names of averages' files, {@code PREFIX-KIMG-STD}, such as {@code phema-2147483-0.100}: the
 * moment in thousands of images and the EMA length.
 */
public final class AverageName {

    private static final long KIMG = 1000;
    private static final int FEWEST_DECIMALS = 3;
    private static final int MOST_DIGITS = 6;

    private AverageName() {}

    /** The name without extension; {@code kimg} as {@link #kimg} gives it. */
    public static String of(String prefix, String kimg, double sigmaRel) {
        return "%s-%s-%s".formatted(prefix, kimg, length(sigmaRel));
    }

    /** Thousands of images in seven digits, with decimals only where they are not whole. */
    public static String kimg(long images) {
        long rest = images % KIMG;
        return "%07d%s".formatted(images / KIMG, rest == 0 ? "" : ".%03d".formatted(rest));
    }

    /** An EMA length with three decimals, or up to six digits where it has more. */
    public static String length(double sigmaRel) {
        BigDecimal rounded =
                BigDecimal.valueOf(sigmaRel)
                        .round(new MathContext(MOST_DIGITS))
                        .stripTrailingZeros();
        return rounded.setScale(Math.max(FEWEST_DECIMALS, rounded.scale())).toPlainString();
    }
}
