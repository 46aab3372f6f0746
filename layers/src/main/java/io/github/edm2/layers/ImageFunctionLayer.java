package io.github.edm2.layers;

import lombok.Data;
import lombok.EqualsAndHashCode;
import lombok.NoArgsConstructor;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.InputTypeUtil;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A layer without parameters whose input is images [batch, channels, height, width].
 *
 * <p>For one thread at a time, as all layers of DL4J.
 */
@Data
@NoArgsConstructor
@EqualsAndHashCode(callSuper = true)
public abstract class ImageFunctionLayer extends FunctionLayer {

    protected ImageFunctionLayer(Builder<?> builder) {
        super(builder);
    }

    /**
     * The channels, height and width of the input.
     *
     * @throws IllegalStateException if the input is not convolutional or its channels come last
     */
    protected final InputType.InputTypeConvolutional images(InputType inputType) {
        return Images.type(inputType, description());
    }

    @Override
    protected void checkInput(INDArray x) {
        Images.check(x, description());
    }

    @Override
    public InputType getOutputType(int layerIndex, InputType inputType) {
        return images(inputType);
    }

    @Override
    public InputPreProcessor getPreProcessorForInputType(InputType inputType) {
        return InputTypeUtil.getPreProcessorForInputTypeCnnLayers(inputType, layerName);
    }
}
