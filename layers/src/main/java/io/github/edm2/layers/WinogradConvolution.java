package io.github.edm2.layers;

import io.github.edm2.layers.plan.Prepared;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * A 3x3 convolution with stride 1 and a zero padding of one pixel, by {@link MinimalFiltering}
 * along the height: four rows y of the result come from six rows x of the image, which overlap
 * those of the next four by two. Each of the six products is a convolution along the width alone:
 * three matrix products. That is half of the multiplications. The transforms are matrix products
 * too.
 *
 * <p>Images are [batch, height, width, channels]. They are copied to {@link RowGroups}, those rows
 * that groups share twice, in which a shift along the width is one of all pixels, and transformed
 * to [components, groups, batch, 1 + width, channels]. No product reads a matrix with gaps: ND4J
 * (M2.1, CPU) would give it to OpenBLAS, whose idle threads are in the way of oneDNN's.
 */
public final class WinogradConvolution {

    /** Height and width of the kernel. */
    public static final int KERNEL = MinimalFiltering.TAPS;

    private static final int STEP = MinimalFiltering.OUTPUTS;
    private static final int COMPONENTS = MinimalFiltering.COMPONENTS;
    private static final int PRODUCTS = COMPONENTS * KERNEL;

    /**
     * Pixels of a component that are worked on together: fewer make small products, more leave the
     * processor's caches.
     */
    private static final long PIXELS = 1000;

    private static final int FEWEST_CHANNELS = 64;
    private static final int FEWEST_PIXELS = 128;

    /** Pixels by channels by channels of one thread; all threads wait for each other more often. */
    private static final long LEAST_PRODUCTS = 1 << 21;

    private final long batch;
    private final int size;
    private final long in;
    private final long out;
    private final int groups;
    private final int groupsAtOnce;

    /**
     * @param batch number of images
     * @param size their height and width
     * @param in channels of the images
     * @param out channels of the result
     */
    public WinogradConvolution(long batch, int size, long in, long out) {
        this.batch = batch;
        this.size = size;
        this.in = in;
        this.out = out;
        groups = (size + STEP - 1) / STEP;
        long row = row(1);
        groupsAtOnce = (int) Math.min(groups, (PIXELS + row - 1) / row);
    }

    /**
     * Whether it is worth its transforms; measured with oneDNN's AVX2 convolutions. A CUDA backend
     * has cuDNN, which chooses for itself.
     *
     * @param threads that compute it
     */
    public static boolean faster(long batch, int size, long in, long out, int threads) {
        long pixels = batch * size * size;
        return Nd4j.getEnvironment().isCPU()
                && Math.min(in, out) >= FEWEST_CHANNELS
                && pixels >= FEWEST_PIXELS
                && pixels * in * out > LEAST_PRODUCTS * threads * threads;
    }

    /** Numbers of a transformed weight. */
    public long weightLength() {
        return PRODUCTS * out * in;
    }

    /** Numbers that {@link #forward} works in. */
    public long memoryLength() {
        return paddedLength() + transformedLength(in) + transformedLength(out);
    }

    /** Numbers that {@link #forwardOfWeight} and {@link #gradient} work in. */
    public long memoryLengthWithWeight() {
        return memoryLength() + weightLength();
    }

    private long paddedLength() {
        return COMPONENTS * groupsAtOnce * row(Math.max(in, out));
    }

    /** With a pixel of zeros behind the last. */
    private long transformedLength(long channels) {
        return COMPONENTS * groupsAtOnce * row(channels) + channels;
    }

    /** Numbers of a row of all images with its padding. */
    private long row(long channels) {
        return RowGroups.columnsOfGroup(batch, size, channels);
    }

    /**
     * The transformed weight of {@link #forward}, a new array: u = G w. With the channels of the
     * image before those of the result, products of few pixels take 20 to 30 % less time.
     *
     * @param w [out, in, 3, 3]
     */
    public INDArray weight(INDArray w) {
        INDArray u = Nd4j.createUninitialized(w.dataType(), weightLength());
        transformWeight(w.permute(1, 0, 2, 3).dup('c'), u).run();
        return u;
    }

    /** u = G w, of [out, in, 3, 3] or [in, out, 3, 3]. */
    private Runnable transformWeight(INDArray w, INDArray u) {
        return Prepared.matmul(
                kernelMatrix(w.dataType()),
                w.reshape('c', out * in, KERNEL * KERNEL),
                u.reshape('c', PRODUCTS, out * in),
                false,
                true);
    }

    /**
     * y = x * w.
     *
     * @param x [batch, size, size, in]
     * @param u of w, see {@link #weight}
     * @param y [batch, size, size, out]
     * @param memory vector of {@link #memoryLength} or more, overwritten
     */
    public Runnable forward(INDArray x, INDArray u, INDArray y, INDArray memory) {
        return forward(x, u, false, y, memory);
    }

