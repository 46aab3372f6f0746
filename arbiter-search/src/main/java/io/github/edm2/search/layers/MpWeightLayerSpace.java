package io.github.edm2.search.layers;

import io.github.edm2.layers.MpWeightLayer;
import org.deeplearning4j.arbiter.layers.FeedForwardLayerSpace;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.FixedValue;

/**
 * What the spaces of layers with a magnitude-preserving weight have in common: {@link
 * MpConvolutionSpace} and {@link MpLinearSpace}. What is not set is as in the layer.
 *
 * @param <L> the layer
 */
public abstract class MpWeightLayerSpace<L extends MpWeightLayer> extends FeedForwardLayerSpace<L> {

    private ParameterSpace<Double> gain;
    private ParameterSpace<Double> learnedGain;
    private ParameterSpace<Boolean> forcedNormalization;

    /** For JSON. */
    MpWeightLayerSpace() {}

    MpWeightLayerSpace(Builder<?> builder) {
        super(builder);
        if (nOut == null) {
            throw new IllegalArgumentException(
                    "%s needs nOut, got none; set a number or a space of them"
                            .formatted(getClass().getSimpleName()));
        }
        gain = builder.gain;
        learnedGain = builder.learnedGain;
        forcedNormalization = builder.forcedNormalization;
    }

    final void setOptions(MpWeightLayer.Builder<?> builder, double[] values) {
        setLayerOptionsBuilder(builder, values);
        if (gain != null) {
            builder.gain(gain.getValue(values));
        }
        if (learnedGain != null) {
            builder.learnedGain(learnedGain.getValue(values));
        }
        if (forcedNormalization != null) {
            builder.forcedNormalization(forcedNormalization.getValue(values));
        }
    }

    @Override
    public final boolean equals(Object o) {
        return o instanceof MpWeightLayerSpace<?> other
                && other.getClass() == getClass()
                && other.getNestedSpaces().equals(getNestedSpaces());
    }

    @Override
    public final int hashCode() {
        return getNestedSpaces().hashCode();
    }

    @Override
    public String toString() {
        return getClass().getSimpleName() + getNestedSpaces();
    }

    /** Builder of what these spaces have in common; {@code nOut} is needed. */
    @SuppressWarnings("unchecked") // As DL4J's and Arbiter's builders
    public abstract static class Builder<T extends Builder<T>>
            extends FeedForwardLayerSpace.Builder<T> {
        private ParameterSpace<Double> gain;
        private ParameterSpace<Double> learnedGain;
        private ParameterSpace<Boolean> forcedNormalization;

        /** Not for others: there are two weights. */
        Builder() {}

        /** Constant factor of the output. */
        public T gain(double factor) {
            return gain(new FixedValue<>(factor));
        }

        /** Constant factors of the output. */
        public T gain(ParameterSpace<Double> factors) {
            gain = factors;
            return (T) this;
        }

        /** A learned scalar factor by its initial value. */
        public T learnedGain(double initialGain) {
            return learnedGain(new FixedValue<>(initialGain));
        }

        /** A learned scalar factor by its initial values. */
        public T learnedGain(ParameterSpace<Double> initialGains) {
            learnedGain = initialGains;
            return (T) this;
        }

        /** Whether training normalizes the stored weights. */
        public T forcedNormalization(boolean forced) {
            return forcedNormalization(new FixedValue<>(forced));
        }

        /** Whether training normalizes the stored weights, tried both ways. */
        public T forcedNormalization(ParameterSpace<Boolean> forced) {
            forcedNormalization = forced;
            return (T) this;
        }
    }
}
