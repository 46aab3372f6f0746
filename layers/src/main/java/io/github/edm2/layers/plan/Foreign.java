package io.github.edm2.layers.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A part of a graph that runs as DL4J has it, between planned ones: arrays in DL4J's order go in
 * and come out.
 */
interface Foreign {

    /**
     * @param inputs in DL4J's order; may be kept until {@link #backward}, and changed
     * @return the output, of the shape that was announced
     */
    INDArray forward(INDArray... inputs);

    /**
     * @param epsilon gradient of the output; may be changed
     * @return gradients of the inputs; null where there is none
     */
    INDArray[] backward(INDArray epsilon);

    /**
     * Adds it to a plan.
     *
     * @param shape of the output
     * @param differentiable whether there is something behind it that has a gradient
     */
    static Value plan(
            Planner planner, Foreign foreign, long[] shape, boolean differentiable, Value... x) {
        List<Slot> arrays = new ArrayList<>();
        for (Value input : x) {
            arrays.add(planner.array(input));
        }
        Slot y = Planner.rows(shape);
        planner.add(
                arrays,
                List.of(),
                List.of(y),
                false,
                () ->
                        () -> {
                            INDArray output = foreign.forward(arrays(arrays));
                            Shapes.require(output, shape);
                            Planner.inOrderOfArrays(y, shape).assign(output);
                        });
        Value value = new Value(y, shape, differentiable, 1);
        if (differentiable) {
            planner.tape().push(() -> gradient(planner, foreign, value, arrays, x));
        }
        return value;
    }

    private static INDArray[] arrays(List<Slot> slots) {
        return slots.stream().map(Slot::array).toArray(INDArray[]::new);
    }

    private static void gradient(
            Planner planner, Foreign foreign, Value value, List<Slot> arrays, Value... x) {
        Slot g = value.gradientOrFail();
        Slot epsilon = new Slot(value.shape());
        inputGradients(
                planner,
                Stream.concat(Stream.of(g), arrays.stream()).toList(),
                List.of(epsilon),
                () -> {
                    epsilon.array
                            .assign(Planner.inOrderOfArrays(g, value.shape()))
                            .muli(value.factor());
                    return foreign.backward(epsilon.array);
                },
                x);
    }

    /**
     * Adds a backward pass to a plan.
     *
     * @param read what it reads
     * @param temporaries what it needs while it runs
     * @param backward gives the gradients of the inputs; null where there is none
     * @param x the inputs
     */
    static void inputGradients(
            Planner planner,
            List<Slot> read,
            List<Slot> temporaries,
            Supplier<INDArray[]> backward,
            Value... x) {
        Slot[] gradients = new Slot[x.length];
        for (int i = 0; i < x.length; i++) {
            gradients[i] = x[i].differentiable() ? Planner.rows(x[i].shape()) : null;
        }
        planner.add(
                read,
                temporaries,
                Stream.of(gradients).filter(Objects::nonNull).toList(),
                false,
                () ->
                        () -> {
                            INDArray[] epsilons = backward.get();
                            for (int i = 0; i < x.length; i++) {
                                if (gradients[i] != null) {
                                    receive(epsilons[i], gradients[i], x[i].shape());
                                }
                            }
                        });
        for (int i = 0; i < x.length; i++) {
            if (gradients[i] != null) {
                Value in = x[i].plain();
                planner.tape().accumulate(in, gradients[i], in.pending());
            }
        }
    }

    private static void receive(INDArray epsilon, Slot gradient, long... shape) {
        if (epsilon == null) {
            gradient.array.assign(0);
        } else {
            Shapes.require(epsilon, shape);
            Planner.inOrderOfArrays(gradient, shape).assign(epsilon);
        }
    }
}
