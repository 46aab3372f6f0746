package io.github.edm2.ema;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * Several weighted sums of networks in files, in float. The files are read side by side, piece by
 * piece, each once; memory: a few pieces, whatever the size of the network.
 */
final class WeightedSums {

    private final ParameterLayout layout;
    private final List<WeightSink> sinks;
    private final LongConsumer progress;

    /**
     * @param layout names and shapes of the tensors to add; files may hold more
     * @param sinks take a sum each, in the layout's order
     * @param progress told how many elements of tensors were added, piece by piece, one call at a
     *     time, from any thread
     */
    WeightedSums(ParameterLayout layout, List<WeightSink> sinks, LongConsumer progress) {
        this.layout = layout;
        this.sinks = sinks;
        this.progress = progress;
    }

    /**
     * Sums up.
     *
     * @param stored the files
     * @param coefficients factor of each file in each sum [sum][file]
     * @return whether a file had tensors in half precision
     * @throws SnapshotException if a file lacks a tensor or has it in another shape
     * @throws IOException if a sink cannot take its sum
     */
    boolean add(List<StoredAverage> stored, double[][] coefficients) throws IOException {
        float[][] factors = new float[coefficients.length][stored.size()];
        for (int sum = 0; sum < coefficients.length; sum++) {
            for (int file = 0; file < stored.size(); file++) {
                factors[sum][file] = (float) coefficients[sum][file];
            }
        }
        List<TensorFile> files = new ArrayList<>();
        try {
            boolean half = false;
            for (StoredAverage average : stored) {
                TensorFile file = average.file().get();
                files.add(file);
                half |= requireTensors(layout, file);
            }
            List<List<FilePieces.Place>> pieces = pieces(FilePieces.capacity(files.size()));
            new SumWorkers(files, factors, pieces, sinks, progress).run();
            return half;
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

    /** All tensors in pieces, each but the last of the whole capacity. */
    private List<List<FilePieces.Place>> pieces(int capacity) {
        List<List<FilePieces.Place>> pieces = new ArrayList<>();
        int room = 0;
        for (Map.Entry<String, List<Long>> tensor : layout.shapes().entrySet()) {
            long length = ParameterLayout.elements(tensor.getValue());
            long begin = 0;
            while (begin < length) {
                if (room == 0) {
                    pieces.add(new ArrayList<>());
                    room = capacity;
                }
                int count = (int) Math.min(room, length - begin);
                pieces.get(pieces.size() - 1)
                        .add(new FilePieces.Place(tensor.getKey(), begin, count));
                begin += count;
                room -= count;
            }
        }
        return pieces;
    }
}
