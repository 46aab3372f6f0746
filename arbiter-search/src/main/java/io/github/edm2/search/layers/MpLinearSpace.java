package io.github.edm2.search.layers;

import io.github.edm2.layers.MpLinear;
import org.deeplearning4j.arbiter.util.LeafUtils;

/** Hyperparameters of {@link MpLinear}. */
public final class MpLinearSpace extends MpWeightLayerSpace<MpLinear> {

    /** For JSON. */
    private MpLinearSpace() {}

    private MpLinearSpace(Builder builder) {
        super(builder);
        numParameters = LeafUtils.countUniqueParameters(collectLeaves());
    }

    @Override
    public MpLinear getValue(double[] values) {
        MpLinear.Builder builder = new MpLinear.Builder();
        setOptions(builder, values);
        return builder.build();
    }

    /** Builder. */
    @SuppressWarnings("unchecked") // Arbiter declares <E extends LayerSpace> E build()
    public static final class Builder extends MpWeightLayerSpace.Builder<Builder> {
        /**
         * The space.
         *
         * @throws IllegalArgumentException without {@code nOut}
         */
        @Override
        public MpLinearSpace build() {
            return new MpLinearSpace(this);
        }
    }
}
