package io.github.edm2.examples.cli;

import io.github.edm2.ema.AverageName;
import io.github.edm2.ema.PowerFunction;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Lists of EMA lengths (sigma_rel), separated by commas. {@code ...} continues the step of the two
 * numbers before it up to the number after it: 0.010,0.015,...,0.250. {@code A..B/N} stands for N
 * lengths from A to B at equal distances: 0.05..0.25/5.
 */
final class EmaLengths {

    private static final String CONTINUATION = "...";

    private static final int MOST = 10_000;

    private static final Pattern RANGE = Pattern.compile("(.+?)\\.\\.(.+)/(\\d{1,5})");

    private static final int SIGNIFICANT_DIGITS = 6;

    private EmaLengths() {}

    /**
     * Reads a list.
     *
     * @throws IllegalArgumentException if a part is not a number
     * @throws OutOfRangeException if a length is out of range, or a range does not arrive at its
     *     end
     */
    static List<Double> parse(String text) {
        String[] parts = text.split(",", -1);
        List<BigDecimal> lengths = new ArrayList<>();
        for (int i = 0; i < parts.length; i++) {
            Matcher range = RANGE.matcher(parts[i].strip());
            if (range.matches()) {
                lengths.addAll(range(range));
            } else if (!parts[i].strip().equals(CONTINUATION)) {
                lengths.add(new BigDecimal(parts[i].strip()));
            } else if (lengths.size() < 2 || i + 1 == parts.length) {
                throw new IllegalArgumentException("two numbers precede ... and one follows it");
            } else {
                continueTo(lengths, new BigDecimal(parts[i + 1].strip()));
                i++;
            }
        }
        // By what files are called, so that 0.1 and 0.10 count once.
        Map<String, Double> byName = new LinkedHashMap<>();
        for (BigDecimal length : lengths) {
            if (!PowerFunction.isSigmaRel(length.doubleValue())) {
                throw new OutOfRangeException(
                        "EMA lengths (sigma_rel) above 0 and below 0.289", length.toPlainString());
            }
            byName.putIfAbsent(format(length.doubleValue()), length.doubleValue());
        }
        return List.copyOf(byName.values());
    }

    private static List<BigDecimal> range(Matcher range) {
        BigDecimal begin = new BigDecimal(range.group(1).strip());
        BigDecimal end = new BigDecimal(range.group(2).strip());
        int count = Integer.parseInt(range.group(3));
        if (count < 2 || count > MOST || begin.compareTo(end) == 0) {
            throw new OutOfRangeException(
                    "a range of 2 to %d different lengths".formatted(MOST), range.group());
        }
        List<BigDecimal> lengths = new ArrayList<>();
        BigDecimal distance = end.subtract(begin);
        for (int i = 0; i < count; i++) {
            BigDecimal along =
                    distance.multiply(BigDecimal.valueOf(i))
                            .divide(BigDecimal.valueOf(count - 1L), MathContext.DECIMAL64);
            BigDecimal length = begin.add(along);
            lengths.add(i == count - 1 ? end : length.round(new MathContext(SIGNIFICANT_DIGITS)));
        }
        return lengths;
    }

    private static void continueTo(List<BigDecimal> lengths, BigDecimal end) {
        BigDecimal last = lengths.get(lengths.size() - 1);
        BigDecimal step = last.subtract(lengths.get(lengths.size() - 2));
        BigDecimal distance = end.subtract(last);
        if (step.signum() == 0 || step.signum() != distance.signum()) {
            throw new OutOfRangeException(
                    "a range that goes on to its end, from %s in steps of %s"
                            .formatted(last.toPlainString(), step.toPlainString()),
                    end.toPlainString());
        }
        BigDecimal steps = distance.divide(step, 0, RoundingMode.HALF_UP).max(BigDecimal.ONE);
        if (steps.compareTo(BigDecimal.valueOf(MOST)) > 0) {
            throw new OutOfRangeException(
                    "a range of at most %d lengths".formatted(MOST), steps.toPlainString());
        }
        BigDecimal nearest = last.add(steps.multiply(step));
        if (nearest.compareTo(end) != 0) {
            throw new OutOfRangeException(
                    "a range whose end its steps of %s meet, the nearest is %s"
                            .formatted(step.toPlainString(), nearest.toPlainString()),
                    end.toPlainString());
        }
        while (last.compareTo(end) != 0) {
            last = last.add(step);
            lengths.add(last);
        }
    }

    /** A length as file names have it: with three decimals, or up to six digits if it has more. */
    static String format(double sigmaRel) {
        return AverageName.length(sigmaRel);
    }
}
