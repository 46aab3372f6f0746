package io.github.edm2.layers.plan;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The operations of one layer or vertex on inputs of certain shapes, apart from any graph. */
final class LayerPlan {

    private final DataType type;
    private final Planner planner;
    private final Value[] inputs;
    private final Value output;

    /** Gradient of the output; null if only forward passes are planned. */
    private final Slot epsilon;

    private final List<Runnable> forward;
    private final List<Runnable> backward;

    /**
     * @param layer at run time; null for a vertex without parameters
     * @param gradients whether backward passes are wanted
     */
    LayerPlan(
            Planned planned,
            String name,
            Layer layer,
            DataType type,
            boolean gradients,
            long[]... shapes) {
        this.type = type;
        planner = new Planner(layer, type, gradients);
        inputs =
                Arrays.stream(shapes)
                        .map(shape -> new Value(Planner.rows(shape), shape, gradients, 1))
                        .toArray(Value[]::new);
        output = planner.whole(planned.plan(planner, name, inputs));
        int steps = planner.steps();
        List<Slot> given = new ArrayList<>();
        for (Value input : inputs) {
            given.add(input.slot());
        }
        epsilon = gradients ? new Slot(output.slot().shape()) : null;
        if (gradients) {
            given.add(epsilon);
            output.gradient(epsilon, 1);
            planner.unwind();
        }
        List<Slot> results = new ArrayList<>(List.of(output.slot()));
        Arrays.stream(inputs).map(Value::gradient).filter(Objects::nonNull).forEach(results::add);
        List<Runnable> operations = planner.compile(given, results);
        forward = operations.subList(0, steps);
        backward = operations.subList(steps, operations.size());
    }

    /** Whether {@link #backward} can be called. */
    boolean givesGradients() {
        return epsilon != null;
    }

    /**
     * Computes the output.
     *
     * @param evaluating see {@link Planner#evaluating}
     * @param x of the plan's shapes; not changed
     */
    INDArray forward(boolean evaluating, LayerWorkspaceMgr workspaces, INDArray... x) {
        for (int i = 0; i < x.length; i++) {
            array(inputs[i].slot(), inputs[i]).assign(x[i]);
        }
        planner.evaluate(evaluating);
        forward.forEach(Runnable::run);
        return copy(output.slot(), output, 1, ArrayType.ACTIVATIONS, workspaces);
    }

    /**
     * Computes the gradients, those of parameters into the layer's views.
     *
     * @param gradient of the output
     * @return gradients of the inputs; null where there is none
     */
    INDArray[] backward(INDArray gradient, LayerWorkspaceMgr workspaces) {
        array(epsilon, output).assign(gradient);
        backward.forEach(Runnable::run);
        return Arrays.stream(inputs)
                .map(
                        x ->
                                x.gradient() == null
                                        ? null
                                        : copy(
                                                x.gradient(),
                                                x,
                                                x.factor(),
                                                ArrayType.ACTIVATION_GRAD,
                                                workspaces))
                .toArray(INDArray[]::new);
    }

    /** Where {@link #backward} puts the gradients of parameters; null if there are none. */
    INDArray gradientArray() {
        return planner.gradientArray();
    }

    private static INDArray array(Slot slot, Value like) {
        return Planner.inOrderOfArrays(slot, like.shape());
    }

    private INDArray copy(
            Slot slot, Value like, double factor, ArrayType place, LayerWorkspaceMgr workspaces) {
        INDArray copy = workspaces.createUninitialized(place, type, like.shape(), 'c');
        copy.assign(array(slot, like));
        return factor == 1 ? copy : copy.muli(factor);
    }
}
