package io.github.edm2.search.layers;

import io.github.edm2.layers.CosineAttention;
import org.deeplearning4j.arbiter.layers.LayerSpace;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.deeplearning4j.arbiter.util.LeafUtils;

/** Numbers of heads of {@link CosineAttention}; a third of its input's channels is a multiple. */
public final class CosineAttentionSpace extends LayerSpace<CosineAttention> {

    private ParameterSpace<Integer> heads;

    /** For JSON. */
    private CosineAttentionSpace() {}

    private CosineAttentionSpace(Builder builder) {
        super(builder);
        heads = builder.heads;
        numParameters = LeafUtils.countUniqueParameters(collectLeaves());
    }

    @Override
    public CosineAttention getValue(double[] values) {
        CosineAttention.Builder builder = new CosineAttention.Builder(heads.getValue(values));
        setLayerOptionsBuilder(builder, values);
        return builder.build();
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof CosineAttentionSpace other
                && other.getNestedSpaces().equals(getNestedSpaces());
    }

    @Override
    public int hashCode() {
        return getNestedSpaces().hashCode();
    }

    @Override
    public String toString() {
        return getClass().getSimpleName() + getNestedSpaces();
    }

    /** Builder. */
    @SuppressWarnings("unchecked") // Arbiter declares <E extends LayerSpace> E build()
    public static final class Builder extends LayerSpace.Builder<Builder> {
        private final ParameterSpace<Integer> heads;

        /**
         * @param heads numbers of attention heads; one that does not fit the channels makes the
         *     candidate a failed one
         */
        public Builder(ParameterSpace<Integer> heads) {
            this.heads = heads;
        }

        /** The space. */
        @Override
        public CosineAttentionSpace build() {
            return new CosineAttentionSpace(this);
        }
    }
}
