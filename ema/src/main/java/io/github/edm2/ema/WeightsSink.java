package io.github.edm2.ema;

import java.nio.FloatBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.concurrency.AffinityManager.Location;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Keeps weights in memory. ND4J touches all pages of an array when it allocates it, which takes
 * longer than filling it (2 ns a number); so there are several arrays, which another thread
 * allocates one after another, beginning while the files are opened and the disk is waited for.
 */
final class WeightsSink implements WeightSink {

    /** Elements of the first array, which is waited for: 1 ms. */
    private static final long FEWEST = 1L << 18;

    /** Elements of the longest arrays: malloc gives back so large ones to the system, 32 MiB. */
    private static final long MOST = 9L << 20;

    /** An array's elements by those before it, so that it is allocated when they are filled. */
    private static final double SHARE = 0.5;

    private final Queue<CompletableFuture<Weights>> coming = new ArrayDeque<>();
    private final List<Weights> filled = new ArrayList<>();
    private FloatPointer next;
    private long room;

    private WeightsSink() {}

    /**
     * Sinks that are filled side by side.
     *
     * @param layout of the weights that will come
     * @param count number of sinks
     */
    static List<WeightsSink> of(ParameterLayout layout, int count) {
        List<WeightsSink> sinks = Stream.generate(WeightsSink::new).limit(count).toList();
        CompletableFuture<?> before = CompletableFuture.completedFuture(null);
        for (ParameterLayout part : parts(layout)) {
            for (WeightsSink sink : sinks) {
                CompletableFuture<Weights> array =
                        before.thenApplyAsync(
                                earlier -> Weights.uninitialized(part, DataType.FLOAT));
                sink.coming.add(array);
                before = array;
            }
        }
        return sinks;
    }

    private static List<ParameterLayout> parts(ParameterLayout layout) {
        List<ParameterLayout> parts = new ArrayList<>();
        Map<String, List<Long>> part = new LinkedHashMap<>();
        long before = 0;
        long length = 0;
        for (Map.Entry<String, List<Long>> parameter : layout.shapes().entrySet()) {
            if (length >= Math.min(MOST, Math.max(FEWEST, SHARE * before))) {
                parts.add(new ParameterLayout(part));
                part.clear();
                before += length;
                length = 0;
            }
            part.put(parameter.getKey(), parameter.getValue());
            length += ParameterLayout.elements(parameter.getValue());
        }
        parts.add(new ParameterLayout(part));
        return parts;
    }

    @Override
    public void write(FloatBuffer elements) {
        int first = elements.arrayOffset() + elements.position();
        int left = elements.remaining();
        while (left > 0) {
            if (room == 0) {
                begin(coming.remove().join());
            }
            int count = (int) Math.min(left, room);
            next.put(elements.array(), first, count);
            next.position(next.position() + count);
            room -= count;
            first += count;
            left -= count;
        }
    }

    private void begin(Weights part) {
        INDArray vector = part.storage().get(0);
        Nd4j.getAffinityManager().ensureLocation(vector, Location.HOST);
        Nd4j.getAffinityManager().tagLocation(vector, Location.HOST);
        next = new FloatPointer(vector.data().pointer());
        room = vector.length();
        filled.add(part);
    }

    /** Allocates nothing more, whether all weights have come or something failed. */
    void stop() {
        coming.forEach(array -> array.cancel(false));
    }

    /** The weights, once all have come. */
    Weights weights() {
        return Weights.joined(filled);
    }
}
