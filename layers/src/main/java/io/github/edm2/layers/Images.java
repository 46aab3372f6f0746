package io.github.edm2.layers;

import java.util.Arrays;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Checks that the inputs of layers and vertices are images [batch, channels, height, width]. */
final class Images {

    private Images() {}

    /**
     * The channels, height and width of an input.
     *
     * @param owner the layer or vertex, for the message
     * @throws IllegalStateException if the input is not convolutional or its channels come last
     */
    static InputType.InputTypeConvolutional type(InputType inputType, String owner) {
        if (inputType instanceof InputType.InputTypeConvolutional c
                && c.getFormat() == CNN2DFormat.NCHW) {
            return c;
        }
        throw new IllegalStateException(
                "%s needs a convolutional input [batch, channels, height, width] in the format NCHW, got %s; set it with setInputTypes(InputType.convolutional(height, width, channels))"
                        .formatted(owner, inputType));
    }

    /**
     * Fails unless an array has four axes.
     *
     * @param owner the layer or vertex, for the message
     * @throws DL4JInvalidInputException if it has more or less
     */
    static void check(INDArray x, String owner) {
        if (x.rank() != 4) {
            throw new DL4JInvalidInputException(
                    "%s needs an input [batch, channels, height, width], got the shape %s; set the network's input types, which adds preprocessors"
                            .formatted(owner, Arrays.toString(x.shape())));
        }
    }
}
