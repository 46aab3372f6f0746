package io.github.edm2.ema;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * The same piece of several files, in memory that is used again for the next piece. Summed up on
 * the heap in vector instructions of the Java compiler: the sums of 8 averages of 16 snapshots of
 * 124.7 million parameters take 2 s so on one core, where ND4J's gemm took 3.2 s on two, and slowed
 * the thread that reads.
 */
final class FilePieces {

    /** Elements of a piece: small enough for a cache, large enough to hide the cost of a switch. */
    static final int CAPACITY = 1 << 17;

    /**
     * Elements that are summed up at a time: of all files together, they fit into a core's cache.
     */
    private static final int BLOCK = 1 << 11;

    /**
     * Where a piece is.
     *
     * @param tensor name of the tensor
     * @param begin first element in the tensor
     * @param count number of elements
     * @param offset first element in the vector of all tensors
     */
    record Place(String tensor, long begin, int count, long offset) {}

    private final List<TensorFile> files;
    private final float[][] read;
    private final ByteBuffer stored = ByteBuffer.allocateDirect(CAPACITY * Double.BYTES);
    private Place place;

    FilePieces(List<TensorFile> files) {
        this.files = files;
        read = new float[files.size()][CAPACITY];
    }

    /** Reads a piece of every file. */
    void read(Place next) {
        for (int i = 0; i < files.size(); i++) {
            TensorFile file = files.get(i);
            DataType type = file.tensors().get(next.tensor).type();
            stored.clear().limit(next.count * type.width());
            file.read(next.tensor, next.begin, stored);
            FloatDecoder.decode(stored.flip(), type, read[i]);
        }
        place = next;
    }

    /**
     * Adds the piece that was read last to sums.
     *
     * @param sums one vector of all tensors each
     * @param factors factor of each file in each sum [sum][file]
     */
    void addTo(List<FloatPointer> sums, float[][] factors) {
        IntStream.range(0, sums.size())
                .parallel()
                .forEach(i -> addTo(sums.get(i).getPointer(place.offset), factors[i]));
    }

    private void addTo(FloatPointer total, float[] factors) {
        float[] sum = new float[place.count];
        total.get(sum);
        for (int begin = 0; begin < place.count; begin += BLOCK) {
            int end = Math.min(begin + BLOCK, place.count);
            int file = 0;
            for (; file + 3 < factors.length; file += 4) {
                addFour(sum, file, factors, begin, end);
            }
            for (; file < factors.length; file++) {
                addOne(sum, read[file], factors[file], begin, end);
            }
        }
        total.put(sum);
    }

    /** Four files at a time, which spares reading and writing the sum for each. */
    private void addFour(float[] sum, int file, float[] factors, int begin, int end) {
        float[] a = read[file];
        float[] b = read[file + 1];
        float[] c = read[file + 2];
        float[] d = read[file + 3];
        float fa = factors[file];
        float fb = factors[file + 1];
        float fc = factors[file + 2];
        float fd = factors[file + 3];
        for (int i = begin; i < end; i++) {
            sum[i] += fa * a[i] + fb * b[i] + fc * c[i] + fd * d[i];
        }
    }

    private static void addOne(float[] sum, float[] a, float factor, int begin, int end) {
        for (int i = begin; i < end; i++) {
            sum[i] += factor * a[i];
        }
    }
}
