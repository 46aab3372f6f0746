package io.github.edm2.search.layers;

import io.github.edm2.layers.MpConvolution;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.FixedValue;
import org.deeplearning4j.arbiter.util.LeafUtils;

/** Hyperparameters of {@link MpConvolution}. */
public final class MpConvolutionSpace extends MpWeightLayerSpace<MpConvolution> {

    private ParameterSpace<Integer> kernel;

    /** For JSON. */
    private MpConvolutionSpace() {}

    private MpConvolutionSpace(Builder builder) {
        super(builder);
        kernel = builder.kernel;
        numParameters = LeafUtils.countUniqueParameters(collectLeaves());
    }

    @Override
    public MpConvolution getValue(double[] values) {
        MpConvolution.Builder builder = new MpConvolution.Builder(kernel.getValue(values));
        setOptions(builder, values);
        return builder.build();
    }

    /** Builder. */
    @SuppressWarnings("unchecked") // Arbiter declares <E extends LayerSpace> E build()
    public static final class Builder extends MpWeightLayerSpace.Builder<Builder> {
        private final ParameterSpace<Integer> kernel;

        /**
         * @param kernel height and width of the kernel, odd
         */
        public Builder(int kernel) {
            this(new FixedValue<>(kernel));
        }

        /**
         * @param kernels heights and widths of the kernel, odd; others make the candidate a failed
         *     one
         */
        public Builder(ParameterSpace<Integer> kernels) {
            kernel = kernels;
        }

        /**
         * The space.
         *
         * @throws IllegalArgumentException without {@code nOut}
         */
        @Override
        public MpConvolutionSpace build() {
            return new MpConvolutionSpace(this);
        }
    }
}
