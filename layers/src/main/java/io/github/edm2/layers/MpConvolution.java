package io.github.edm2.layers;

import io.github.edm2.layers.plan.Planner;
import io.github.edm2.layers.plan.Value;
import java.util.Arrays;
import java.util.stream.IntStream;
import lombok.Data;
import lombok.EqualsAndHashCode;
import lombok.NoArgsConstructor;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.InputTypeUtil;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv2DConfig;

/**
 * Magnitude-preserving convolution (arXiv:2312.02696, Eq. 47): stride 1, zero padding of half the
 * kernel, no bias. Input [batch, nIn, height, width], output [batch, nOut, height, width], weight
 * [nOut, nIn, kernel, kernel].
 *
 * <p>For one thread at a time, as all layers of DL4J.
 */
@Data
@NoArgsConstructor
@EqualsAndHashCode(callSuper = true)
public class MpConvolution extends MpWeightLayer {

    static final int OIYX = 1;

    private int kernel;

    protected MpConvolution(Builder builder) {
        super(builder);
        this.kernel = builder.kernel;
    }

    /**
     * SameDiff face.
     *
     * @param x [batch, in, height, width]
     * @param weight [out, in, kernel, kernel], the stored weight
     * @param shape the shape of {@code weight}
     * @param gain a constant or scalar variable; null for 1
     */
    public static SDVariable mpConvolution(
            SameDiff sd, SDVariable x, SDVariable weight, long[] shape, SDVariable gain) {
        SDVariable w = normalizedWeight(sd, weight, shape, gain);
        Conv2DConfig config =
                Conv2DConfig.builder()
                        .kH(shape[2])
                        .kW(shape[3])
                        .sH(1)
                        .sW(1)
                        .pH(shape[2] / 2)
                        .pW(shape[3] / 2)
                        .dataFormat(Conv2DConfig.NCHW)
                        .build();
        // SameDiff's gradient of conv2d forgets the weight format (M2.1): only YXIO trains.
        return sd.cnn().conv2d(x, sd.permute(w, 2, 3, 1, 0), config);
    }

    /** normalize(W) gain / sqrt(N), shared by convolution and linear layer. */
    static SDVariable normalizedWeight(
            SameDiff sd, SDVariable weight, long[] shape, SDVariable gain) {
        long fanIn = Normalization.fanIn(shape);
        int[] rowAxes = IntStream.range(1, shape.length).toArray();
        SDVariable w =
                Normalization.normalize(sd, weight, fanIn, rowAxes).mul(1 / Math.sqrt(fanIn));
        return gain == null ? w : w.mul(gain);
    }

    @Override
    public Value plan(Planner planner, String name, Value... inputs) {
        Value x = inputs[0];
        return MpProduct.plan(
                this,
                planner,
                name,
                x,
                kernel == 1
                        ? new MatrixProduct()
                        : new ConvolutionProduct(planner, x, kernel, nOut),
                x.batch(),
                nOut,
                x.shape()[2],
                x.shape()[3]);
    }

    @Override
    public String operationName() {
        return "MpConvolution %1$dx%1$d".formatted(kernel);
    }

    @Override
    protected SDVariable product(SameDiff sd, SDVariable x, SDVariable weight, SDVariable learned) {
        return mpConvolution(sd, x, weight, weightShape(), learned);
    }

    @Override
    protected Runtime runtime(NeuralNetConfiguration conf, DataType dataType) {
        return new io.github.edm2.layers.runtime.MpConvolution(conf, dataType);
    }

    @Override
    protected long[] weightShape() {
        return new long[] {nOut, nIn, kernel, kernel};
    }

    @Override
    public InputType getOutputType(int layerIndex, InputType inputType) {
        InputType.InputTypeConvolutional in = convolutional(inputType);
        return InputType.convolutional(in.getHeight(), in.getWidth(), nOut, CNN2DFormat.NCHW);
    }

    @Override
    public void setNIn(InputType inputType, boolean override) {
        if (nIn <= 0 || override) {
            nIn = convolutional(inputType).getChannels();
        }
    }

    @Override
    public InputPreProcessor getPreProcessorForInputType(InputType inputType) {
        return InputTypeUtil.getPreProcessorForInputTypeCnnLayers(inputType, layerName);
    }

    private InputType.InputTypeConvolutional convolutional(InputType inputType) {
        return Images.type(inputType, description());
    }

    @Override
    protected void checkInput(INDArray x) {
        Images.check(x, description());
        if (x.size(1) != nIn) {
            throw new DL4JInvalidInputException(
                    "%s was made for %d channels, got an input of %d, shape %s; set nIn or the network's input types accordingly"
                            .formatted(description(), nIn, x.size(1), Arrays.toString(x.shape())));
        }
    }

    /** Builder. */
    @SuppressWarnings("unchecked") // DL4J declares build() as <E extends Layer> E build()
    public static class Builder extends MpWeightLayer.Builder<Builder> {
        private final int kernel;

        /**
         * @param kernel height and width of the kernel, odd
         * @throws IllegalArgumentException if the kernel is not odd and positive
         */
        public Builder(int kernel) {
            if (kernel < 1 || kernel % 2 == 0) {
                throw new IllegalArgumentException(
                        "kernel must be odd and at least 1, got %d; EDM2 uses 1 and 3"
                                .formatted(kernel));
            }
            this.kernel = kernel;
        }

        @Override
        public MpConvolution build() {
            return new MpConvolution(this);
        }
    }
}
