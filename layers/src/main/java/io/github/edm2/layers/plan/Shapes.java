package io.github.edm2.layers.plan;

import java.util.Arrays;
import java.util.Optional;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The shapes of a graph's inputs, by which plans are kept. */
final class Shapes {

    private Shapes() {}

    /**
     * A key of the shapes.
     *
     * @param count number of the graph's inputs
     * @return empty if the inputs are not what a plan takes: as many as the graph has, images or
     *     vectors, of one batch; DL4J's own code says what is wrong with them, if anything is
     */
    static Optional<String> key(int count, INDArray... inputs) {
        if (inputs == null || inputs.length != count) {
            return Optional.empty();
        }
        for (INDArray input : inputs) {
            if (input == null
                    || input.isEmpty()
                    || input.rank() != 2 && input.rank() != 4
                    || input.size(0) != inputs[0].size(0)) {
                return Optional.empty();
            }
        }
        return Optional.of(
                Arrays.deepToString(
                        Arrays.stream(inputs).map(INDArray::shape).toArray(long[][]::new)));
    }

    /**
     * Fails unless an array has the shape that was announced.
     *
     * @throws IllegalStateException otherwise
     */
    static void require(INDArray array, long... shape) {
        if (!Arrays.equals(array.shape(), shape)) {
            throw new IllegalStateException(
                    "A layer or vertex of DL4J gives the shape %s, where its configuration announces %s; train this graph as a plain ComputationGraph"
                            .formatted(Arrays.toString(array.shape()), Arrays.toString(shape)));
        }
    }
}
