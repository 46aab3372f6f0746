package io.github.edm2.layers.plan;

import org.deeplearning4j.nn.conf.inputs.InputType;

/** A configuration of a layer or vertex that says how it is planned, beside its formula. */
public interface Planned {

    /** Whether this configuration is planned; as DL4J has it, it runs otherwise. */
    default boolean isPlanned() {
        return true;
    }

    /** Whether it is a function of single elements, which takes any shape, in any order. */
    default boolean isElementwise() {
        return false;
    }

    /** What a table of operations calls it. */
    default String operationName() {
        return getClass().getSimpleName();
    }

    /**
     * What it computes for one example.
     *
     * @param output type of its output
     * @param inputs types of its inputs
     */
    default Cost cost(InputType output, InputType... inputs) {
        return Cost.perElement(1, output);
    }

    /**
     * Adds the operations of the forward pass to a plan and, where it trains, records what adds
     * those of the gradient.
     *
     * @param planner makes the plan; its dropout and preprocessors are already behind the inputs
     * @param name of the vertex in the graph
     * @param inputs of the shapes that the configuration's {@code getOutputType} takes
     * @return the output
     * @throws NotPlannedException if this configuration computes something that is not planned; it
     *     runs as it is then
     */
    Value plan(Planner planner, String name, Value... inputs);
}
