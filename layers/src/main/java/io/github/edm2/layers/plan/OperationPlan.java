package io.github.edm2.layers.plan;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A fixed sequence of operations on arrays that are allocated once. Values that are never needed
 * together share an array, and an operation whose first input nobody needs afterwards may work in
 * place.
 */
final class OperationPlan {

    /** An operation: what it reads and gives, and how to make it once the arrays are there. */
    private record Step(
            List<Slot> inputs,
            List<Slot> temporaries,
            List<Slot> outputs,
            boolean inPlace,
            Supplier<Runnable> operation) {}

    private final DataType type;
    private final List<Step> steps = new ArrayList<>();

    OperationPlan(DataType type) {
        this.type = type;
    }

    /**
     * Adds an operation.
     *
     * @param inputs what it reads
     * @param temporaries what it needs while it runs
     * @param outputs what it gives
     * @param inPlace whether the first output may be in the first input's array
     * @param operation makes it, once all these have arrays
     */
    void add(
            List<Slot> inputs,
            List<Slot> temporaries,
            List<Slot> outputs,
            boolean inPlace,
            Supplier<Runnable> operation) {
        steps.add(new Step(inputs, temporaries, outputs, inPlace, operation));
    }

    /** Number of the operations so far. */
    int steps() {
        return steps.size();
    }

    /**
     * Gives every value an array and makes the operations.
     *
     * @param given values that the caller sets between operations, and that keep their arrays
     * @param results values that the caller reads between operations, and that keep their arrays
     * @return the operations, to be run in order
     */
    List<Runnable> compile(List<Slot> given, List<Slot> results) {
        for (int i = 0; i < steps.size(); i++) {
            for (Slot input : steps.get(i).inputs) {
                input.lastUse = i;
            }
        }
        for (Slot input : given) {
            input.array = Nd4j.create(type, input.shape());
            input.lastUse = steps.size();
        }
        results.forEach(result -> result.lastUse = steps.size());
        List<Runnable> operations = new ArrayList<>();
        Map<Long, Deque<INDArray>> free = new HashMap<>();
        for (int i = 0; i < steps.size(); i++) {
            Step step = steps.get(i);
            Slot first = step.inputs.isEmpty() ? null : step.inputs.get(0);
            boolean shares = step.inPlace && first.lastUse == i;
            for (Slot output : step.outputs) {
                boolean same = shares && output == step.outputs.get(0);
                output.array = same ? first.array.reshape(output.shape()) : take(output, free);
            }
            step.temporaries.forEach(slot -> slot.array = take(slot, free));
            operations.add(step.operation.get());
            step.temporaries.forEach(slot -> give(slot, free));
            for (Slot input : step.inputs) {
                if (input.lastUse == i && !(shares && input == first)) {
                    give(input, free);
                    input.lastUse = -1; // once, should it be an input twice
                }
            }
            for (Slot output : step.outputs) {
                if (output.lastUse < 0) {
                    give(output, free); // nobody reads it
                }
            }
        }
        steps.clear();
        return operations;
    }

    private INDArray take(Slot slot, Map<Long, Deque<INDArray>> free) {
        long length = Arrays.stream(slot.shape()).reduce(1, (a, b) -> a * b);
        Deque<INDArray> fitting = free.computeIfAbsent(length, l -> new ArrayDeque<>());
        INDArray vector =
                fitting.isEmpty() ? Nd4j.createUninitialized(type, length) : fitting.pop();
        return vector.reshape('c', true, slot.shape());
    }

    private static void give(Slot slot, Map<Long, Deque<INDArray>> free) {
        long length = slot.array.length();
        free.computeIfAbsent(length, l -> new ArrayDeque<>())
                .push(slot.array.reshape('c', true, length));
    }
}
