package io.github.edm2.ema;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongConsumer;

/**
 * Threads that sum up files, a piece each at a time: what a thread has read is still in its core's
 * cache when it sums it up. Each file is read, and each sum handed on, piece after piece, by one
 * thread at a time; meanwhile other threads read other files or sum up.
 */
final class SumWorkers {

    private final List<TensorFile> files;
    private final float[][] factors;
    private final List<List<FilePieces.Place>> pieces;
    private final List<WeightSink> sinks;
    private final LongConsumer progress;
    private final List<Turns> reading;
    private final List<Turns> writing;
    private final AtomicInteger next = new AtomicInteger();

    /**
     * @param files the files
     * @param factors factor of each file in each sum [sum][file]
     * @param pieces what is read and summed up at a time
     * @param sinks take a sum each
     * @param progress told how many elements were added, by one thread at a time
     */
    SumWorkers(
            List<TensorFile> files,
            float[][] factors,
            List<List<FilePieces.Place>> pieces,
            List<WeightSink> sinks,
            LongConsumer progress) {
        this.files = files;
        this.factors = factors;
        this.pieces = pieces;
        this.sinks = sinks;
        this.progress = progress;
        reading = files.stream().map(file -> new Turns()).toList();
        writing = sinks.stream().map(sink -> new Turns()).toList();
    }

    /**
     * Sums up all pieces. No thread is left when this returns or throws.
     *
     * @throws SnapshotException if a file cannot be read
     * @throws IOException if a sink throws it
     */
    void run() throws IOException {
        int threads = Math.min(pieces.size(), Runtime.getRuntime().availableProcessors());
        ExecutorService workers = Executors.newFixedThreadPool(threads);
        CompletionService<Void> ended = new ExecutorCompletionService<>(workers);
        try {
            for (int i = 0; i < threads; i++) {
                ended.submit(this::work);
            }
            for (int i = 0; i < threads; i++) {
                ended.take().get();
            }
        } catch (ExecutionException e) {
            throw failure(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while summing up stored averages", e);
        } finally {
            finish(workers);
        }
    }

    private Void work() throws IOException, InterruptedException {
        FilePieces piece = new FilePieces(files);
        float[][] sums = new float[sinks.size()][FilePieces.capacity(files.size())];
        for (int i = next.getAndIncrement(); i < pieces.size(); i = next.getAndIncrement()) {
            piece.moveTo(pieces.get(i));
            for (int file = 0; file < files.size(); file++) {
                reading.get(file).await(i);
                piece.read(file);
                reading.get(file).done();
            }
            piece.sum(factors, sums);
            for (int sum = 0; sum < sums.length; sum++) {
                writing.get(sum).await(i);
                sinks.get(sum).write(FloatBuffer.wrap(sums[sum], 0, piece.count()));
                if (sum == sums.length - 1) {
                    progress.accept((long) files.size() * piece.count());
                }
                writing.get(sum).done();
            }
        }
        return null;
    }

    /** As what is thrown on the caller's thread. */
    private static RuntimeException failure(Throwable cause) throws IOException {
        if (cause instanceof IOException e) {
            throw e;
        }
        if (cause instanceof Error e) {
            throw e;
        }
        if (cause instanceof RuntimeException e) {
            return e;
        }
        return new IllegalStateException("summing up stored averages failed", cause);
    }

    /** Interrupts those that wait for one that failed, and waits for all. */
    private static void finish(ExecutorService workers) {
        workers.shutdownNow();
        boolean interrupted = false;
        while (!workers.isTerminated()) {
            try {
                workers.awaitTermination(1, TimeUnit.MINUTES);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
