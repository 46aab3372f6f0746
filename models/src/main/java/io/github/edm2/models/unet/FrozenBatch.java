package io.github.edm2.models.unet;

import io.github.edm2.layers.OpenMp;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * A batch in parts that are computed side by side, each by some of the processors. A thread that
 * computes some images alone waits for no other one; two thousand operations that are each shared
 * by all threads wait as many times, which takes 5 to 20 % of the time of two processors.
 */
final class FrozenBatch {

    /** Time that a part may take longer than the mean. */
    private static final double UNEVEN = 1.15;

    private static final ExecutorService WORKERS =
            Executors.newCachedThreadPool(
                    task -> {
                        Thread thread = new Thread(task, "edm2-frozen");
                        thread.setDaemon(true);
                        return thread;
                    });

    private record Part(FrozenPlan plan, long from, long to) {}

    private final DataType type;
    private final List<Part> parts = new ArrayList<>();
    private final int threads;

    FrozenBatch(FrozenNetwork network, long batch) {
        type = network.type();
        int all = OpenMp.threads();
        int count = parts(batch, all);
        threads = all / count;
        for (int i = 0; i < count; i++) {
            long from = i * batch / count;
            long to = (i + 1) * batch / count;
            parts.add(new Part(new FrozenPlan(network, to - from, threads), from, to));
        }
    }

    /** As many as possible that are nearly as large and leave no thread without work. */
    static int parts(long batch, int threads) {
        int most = 1;
        for (int count = 2; count <= Math.min(batch, threads); count++) {
            long largest = (batch + count - 1) / count;
            if (threads % count == 0 && largest * count <= UNEVEN * batch) {
                most = count;
            }
        }
        return most;
    }

    /**
     * D(x; sigma).
     *
     * @param labels one-hot [batch, classes]; null for none
     * @return a new array
     */
    INDArray run(INDArray x, double sigma, INDArray labels) {
        INDArray result = Nd4j.createUninitialized(type, x.shape());
        if (parts.size() == 1) {
            parts.get(0).plan.run(x, sigma, labels, result);
            return result;
        }
        CompletableFuture<?>[] running =
                parts.stream()
                        .map(
                                part ->
                                        CompletableFuture.runAsync(
                                                () -> run(part, x, sigma, labels, result), WORKERS))
                        .toArray(CompletableFuture[]::new);
        CompletableFuture.allOf(running).join();
        return result;
    }

    private void run(Part part, INDArray x, double sigma, INDArray labels, INDArray result) {
        OpenMp.use(threads);
        part.plan.run(
                rows(x, part),
                sigma,
                labels == null ? null : rows(labels, part),
                rows(result, part));
    }

    private static INDArray rows(INDArray x, Part part) {
        return x.get(NDArrayIndex.interval(part.from, part.to));
    }
}
