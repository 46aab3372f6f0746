package io.github.edm2.layers;

import java.util.function.Function;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;

/** A configuration of a layer or vertex that a SameDiff graph can have as well. */
public interface InSameDiff {

    /**
     * The graph that it becomes a part of.
     *
     * @param sd the graph
     * @param type of its numbers
     * @param name of the layer or vertex
     * @param parameters the variable of each of its parameters, by key
     * @param inputs types of its inputs
     */
    record Part(
            SameDiff sd,
            DataType type,
            String name,
            Function<String, SDVariable> parameters,
            InputType... inputs) {

        /** The shape of an input, -1 for the batch. */
        public long[] shape(int input) {
            return inputs[input].getShape(true);
        }

        /** Channels of an input. */
        public long channels(int input) {
            return shape(input)[1];
        }

        /** Constant numbers [1, values]. */
        public SDVariable row(String suffix, float... values) {
            return sd.constant(
                    name + suffix,
                    Nd4j.createFromArray(values).reshape(1, values.length).castTo(type));
        }
    }

    /**
     * Adds it to a SameDiff graph, without dropout.
     *
     * @param x its inputs
     * @return its output
     */
    SDVariable define(Part part, SDVariable... x);
}
