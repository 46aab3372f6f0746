package io.github.edm2.examples;

import io.github.edm2.ema.AverageName;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;

/**
 * Lists of EMA lengths (sigma_rel), separated by commas. {@code ...} continues the step of the two
 * numbers before it up to the number after it: 0.010,0.015,...,0.250.
 */
final class EmaLengths {

    private static final String CONTINUATION = "...";

    private static final int MOST = 10_000;

    private EmaLengths() {}

    /**
     * Reads a list.
     *
     * @throws IllegalArgumentException if a part is not a number, or a range does not arrive at its
     *     end
     */
    static List<Double> parse(String text) {
        String[] parts = text.split(",", -1);
        List<BigDecimal> lengths = new ArrayList<>();
        for (int i = 0; i < parts.length; i++) {
            if (!parts[i].strip().equals(CONTINUATION)) {
                lengths.add(new BigDecimal(parts[i].strip()));
            } else if (lengths.size() < 2 || i + 1 == parts.length) {
                throw new IllegalArgumentException("two numbers precede ... and one follows it");
            } else {
                continueTo(lengths, new BigDecimal(parts[i + 1].strip()));
                i++;
            }
        }
        // Through doubles, so that 0.1 and 0.10 count once.
        return List.copyOf(
                new LinkedHashSet<>(lengths.stream().map(BigDecimal::doubleValue).toList()));
    }

    private static void continueTo(List<BigDecimal> lengths, BigDecimal end) {
        BigDecimal last = lengths.get(lengths.size() - 1);
        BigDecimal step = last.subtract(lengths.get(lengths.size() - 2));
        BigDecimal distance = end.subtract(last);
        if (step.signum() == 0
                || step.signum() != distance.signum()
                || distance.remainder(step).signum() != 0
                || distance.divideToIntegralValue(step).compareTo(BigDecimal.valueOf(MOST)) > 0) {
            throw new IllegalArgumentException("steps of " + step + " do not lead to " + end);
        }
        while (last.compareTo(end) != 0) {
            last = last.add(step);
            lengths.add(last);
        }
    }

    /** A length as file names have it: with three decimals, or more where it has more. */
    static String format(double sigmaRel) {
        return AverageName.length(sigmaRel);
    }
}
