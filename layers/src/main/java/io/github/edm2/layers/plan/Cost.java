package io.github.edm2.layers.plan;

import org.deeplearning4j.nn.conf.inputs.InputType;

/**
 * What a layer or vertex computes for one example.
 *
 * @param multiplyAdds of convolutions, matrix products and attention
 * @param elementwise other operations
 */
public record Cost(long multiplyAdds, long elementwise) {

    /** Some operations for each element of the output. */
    public static Cost perElement(int operations, InputType output) {
        return new Cost(0, operations * output.arrayElementsPerExample());
    }

    /** Pixels of an image; 1 of a vector. */
    public static long pixels(InputType type) {
        return type instanceof InputType.InputTypeConvolutional images
                ? images.getHeight() * images.getWidth()
                : 1;
    }
}