    private Runnable forward(
            INDArray x, INDArray u, boolean outFirst, INDArray y, INDArray memory) {
        Memory parts = new Memory(memory);
        return eachBlock(
                block ->
                        Prepared.sequence(
                                block.transformInput(x, parts),
                                block.products(parts, u, outFirst),
                                block.output(parts, y)));
    }

    /**
     * y = x * w, the weight being transformed each time.
     *
     * @param w [out, in, 3, 3]
     * @param memory vector of {@link #memoryLengthWithWeight} or more, overwritten
     */
    public Runnable forwardOfWeight(INDArray x, INDArray w, INDArray y, INDArray memory) {
        INDArray u = new Memory(memory).weight();
        return Prepared.sequence(transformWeight(w, u), forward(x, u, true, y, memory));
    }

    /**
     * The gradients of image and weight.
     *
     * @param x [batch, size, size, in]
     * @param w [out, in, 3, 3]
     * @param g gradient of the result, [batch, size, size, out]
     * @param dx receives the gradient of x
     * @param dw receives the gradient of w
     * @param memory vector of {@link #memoryLengthWithWeight} or more, overwritten
     */
    public Runnable gradient(
            INDArray x, INDArray w, INDArray g, INDArray dx, INDArray dw, INDArray memory) {
        Memory parts = new Memory(memory);
        INDArray u = parts.weight();
        Runnable ofWeight =
                eachBlock(
                        block ->
                                Prepared.sequence(
                                        block.transformInput(x, parts),
                                        block.transformOutputGradient(g, parts),
                                        block.weightGradient(parts, u)));
        boolean stillThere = groupsAtOnce == groups;
        Runnable ofInput =
                eachBlock(
                        block ->
                                Prepared.sequence(
                                        stillThere
                                                ? Prepared.sequence()
                                                : block.transformOutputGradient(g, parts),
                                        block.inputProducts(parts, u),
                                        block.inputGradient(parts, dx)));
        return Prepared.sequence(ofWeight, weightGradient(u, dw), transformWeight(w, u), ofInput);
    }

    /** dw = Gᵀ du. */
    private Runnable weightGradient(INDArray du, INDArray dw) {
        return Prepared.matmul(
                du.reshape('c', PRODUCTS, out * in),
                kernelMatrix(dw.dataType()),
                dw.reshape('c', out * in, KERNEL * KERNEL),
                true,
                false);
    }

    private Runnable eachBlock(Function<Block, Runnable> operation) {
        return Prepared.sequence(
                IntStream.iterate(0, first -> first < groups, first -> first + groupsAtOnce)
                        .mapToObj(first -> operation.apply(new Block(first)))
                        .toArray(Runnable[]::new));
    }

    /** What a vector of working memory is used for. */
    private final class Memory {
        private final INDArray all;
        private final INDArray padded;
        private final INDArray v;
        private final INDArray m;

        Memory(INDArray all) {
            this.all = all;
            padded = part(0, paddedLength());
            v = part(paddedLength(), transformedLength(in));
            m = part(paddedLength() + transformedLength(in), transformedLength(out));
        }

        INDArray weight() {
            return part(memoryLength(), weightLength());
        }

        private INDArray part(long from, long length) {
            return all.get(NDArrayIndex.interval(from, from + length));
        }
    }

    /** Makes one of the products. */
    @FunctionalInterface
    private interface Product {
        Runnable of(int component, int shift);
    }

    /** Groups of four rows, of all images, that are worked on together. */
    private final class Block {
        private final int first;
        private final int count;

        Block(int first) {
            this.first = first;
            count = Math.min(groupsAtOnce, groups - first);
        }

        /** v = Bᵀ x. */
        Runnable transformInput(INDArray x, Memory memory) {
            RowGroups rows = inputRows(memory);
            return Prepared.sequence(
                    rows.from(x),
                    zeroBehind(memory.v, in),
                    Prepared.matmul(
                            inputMatrix(x.dataType()),
                            rows.matrix(),
                            components(memory.v, in),
                            false,
                            false));
        }

        /** m = u v, added up over the shifts; u is [out, in] or [in, out]. */
        Runnable products(Memory memory, INDArray u, boolean outFirst) {
            return eachProduct(
                    (component, shift) ->
                            Prepared.matmul(
                                    pixels(memory.v, component, shift, in),
                                    outFirst
                                            ? product(u, component, shift, out, in)
                                            : product(u, component, shift, in, out),
                                    pixels(memory.m, component, 1, out),
                                    false,
                                    outFirst,
                                    1,
                                    shift == 0 ? 0 : 1));
        }

        /** y = Aᵀ m. */
        Runnable output(Memory memory, INDArray y) {
            RowGroups rows = outputRows(memory);
            return Prepared.sequence(
                    Prepared.matmul(
                            outputMatrix(y.dataType()),
                            components(memory.m, out),
                            rows.matrix(),
                            false,
                            false),
                    rows.to(y));
        }

