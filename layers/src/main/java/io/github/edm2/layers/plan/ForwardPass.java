package io.github.edm2.layers.plan;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * A forward pass of a frozen graph, its batch in parts that are computed side by side, each by some
 * of the processors. A thread that computes some examples alone waits for no other one; two
 * thousand operations that are each shared by all threads wait as many times, which takes 5 to 20 %
 * of the time of two processors.
 */
final class ForwardPass {

    private record Part(GraphPlan plan, long from, long to) {}

    private final DataType type;
    private final List<Part> parts = new ArrayList<>();
    private final List<long[]> outputShapes = new ArrayList<>();
    private final int threads;

    /**
     * @param graph the part of it on which the wanted values depend
     * @param constants the weights, by layer
     * @param wanted names of the vertices whose values are wanted
     * @param inputs of the shapes that will be given
     * @throws NotPlannedException if there is no plan for such inputs
     */
    ForwardPass(Topology graph, Map<String, ?> constants, List<String> wanted, INDArray... inputs) {
        type = graph.type();
        long batch = inputs[0].size(0);
        int all = OpenMp.threads();
        int count = Workers.parts(batch, all);
        GraphPlan first = plan(graph, constants, wanted, all / count, 0, batch / count, inputs);
        if (first.runsForeignVertices()) {
            // They hold arrays of one batch at a time.
            first = plan(graph, constants, wanted, all, 0, batch, inputs);
            count = 1;
        }
        threads = all / count;
        parts.add(new Part(first, 0, batch / count));
        for (int i = 1; i < count; i++) {
            long from = i * batch / count;
            long to = (i + 1) * batch / count;
            parts.add(
                    new Part(plan(graph, constants, wanted, threads, from, to, inputs), from, to));
        }
        for (long[] shape : first.outputShapes()) {
            long[] whole = shape.clone();
            whole[0] = batch;
            outputShapes.add(whole);
        }
    }

    private static GraphPlan plan(
            Topology graph,
            Map<String, ?> constants,
            List<String> wanted,
            int planThreads,
            long from,
            long to,
            INDArray... inputs) {
        long[][] shapes =
                Arrays.stream(inputs)
                        .map(
                                input -> {
                                    long[] shape = input.shape().clone();
                                    shape[0] = to - from;
                                    return shape;
                                })
                        .toArray(long[][]::new);
        return new GraphPlan(graph, constants, planThreads, wanted, shapes);
    }

    /**
     * Computes.
     *
     * @param inputs not changed
     * @return the wanted values, new arrays
     */
    INDArray[] run(INDArray... inputs) {
        INDArray[] outputs =
                outputShapes.stream()
                        .map(shape -> Nd4j.createUninitialized(type, shape))
                        .toArray(INDArray[]::new);
        if (parts.size() == 1) {
            parts.get(0).plan.output(inputs, outputs);
            return outputs;
        }
        List<Runnable> tasks =
                parts.stream()
                        .<Runnable>map(
                                part ->
                                        () ->
                                                part.plan.output(
                                                        rows(inputs, part), rows(outputs, part)))
                        .toList();
        Workers.run(threads, tasks);
        return outputs;
    }

    private static INDArray[] rows(INDArray[] arrays, Part part) {
        return Arrays.stream(arrays)
                .map(array -> array.get(NDArrayIndex.interval(part.from, part.to)))
                .toArray(INDArray[]::new);
    }
}
