package io.github.edm2.search;

import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.FixedValue;
import org.deeplearning4j.arbiter.optimize.parameter.continuous.ContinuousParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.discrete.DiscreteParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.integer.IntegerParameterSpace;
import org.deeplearning4j.arbiter.util.LeafUtils;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonIgnoreProperties;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * The hyperparameters that need a training of their own, as axes with names: any of Arbiter's
 * spaces, such as {@code ContinuousParameterSpace}, of numbers, texts or booleans. One space given
 * to two axes gives both the same value.
 *
 * <p>It becomes JSON as Arbiter's spaces do, except that one space of two axes becomes two.
 */
@JsonIgnoreProperties({"nestedSpaces", "leaf"})
public final class TrainingSpace implements ParameterSpace<Hyperparameters> {

    /** Of drawn numbers; finer than any search can tell apart. */
    private static final int DIGITS = 6;

    @JsonProperty private final Map<String, ParameterSpace<?>> axes;

    private TrainingSpace(Map<String, ParameterSpace<?>> axes) {
        this.axes = Collections.unmodifiableMap(new LinkedHashMap<>(axes));
    }

    /** Starts a space; it needs at least one axis. */
    public static Builder builder() {
        return new Builder();
    }

    @JsonCreator
    static TrainingSpace of(@JsonProperty("axes") Map<String, ParameterSpace<?>> axes) {
        Builder builder = builder();
        axes.forEach(builder::axis);
        return builder.build();
    }

    /** The axes by name, in their order. */
    public Map<String, ParameterSpace<?>> axes() {
        return axes;
    }

    @Override
    public Hyperparameters getValue(double[] parameterValues) {
        Map<String, Object> values = new LinkedHashMap<>();
        axes.forEach((name, space) -> values.put(name, value(space, parameterValues)));
        return new Hyperparameters(values);
    }

    /** Drawn numbers are rounded, so that what is shown of them is all that there is. */
    private static Object value(ParameterSpace<?> space, double[] parameterValues) {
        return space instanceof ContinuousParameterSpace continuous
                ? SignificantDigits.round(continuous.getValue(parameterValues), DIGITS)
                : space.getValue(parameterValues);
    }

    @Override
    public int numParameters() {
        return LeafUtils.countUniqueParameters(collectLeaves());
    }

    @SuppressWarnings("rawtypes") // Arbiter's interface
    @Override
    public List<ParameterSpace> collectLeaves() {
        return axes.values().stream()
                .flatMap(space -> ((ParameterSpace<?>) space).collectLeaves().stream())
                .toList();
    }

    @SuppressWarnings("rawtypes") // Arbiter's interface
    @Override
    public Map<String, ParameterSpace> getNestedSpaces() {
        return new LinkedHashMap<>(axes);
    }

    @Override
    public boolean isLeaf() {
        return false;
    }

    @Override
    public void setIndices(int... indices) {
        throw new UnsupportedOperationException("indices are set on the leaves of a space");
    }

    /** As {@code name: space, name: space}. */
    @Override
    public String toString() {
        return axes.toString();
    }

    /** Collects axes. */
    public static final class Builder {

        private final Map<String, ParameterSpace<?>> axes = new LinkedHashMap<>();

        private Builder() {}

        /**
         * Adds an axis.
         *
         * @param name of letters, digits, dots, dashes and underscores
         * @param space values of it
         * @throws IllegalArgumentException if the name is another one or is taken
         */
        public Builder axis(String name, ParameterSpace<?> space) {
            if (!name.matches("[A-Za-z0-9._-]+")) {
                throw new IllegalArgumentException(
                        "The name of an axis must be of letters, digits, dots, dashes and underscores, got \"%s\""
                                .formatted(name));
            }
            if (axes.putIfAbsent(name, withoutChoiceOfOne(space)) != null) {
                throw new IllegalArgumentException("There are two axes " + name);
            }
            return this;
        }

        /**
         * Adds an axis of listed values.
         *
         * @throws IllegalArgumentException if the list is empty, or as {@link #axis(String,
         *     ParameterSpace)}
         */
        public Builder axis(String name, Object... values) {
            if (values.length == 0) {
                throw new IllegalArgumentException("Axis %s needs a value".formatted(name));
            }
            return axis(name, new DiscreteParameterSpace<>(Arrays.asList(values)));
        }

        /** Arbiter's grid counts a choice of one among the leaves but gives it no coordinate. */
        private static ParameterSpace<?> withoutChoiceOfOne(ParameterSpace<?> space) {
            if (space instanceof IntegerParameterSpace range && range.getMin() == range.getMax()) {
                return new FixedValue<>(range.getMin());
            }
            if (space instanceof DiscreteParameterSpace<?> choice && choice.numValues() == 1) {
                choice.setIndices(0);
                return new FixedValue<>(choice.getValue(new double[1]));
            }
            return space;
        }

        /**
         * The space.
         *
         * @throws IllegalArgumentException without axes
         */
        public TrainingSpace build() {
            if (axes.isEmpty()) {
                throw new IllegalArgumentException("A search needs at least one axis");
            }
            return new TrainingSpace(axes);
        }
    }
}
