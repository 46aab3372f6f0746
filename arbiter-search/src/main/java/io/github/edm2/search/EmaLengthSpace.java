package io.github.edm2.search;

import io.github.edm2.ema.PowerFunction;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.deeplearning4j.arbiter.optimize.parameter.discrete.DiscreteParameterSpace;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Lengths of power-function EMA to try: relative standard deviations, each in (0, 0.289)
 * (arXiv:2312.02696, section 3.1). A choice between values for Arbiter, too, in searches that train
 * with an average.
 */
public final class EmaLengthSpace extends DiscreteParameterSpace<Double> {

    /** As names of files have them at least. */
    private static final int FEWEST_DECIMALS = 3;

    /** Of a step; half of it is the largest rounding error. */
    private static final double PART = 0.02;

    private final List<Double> values;

    private EmaLengthSpace(List<Double> values) {
        super(values);
        this.values = values;
    }

    /**
     * Listed values.
     *
     * @throws IllegalArgumentException if there are none, one is repeated or out of range
     */
    @JsonCreator
    public static EmaLengthSpace of(@JsonProperty("values") double... sigmaRel) {
        List<Double> values = Arrays.stream(sigmaRel).boxed().toList();
        if (values.isEmpty()) {
            throw new IllegalArgumentException("A search needs at least one EMA length");
        }
        if (values.stream().distinct().count() < values.size()) {
            throw new IllegalArgumentException("EMA lengths must differ, got " + values);
        }
        values.forEach(PowerFunction::new);
        return new EmaLengthSpace(values);
    }

    /**
     * Equally spaced values, rounded to 1 % of their distance, so that names and commands have few
     * digits.
     *
     * @param low first value, not rounded
     * @param high last value, not rounded
     * @param count number of values, at least 2
     * @throws IllegalArgumentException if a value is out of range
     */
    public static EmaLengthSpace linear(double low, double high, int count) {
        new PowerFunction(low);
        new PowerFunction(high);
        return of(rounded(low, high, steps(low, high, count).toArray()));
    }

    /**
     * Values of equal ratios, rounded to 1 % of their distance.
     *
     * @param low first value, not rounded
     * @param high last value, not rounded
     * @param count number of values, at least 2
     * @throws IllegalArgumentException if a value is out of range
     */
    public static EmaLengthSpace log(double low, double high, int count) {
        new PowerFunction(low);
        new PowerFunction(high);
        return of(
                rounded(
                        low,
                        high,
                        steps(Math.log(low), Math.log(high), count).map(Math::exp).toArray()));
    }

    private static DoubleStream steps(double low, double high, int count) {
        if (count < 2 || !(low < high)) {
            throw new IllegalArgumentException(
                    "A range of EMA lengths must have at least 2 values and rise, got %d from %s to %s"
                            .formatted(count, low, high));
        }
        return IntStream.range(0, count).mapToDouble(i -> low + (high - low) * i / (count - 1));
    }

    /** Rounds all but the ends, each to decimals that are small beside the step before it. */
    private static double[] rounded(double low, double high, double[] values) {
        double[] rounded = values.clone();
        for (int i = 1; i < values.length - 1; i++) {
            double step = values[i] - values[i - 1];
            int decimals = Math.max(FEWEST_DECIMALS, (int) Math.ceil(-Math.log10(PART * step)));
            rounded[i] =
                    BigDecimal.valueOf(values[i])
                            .setScale(decimals, RoundingMode.HALF_EVEN)
                            .doubleValue();
        }
        rounded[0] = low;
        rounded[values.length - 1] = high;
        return rounded;
    }

    /** The lengths in their order. */
    public List<Double> values() {
        return values;
    }
}
