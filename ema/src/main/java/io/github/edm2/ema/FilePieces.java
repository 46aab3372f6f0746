package io.github.edm2.ema;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.util.Arrays;
import java.util.List;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * The same piece of several files, in memory that is used again for the next piece. Summed up on
 * the heap in vector instructions of the Java compiler, block by block: for 8 averages of 16
 * snapshots of 124.7 million parameters, ND4J's gemm alone takes longer on two cores (3.2 s) than
 * reading and all of this.
 */
final class FilePieces {

    /** Elements of the pieces of all files together: their halves fit into a core's cache. */
    private static final int TOTAL = 1 << 18;

    /** Elements of a piece: not so few that reading them takes more calls than copying. */
    private static final int SHORTEST = 1 << 12;

    /** Elements that are summed up at a time, an even number. */
    private static final int BLOCK = 1 << 11;

    /** Root of what converted pairs of halves are multiplied with: no factor overflows by it. */
    private static final float ROOT_OF_SCALE = 0x1p56f;

    /**
     * Where a part of a piece is.
     *
     * @param tensor name of the tensor
     * @param begin first element in the tensor
     * @param count number of elements
     */
    record Place(String tensor, long begin, int count) {}

    private final List<TensorFile> files;
    private final ByteBuffer[] stored;
    private final boolean halves;
    private final IntBuffer[] pairs;
    private final HalfPairs converter = new HalfPairs(BLOCK / 2);
    private final float[][] converted;
    private final float[] block = new float[BLOCK];
    private List<Place> places;
    private int count;

    /**
     * @param files the files
     */
    FilePieces(List<TensorFile> files) {
        this.files = files;
        int capacity = capacity(files.size());
        halves = files.stream().allMatch(FilePieces::isHalf);
        converted = new float[files.size()][halves ? BLOCK : capacity];
        stored = new ByteBuffer[files.size()];
        Arrays.setAll(stored, i -> ByteBuffer.allocateDirect(capacity * widest(files.get(i))));
        pairs = new IntBuffer[files.size()];
        Arrays.setAll(pairs, i -> stored[i].order(ByteOrder.LITTLE_ENDIAN).asIntBuffer());
    }

    private static boolean isHalf(TensorFile file) {
        return file.tensors().values().stream().allMatch(t -> t.type() == DataType.FLOAT16);
    }

    private static int widest(TensorFile file) {
        return file.tensors().values().stream().mapToInt(t -> t.type().width()).max().orElse(0);
    }

    /** Elements of the longest piece; the more files, the fewer, so that memory stays the same. */
    static int capacity(int files) {
        int even = TOTAL / files & ~1;
        return Math.max(SHORTEST, even);
    }

    /** Goes on to the piece that these places make up, one after another. */
    void moveTo(List<Place> next) {
        places = next;
        count = places.stream().mapToInt(Place::count).sum();
    }

    /** Number of elements. */
    int count() {
        return count;
    }

    /** Reads the piece of one file. */
    void read(int file) {
        int begin = 0;
        for (Place place : places) {
            ByteBuffer bytes = stored[file].slice(begin, bytes(file, place));
            files.get(file).read(place.tensor, place.begin, bytes);
            begin += bytes.capacity();
        }
    }

    private int bytes(int file, Place place) {
        return place.count * type(file, place).width();
    }

    private DataType type(int file, Place place) {
        return files.get(file).tensors().get(place.tensor).type();
    }

    /**
     * Sums up what was read of all files.
     *
     * @param factors factor of each file in each sum [sum][file]
     * @param sums receive {@link #count} elements each
     */
    void sum(float[][] factors, float[][] sums) {
        if (!halves) {
            convert();
        }
        for (int begin = 0; begin < count; begin += BLOCK) {
            int length = Math.min(BLOCK, count - begin);
            if (halves) {
                sumHalves(factors, sums, begin, length);
            } else {
                for (int i = 0; i < sums.length; i++) {
                    add(factors[i], 1, sums[i], begin, begin + length);
                }
            }
        }
    }

    /** Converts the whole piece, each tensor from its own type. */
    private void convert() {
        for (int file = 0; file < stored.length; file++) {
            int first = 0;
            int begin = 0;
            for (Place place : places) {
                ByteBuffer bytes = stored[file].slice(begin, bytes(file, place));
                FloatCodec.decode(bytes, type(file, place), converted[file], first);
                first += place.count;
                begin += bytes.capacity();
            }
        }
    }

    private void sumHalves(float[][] factors, float[][] sums, int begin, int length) {
        int half = (length + 1) / 2;
        for (int file = 0; file < pairs.length; file++) {
            converter.decode(pairs[file], begin / 2, half, converted[file]);
        }
        if (converter.foundNonFinite()) {
            for (int file = 0; file < pairs.length; file++) {
                HalfPairs.decodeAny(pairs[file], begin / 2, half, converted[file]);
            }
        }
        for (int i = 0; i < sums.length; i++) {
            add(factors[i], ROOT_OF_SCALE, block, 0, 2 * half);
            interleave(block, half, sums[i], begin);
        }
    }

    /** Puts pairs, whose first elements come before all second ones, into order. */
    private static void interleave(float[] block, int half, float[] sum, int begin) {
        for (int pair = 0; pair < half; pair++) {
            sum[begin + 2 * pair] = ROOT_OF_SCALE * block[pair];
            sum[begin + 2 * pair + 1] = ROOT_OF_SCALE * block[half + pair];
        }
    }

    /** Sums up converted elements. */
    private void add(float[] factors, float scale, float[] sum, int begin, int end) {
        Arrays.fill(sum, begin, end, 0);
        int file = 0;
        for (; file + 3 < factors.length; file += 4) {
            addFour(
                    converted[file],
                    factors[file] * scale,
                    converted[file + 1],
                    factors[file + 1] * scale,
                    converted[file + 2],
                    factors[file + 2] * scale,
                    converted[file + 3],
                    factors[file + 3] * scale,
                    sum,
                    begin,
                    end);
        }
        for (; file < factors.length; file++) {
            addOne(converted[file], factors[file] * scale, sum, begin, end);
        }
    }

    /**
     * Four files at a time, which spares reading and writing the sum for each. With one index for
     * all arrays: with another for one of them, Java's compiler makes no vector instructions.
     */
    private static void addFour(
            float[] a,
            float fa,
            float[] b,
            float fb,
            float[] c,
            float fc,
            float[] d,
            float fd,
            float[] sum,
            int begin,
            int end) {
        for (int i = begin; i < end; i++) {
            sum[i] += fa * a[i] + fb * b[i] + fc * c[i] + fd * d[i];
        }
    }

    private static void addOne(float[] a, float factor, float[] sum, int begin, int end) {
        for (int i = begin; i < end; i++) {
            sum[i] += factor * a[i];
        }
    }
}
