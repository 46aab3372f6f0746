package io.github.edm2.layers.plan;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.stream.Stream;

/**
 * What is to be added to a plan once all its forward steps are there: the gradients of the steps,
 * last step first, so that the gradient of a value is complete when the step that made it is due.
 */
public final class Tape {

    /** Makes the operation that gives the gradient of a step's input from that of its result. */
    @FunctionalInterface
    public interface Gradient {
        /**
         * @param g gradient of the result's numbers
         * @param dx receives the gradient of the input's numbers
         */
        Runnable operation(Slot g, Slot dx);
    }

    private final OperationPlan plan;
    private final Deque<Runnable> steps = new ArrayDeque<>();

    Tape(OperationPlan plan) {
        this.plan = plan;
    }

    /** Records a step: what adds its gradients to the plan. */
    public void push(Runnable step) {
        steps.push(step);
    }

    /**
     * Records a step with one input.
     *
     * @param result of the step
     * @param in the input
     * @param factor of the gradient that the operation gives, besides that of the result's
     * @param kept values of the forward pass that the operation reads
     * @param temporaries what it needs while it runs
     * @param inPlace whether the input's gradient may be in the array of the result's
     */
    public void push(
            Value result,
            Value in,
            double factor,
            List<Slot> kept,
            List<Slot> temporaries,
            boolean inPlace,
            Gradient gradient) {
        if (!in.differentiable()) {
            return;
        }
        push(
                () -> {
                    Slot g = result.gradientOrFail();
                    Slot dx = new Slot(in.slot().shape());
                    plan.add(
                            Stream.concat(Stream.of(g), kept.stream()).toList(),
                            temporaries,
                            List.of(dx),
                            inPlace,
                            () -> gradient.operation(g, dx));
                    accumulate(in, dx, result.factor() * factor);
                });
    }

    /** Adds the gradients of all recorded steps to the plan. */
    void unwind() {
        while (!steps.isEmpty()) {
            steps.pop().run();
        }
    }

    /** Adds to the gradient of a value's numbers: factor times slot. */
    public void accumulate(Value value, Slot slot, double factor) {
        if (!value.differentiable()) {
            return;
        }
        if (value.gradient() == null || value.factor() == 0) {
            value.gradient(slot, factor);
            return;
        }
        if (factor == 0) {
            return;
        }
        Slot before = value.gradient();
        Slot sum = new Slot(slot.shape());
        double relative = factor / value.factor();
        plan.add(
                List.of(before, slot),
                List.of(),
                List.of(sum),
                true,
                () -> Prepared.axpy(relative, slot.array(), before.array(), sum.array()));
        value.gradient(sum, value.factor());
    }
}
