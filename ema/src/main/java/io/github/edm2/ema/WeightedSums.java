package io.github.edm2.ema;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.concurrency.AffinityManager.Location;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Several weighted sums of networks in files, in float. A few files at a time are read side by
 * side, piece by piece; while the pieces of one place are added to all sums, a second thread reads
 * the next. Each file is read once; memory: one network per sum, and some pieces.
 */
final class WeightedSums {

    /** Files read side by side. */
    private static final int GROUP = 16;

    private final List<Weights> sums;
    private final List<FilePieces.Place> places = new ArrayList<>();
    private final LongConsumer progress;
    private boolean anyHalf;

    private WeightedSums(ParameterLayout layout, int count, LongConsumer progress) {
        // In parallel, because most of it is the system's handing out of pages.
        this.sums =
                IntStream.range(0, count)
                        .parallel()
                        .mapToObj(i -> Weights.zeros(layout, DataType.FLOAT))
                        .toList();
        this.progress = progress;
        long offset = 0;
        for (Map.Entry<String, List<Long>> tensor : layout.shapes().entrySet()) {
            long length = ParameterLayout.elements(tensor.getValue());
            for (long begin = 0; begin < length; begin += FilePieces.CAPACITY) {
                int length1 = (int) Math.min(FilePieces.CAPACITY, length - begin);
                places.add(new FilePieces.Place(tensor.getKey(), begin, length1, offset + begin));
            }
            offset += length;
        }
    }

    /**
     * Sums up.
     *
     * @param layout names and shapes of the tensors to add; files may hold more
     * @param stored the files
     * @param coefficients factor of each file in each sum [sum][file]
     * @param progress told how many elements of tensors were added, piece by piece
     * @throws SnapshotException if a file lacks a tensor or has it in another shape
     */
    static WeightedSums of(
            ParameterLayout layout,
            List<StoredAverage> stored,
            double[][] coefficients,
            LongConsumer progress) {
        WeightedSums result = new WeightedSums(layout, coefficients.length, progress);
        for (int from = 0; from < stored.size(); from += GROUP) {
            int to = Math.min(from + GROUP, stored.size());
            float[][] factors = new float[coefficients.length][to - from];
            for (int sum = 0; sum < coefficients.length; sum++) {
                for (int file = from; file < to; file++) {
                    factors[sum][file - from] = (float) coefficients[sum][file];
                }
            }
            result.add(layout, stored.subList(from, to), factors);
        }
        return result;
    }

    Weights get(int sum) {
        return sums.get(sum);
    }

    /** Whether a file had tensors in half precision. */
    boolean anyHalf() {
        return anyHalf;
    }

    private void add(ParameterLayout layout, List<StoredAverage> group, float[][] factors) {
        List<TensorFile> files = new ArrayList<>();
        try {
            for (StoredAverage average : group) {
                TensorFile file = average.file().get();
                files.add(file);
                anyHalf |= requireTensors(layout, file);
            }
            add(files, factors);
        } finally {
            files.forEach(TensorFile::close);
        }
    }

    /** Fails if the file lacks a tensor; returns whether it has half precision. */
    private static boolean requireTensors(ParameterLayout layout, TensorFile file) {
        boolean half = false;
        for (Map.Entry<String, List<Long>> tensor : layout.shapes().entrySet()) {
            TensorFile.Info info = file.tensors().get(tensor.getKey());
            if (info == null || !info.shape().equals(tensor.getValue())) {
                throw new SnapshotException(
                        "%s belongs to another network: parameter %s %s"
                                .formatted(
                                        file.path(),
                                        tensor.getKey(),
                                        info == null
                                                ? "is missing"
                                                : "has shape %s instead of %s"
                                                        .formatted(
                                                                info.shape(), tensor.getValue())));
            }
            half |= info.type().width() == DataType.FLOAT16.width();
        }
        return half;
    }

    private void add(List<TensorFile> files, float[][] factors) {
        List<INDArray> vectors = sums.stream().map(sum -> sum.storage().get(0)).toList();
        vectors.forEach(v -> Nd4j.getAffinityManager().ensureLocation(v, Location.HOST));
        List<FloatPointer> pointers =
                vectors.stream().map(v -> new FloatPointer(v.data().pointer())).toList();
        ExecutorService reader = Executors.newSingleThreadExecutor();
        try {
            FilePieces current = new FilePieces(files);
            FilePieces next = new FilePieces(files);
            Future<?> reading = submit(reader, current, 0);
            for (int i = 0; i < places.size(); i++) {
                await(reading);
                if (i + 1 < places.size()) {
                    reading = submit(reader, next, i + 1);
                }
                current.addTo(pointers, factors);
                progress.accept((long) files.size() * places.get(i).count());
                FilePieces read = current;
                current = next;
                next = read;
            }
        } finally {
            finish(reader);
        }
        vectors.forEach(v -> Nd4j.getAffinityManager().tagLocation(v, Location.HOST));
    }

    private Future<?> submit(ExecutorService reader, FilePieces pieces, int place) {
        return reader.submit(() -> pieces.read(places.get(place)));
    }

    private static void await(Future<?> reading) {
        try {
            reading.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException("reading stored averages failed", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while reading stored averages", e);
        }
    }

    /** The reader must be done before its files are closed. */
    private static void finish(ExecutorService reader) {
        reader.shutdown();
        boolean interrupted = false;
        while (!reader.isTerminated()) {
            try {
                reader.awaitTermination(1, TimeUnit.MINUTES);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
