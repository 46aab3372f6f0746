package io.github.edm2.ema;

import java.io.IOException;
import java.nio.FloatBuffer;

/** Takes the weights of a network piece by piece, as one vector of all its tensors. */
@FunctionalInterface
public interface WeightSink {

    /**
     * Takes the elements that follow those of the last call. One call at a time, but from any
     * thread.
     *
     * @param elements of the tensors in the order of the reconstruction, each row-major; valid
     *     during the call
     * @throws IOException if they cannot be kept
     */
    void write(FloatBuffer elements) throws IOException;
}