        /** m = A g. */
        Runnable transformOutputGradient(INDArray g, Memory memory) {
            RowGroups rows = outputRows(memory);
            return Prepared.sequence(
                    rows.from(g),
                    zeroBehind(memory.m, out),
                    Prepared.matmul(
                            outputMatrix(g.dataType()),
                            rows.matrix(),
                            components(memory.m, out),
                            true,
                            false));
        }

        /** du = m v, added up over pixels and blocks. */
        Runnable weightGradient(Memory memory, INDArray du) {
            return eachProduct(
                    (component, shift) ->
                            Prepared.matmul(
                                    pixels(memory.m, component, 1, out),
                                    pixels(memory.v, component, shift, in),
                                    product(du, component, shift, out, in),
                                    true,
                                    false,
                                    1,
                                    first == 0 ? 0 : 1));
        }

        /** v = u m, added up over the shifts. */
        Runnable inputProducts(Memory memory, INDArray u) {
            return eachProduct(
                    (component, shift) ->
                            Prepared.matmul(
                                    pixels(memory.m, component, KERNEL - 1 - shift, out),
                                    product(u, component, shift, out, in),
                                    pixels(memory.v, component, 1, in),
                                    false,
                                    false,
                                    1,
                                    shift == 0 ? 0 : 1));
        }

        /** dx = B v, added up where groups share rows. */
        Runnable inputGradient(Memory memory, INDArray dx) {
            RowGroups rows = inputRows(memory);
            return Prepared.sequence(
                    Prepared.matmul(
                            inputMatrix(dx.dataType()),
                            components(memory.v, in),
                            rows.matrix(),
                            true,
                            false),
                    rows.addTo(dx));
        }

        /** Six rows: the four of the result, one above and one below. */
        private RowGroups inputRows(Memory memory) {
            return new RowGroups(memory.padded, batch, size, in, COMPONENTS, STEP, first, count);
        }

        private RowGroups outputRows(Memory memory) {
            return new RowGroups(memory.padded, batch, size, out, STEP, STEP, first, count);
        }

        private INDArray components(INDArray vector, long channels) {
            return matrix(vector, 0, COMPONENTS, count * row(channels));
        }

        /** The pixel behind the last, which is read where all are shifted. */
        private Runnable zeroBehind(INDArray vector, long channels) {
            long length = COMPONENTS * count * row(channels);
            return RowGroups.zero(vector.get(NDArrayIndex.interval(length, length + channels)));
        }

        /**
         * All pixels but one of a component, from one of its first three on, [pixels, channels].
         */
        private INDArray pixels(INDArray vector, int component, int start, long channels) {
            long pixels = count * row(1);
            return matrix(vector, component * pixels + start, pixels - 1, channels);
        }

        private INDArray product(INDArray u, int component, int shift, long rows, long columns) {
            return matrix(u, (component * KERNEL + shift) * rows, rows, columns);
        }

        private Runnable eachProduct(Product product) {
            return Prepared.sequence(
                    IntStream.range(0, PRODUCTS)
                            .mapToObj(i -> product.of(i / KERNEL, i % KERNEL))
                            .toArray(Runnable[]::new));
        }
    }

    /** Some rows of a vector as a matrix. */
    private static INDArray matrix(INDArray vector, long first, long rows, long columns) {
        return vector.get(NDArrayIndex.interval(first * columns, (first + rows) * columns))
                .reshape('c', rows, columns);
    }

    /** Bᵀ. */
    private static INDArray inputMatrix(DataType type) {
        double[][] matrix = new double[COMPONENTS][];
        for (int component = 0; component < COMPONENTS; component++) {
            matrix[component] = MinimalFiltering.input(component);
        }
        return Nd4j.create(matrix).castTo(type);
    }

    /** Aᵀ. */
    private static INDArray outputMatrix(DataType type) {
        double[][] matrix = new double[STEP][COMPONENTS];
        for (int row = 0; row < STEP; row++) {
            for (int component = 0; component < COMPONENTS; component++) {
                matrix[row][component] = MinimalFiltering.output(component, row);
            }
        }
        return Nd4j.create(matrix).castTo(type);
    }

    /** G for each column of the kernel, [components shifts, kernel kernel]. */
    private static INDArray kernelMatrix(DataType type) {
        double[][] matrix = new double[PRODUCTS][KERNEL * KERNEL];
        for (int component = 0; component < COMPONENTS; component++) {
            for (int shift = 0; shift < KERNEL; shift++) {
                for (int row = 0; row < KERNEL; row++) {
                    matrix[component * KERNEL + shift][row * KERNEL + shift] =
                            MinimalFiltering.kernel(component, row);
                }
            }
        }
        return Nd4j.create(matrix).castTo(type);
    }
}
