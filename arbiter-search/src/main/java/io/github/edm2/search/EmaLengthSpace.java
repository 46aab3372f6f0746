package io.github.edm2.search;

import io.github.edm2.ema.PowerFunction;
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
     * Equally spaced values.
     *
     * @param low first value
     * @param high last value
     * @param count number of values, at least 2
     * @throws IllegalArgumentException if a value is out of range
     */
    public static EmaLengthSpace linear(double low, double high, int count) {
        return of(steps(low, high, count).toArray());
    }

    /**
     * Values of equal ratios.
     *
     * @param low first value
     * @param high last value
     * @param count number of values, at least 2
     * @throws IllegalArgumentException if a value is out of range
     */
    public static EmaLengthSpace log(double low, double high, int count) {
        new PowerFunction(low);
        return of(steps(Math.log(low), Math.log(high), count).map(Math::exp).toArray());
    }

    private static DoubleStream steps(double low, double high, int count) {
        if (count < 2 || !(low < high)) {
            throw new IllegalArgumentException(
                    "A range of EMA lengths must have at least 2 values and rise, got %d from %s to %s"
                            .formatted(count, low, high));
        }
        return IntStream.range(0, count).mapToDouble(i -> low + (high - low) * i / (count - 1));
    }

    /** The lengths in their order. */
    public List<Double> values() {
        return values;
    }
}
