package io.github.edm2.models.unet;

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
            Slot output,
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
     * @param output what it gives
     * @param inPlace whether the output may be in the first input's array
     * @param operation makes it, once all these have arrays
     */
    void add(
            List<Slot> inputs,
            List<Slot> temporaries,
            Slot output,
            boolean inPlace,
            Supplier<Runnable> operation) {
        steps.add(new Step(inputs, temporaries, output, inPlace, operation));
    }

    /**
     * Gives every value an array and makes the operations.
     *
     * @param given values that the caller sets before a run, and that keep their arrays
     * @param result value that the caller reads after a run; steps that it does not depend on are
     *     left out
     * @return the operations, to be run in order
     */
    List<Runnable> compile(List<Slot> given, Slot result) {
        List<Runnable> operations = new ArrayList<>();
        List<Step> needed = needed(result);
        for (int i = 0; i < needed.size(); i++) {
            for (Slot input : needed.get(i).inputs) {
                input.lastUse = i;
            }
        }
        result.lastUse = needed.size();
        for (Slot input : given) {
            input.array = Nd4j.create(type, input.shape);
            input.lastUse = needed.size();
        }
        Map<Long, Deque<INDArray>> free = new HashMap<>();
        for (int i = 0; i < needed.size(); i++) {
            Step step = needed.get(i);
            Slot first = step.inputs.get(0);
            boolean shares = step.inPlace && first.lastUse == i;
            step.output.array =
                    shares ? first.array.reshape(step.output.shape) : take(step.output, free);
            step.temporaries.forEach(slot -> slot.array = take(slot, free));
            operations.add(step.operation.get());
            step.temporaries.forEach(slot -> give(slot, free));
            for (Slot input : step.inputs) {
                if (input.lastUse == i && !(shares && input == first)) {
                    give(input, free);
                    input.lastUse = -1; // once, should it be an input twice
                }
            }
        }
        steps.clear();
        return operations;
    }

    private List<Step> needed(Slot result) {
        Deque<Step> needed = new ArrayDeque<>();
        List<Slot> wanted = new ArrayList<>(List.of(result));
        for (int i = steps.size() - 1; i >= 0; i--) {
            if (wanted.contains(steps.get(i).output)) {
                needed.addFirst(steps.get(i));
                wanted.addAll(steps.get(i).inputs);
            }
        }
        return new ArrayList<>(needed);
    }

    private INDArray take(Slot slot, Map<Long, Deque<INDArray>> free) {
        long length = Arrays.stream(slot.shape).reduce(1, (a, b) -> a * b);
        Deque<INDArray> fitting = free.computeIfAbsent(length, l -> new ArrayDeque<>());
        INDArray vector =
                fitting.isEmpty() ? Nd4j.createUninitialized(type, length) : fitting.pop();
        return vector.reshape('c', true, slot.shape);
    }

    private static void give(Slot slot, Map<Long, Deque<INDArray>> free) {
        long length = slot.array.length();
        free.computeIfAbsent(length, l -> new ArrayDeque<>())
                .push(slot.array.reshape('c', true, length));
    }
}
