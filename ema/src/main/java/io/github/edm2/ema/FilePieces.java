package io.github.edm2.ema;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * The same piece of several files, in memory that is used again for the next piece. Summed up on
 * the heap in vector instructions of the Java compiler: the sums of 8 averages of 16 snapshots of
 * 124.7 million parameters take 2 s so on one core, where ND4J's gemm took 3.2 s on two, and slowed
 * the threads that read.
 *
 * <p>Half precision that is needed for one sum only is converted while it is added, which takes two
 * thirds of the time of converting it before; for several sums it is converted once.
 */
final class FilePieces {

    /** Elements of the pieces of all files together. */
    private static final int TOTAL = 1 << 21;

    /** Elements of a piece: not so few that reading them takes more calls than copying. */
    private static final int SHORTEST = 1 << 12;

    /**
     * Elements that are summed up at a time: of all files together, they fit into a core's cache.
     */
    private static final int BLOCK = 1 << 11;

    /**
     * Where a part of a piece is.
     *
     * @param tensor name of the tensor
     * @param begin first element in the tensor
     * @param count number of elements
     */
    record Place(String tensor, long begin, int count) {}

    private final List<TensorFile> files;
    private final float[][] read;
    private final ByteBuffer[] stored;
    private final ShortBuffer[] halves;
    private final boolean convertedLater;
    private List<Place> places;
    private int count;

    /**
     * @param files the files
     * @param sums how many sums each piece is needed for
     */
    FilePieces(List<TensorFile> files, int sums) {
        this.files = files;
        int capacity = capacity(files.size());
        convertedLater = sums == 1 && files.stream().allMatch(FilePieces::isHalf);
        read = new float[files.size()][convertedLater ? 0 : capacity];
        stored = new ByteBuffer[files.size()];
        Arrays.setAll(stored, i -> ByteBuffer.allocateDirect(capacity * widest(files.get(i))));
        halves = new ShortBuffer[files.size()];
        Arrays.setAll(halves, i -> stored[i].order(ByteOrder.LITTLE_ENDIAN).asShortBuffer());
    }

    private static boolean isHalf(TensorFile file) {
        return file.tensors().values().stream().allMatch(t -> t.type() == DataType.FLOAT16);
    }

    private static int widest(TensorFile file) {
        return file.tensors().values().stream().mapToInt(t -> t.type().width()).max().orElse(0);
    }

    /** Elements of the longest piece; the more files, the fewer, so that memory stays the same. */
    static int capacity(int files) {
        return Math.max(SHORTEST, TOTAL / files);
    }

    /** Goes on to the piece that these places make up, one after another. */
    void moveTo(List<Place> next) {
        places = next;
        count = places.stream().mapToInt(Place::count).sum();
    }

    /** Number of files. */
    int files() {
        return files.size();
    }

    /** Number of elements. */
    int count() {
        return count;
    }

    /** Reads the piece of one file; several files may be read at a time. */
    void read(int file) {
        TensorFile source = files.get(file);
        int first = 0;
        int begin = 0;
        for (Place place : places) {
            DataType type = source.tensors().get(place.tensor).type();
            ByteBuffer bytes = stored[file].slice(begin, place.count * type.width());
            source.read(place.tensor, place.begin, bytes);
            if (!convertedLater) {
                FloatCodec.decode(bytes.flip(), type, read[file], first);
            }
            first += place.count;
            begin += bytes.capacity();
        }
    }

    /**
     * Sums up the piece that was read last.
     *
     * @param factors factor of each file
     * @return the sum, of {@link #count} elements
     */
    FloatBuffer sum(float[] factors) {
        float[] sum = new float[count];
        IntStream.range(0, (count + BLOCK - 1) / BLOCK)
                .parallel()
                .forEach(i -> add(sum, factors, i * BLOCK, Math.min((i + 1) * BLOCK, count)));
        return FloatBuffer.wrap(sum);
    }

    private void add(float[] sum, float[] factors, int begin, int end) {
        int file = 0;
        for (; file + 3 < factors.length; file += 4) {
            if (convertedLater) {
                addFourHalves(sum, file, factors, begin, end);
            } else {
                addFour(sum, file, factors, begin, end);
            }
        }
        for (; file < factors.length; file++) {
            if (convertedLater) {
                addOneHalf(sum, halves[file], factors[file], begin, end);
            } else {
                addOne(sum, read[file], factors[file], begin, end);
            }
        }
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

    private void addFourHalves(float[] sum, int file, float[] factors, int begin, int end) {
        ShortBuffer a = halves[file];
        ShortBuffer b = halves[file + 1];
        ShortBuffer c = halves[file + 2];
        ShortBuffer d = halves[file + 3];
        float fa = factors[file];
        float fb = factors[file + 1];
        float fc = factors[file + 2];
        float fd = factors[file + 3];
        for (int i = begin; i < end; i++) {
            sum[i] +=
                    fa * FloatCodec.decodeHalf(a.get(i))
                            + fb * FloatCodec.decodeHalf(b.get(i))
                            + fc * FloatCodec.decodeHalf(c.get(i))
                            + fd * FloatCodec.decodeHalf(d.get(i));
        }
    }

    private static void addOneHalf(float[] sum, ShortBuffer a, float factor, int begin, int end) {
        for (int i = begin; i < end; i++) {
            sum[i] += factor * FloatCodec.decodeHalf(a.get(i));
        }
    }
}
