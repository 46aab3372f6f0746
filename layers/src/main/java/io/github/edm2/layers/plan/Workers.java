package io.github.edm2.layers.plan;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Threads that work side by side, each with some of the processors. OpenMP's threads wait for more
 * work by spinning, so that a caller who keeps all of them busy in turn with these slows both down.
 */
public final class Workers {

    private static final ExecutorService POOL =
            Executors.newCachedThreadPool(
                    task -> {
                        Thread thread = new Thread(task, "edm2-worker");
                        thread.setDaemon(true);
                        return thread;
                    });

    /** Time that a part may take longer than the mean. */
    private static final double UNEVEN = 1.15;

    private Workers() {}

    /**
     * In how many parts a batch is computed: as many as possible that are nearly as large and leave
     * no thread without work.
     *
     * @param threads of all parts together
     */
    public static int parts(long batch, int threads) {
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
     * Runs tasks side by side and waits for all of them.
     *
     * @param threads of OpenMP for each task
     * @throws java.util.concurrent.CompletionException if one fails
     */
    public static void run(int threads, List<Runnable> tasks) {
        CompletableFuture.allOf(
                        tasks.stream()
                                .map(
                                        task ->
                                                CompletableFuture.runAsync(
                                                        () -> {
                                                            OpenMp.use(threads);
                                                            task.run();
                                                        },
                                                        POOL))
                                .toArray(CompletableFuture[]::new))
                .join();
    }
}
