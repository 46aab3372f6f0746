package io.github.edm2.layers;

import java.util.ArrayList;
import java.util.List;
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
 * <p>Images are [batch, height, width, channels]. They are copied to [height, batch, 1 + width,
 * channels] with a pixel of zeros before each row, so that a shift along the width is one of all
 * pixels, and transformed to [components, groups of four rows, batch, 1 + width, channels]. No
 * product reads a matrix with gaps: ND4J (M2.1, CPU) would give it to OpenBLAS, whose idle threads
 * are in the way of oneDNN's.
 */
public final class WinogradConvolution {

    /** Height and width of the kernel. */
    public static final int KERNEL = MinimalFiltering.TAPS;

    private static final int STEP = MinimalFiltering.OUTPUTS;
    private static final int COMPONENTS = MinimalFiltering.COMPONENTS;
    private static final int PRODUCTS = COMPONENTS * KERNEL;

    /**
     * Pixels of a component that are worked on together: fewer make small products, more leave the
     * processor's caches and are multiplied by more zeros in the transforms.
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
        return Math.min(size, groupsAtOnce * STEP + 2L) * row(Math.max(in, out));
    }

    /** With a pixel of zeros behind the last. */
    private long transformedLength(long channels) {
        return COMPONENTS * groupsAtOnce * row(channels) + channels;
    }

    /** Numbers of a row of all images with its padding. */
    private long row(long channels) {
        return batch * (size + 1) * channels;
    }

    /**
     * u = G w.
     *
     * @param w [out, in, 3, 3]
     * @param u vector of {@link #weightLength}
     */
    public Runnable weight(INDArray w, INDArray u) {
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
        Memory parts = new Memory(memory);
        return eachBlock(
                block ->
                        Prepared.sequence(
                                block.transformInput(x, parts),
                                block.products(parts, u),
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
        return Prepared.sequence(weight(w, u), forward(x, u, y, memory));
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
        return Prepared.sequence(ofWeight, weightGradient(u, dw), weight(w, u), ofInput);
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
        private final int inputFrom;
        private final int inputTo;
        private final int outputFrom;
        private final int outputTo;

        Block(int first) {
            this.first = first;
            count = Math.min(groupsAtOnce, groups - first);
            outputFrom = first * STEP;
            outputTo = Math.min(size, (first + count) * STEP);
            inputFrom = Math.max(0, outputFrom - 1);
            inputTo = Math.min(size, outputTo + 1);
        }

        /** v = Bᵀ x. */
        Runnable transformInput(INDArray x, Memory memory) {
            int rows = inputTo - inputFrom;
            return Prepared.sequence(
                    pad(x, inputFrom, inputTo, memory.padded, memory.v),
                    Prepared.matmul(
                            inputMatrix(x.dataType()),
                            rows(memory.padded, rows, in),
                            rows(memory.v, COMPONENTS * count, in),
                            false,
                            false));
        }

        /** m = u v, added up over the shifts. */
        Runnable products(Memory memory, INDArray u) {
            return eachProduct(
                    (component, shift) ->
                            Prepared.matmul(
                                    pixels(memory.v, component, shift, in),
                                    product(u, component, shift),
                                    pixels(memory.m, component, 1, out),
                                    false,
                                    true,
                                    1,
                                    shift == 0 ? 0 : 1));
        }

        /** y = Aᵀ m. */
        Runnable output(Memory memory, INDArray y) {
            int rows = outputTo - outputFrom;
            return Prepared.sequence(
                    Prepared.matmul(
                            outputMatrix(y.dataType()),
                            rows(memory.m, COMPONENTS * count, out),
                            rows(memory.padded, rows, out),
                            false,
                            false),
                    Prepared.copy(
                            inner(memory.padded, 0, rows, out),
                            rowsOfImages(y, outputFrom, outputTo)));
        }

        /** m = A g. */
        Runnable transformOutputGradient(INDArray g, Memory memory) {
            return Prepared.sequence(
                    pad(g, outputFrom, outputTo, memory.padded, memory.m),
                    Prepared.matmul(
                            outputMatrix(g.dataType()),
                            rows(memory.padded, outputTo - outputFrom, out),
                            rows(memory.m, COMPONENTS * count, out),
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
                                    product(du, component, shift),
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
                                    product(u, component, shift),
                                    pixels(memory.v, component, 1, in),
                                    false,
                                    false,
                                    1,
                                    shift == 0 ? 0 : 1));
        }

        /** dx = B v, added to what the block before gave for the rows that they share. */
        Runnable inputGradient(Memory memory, INDArray dx) {
            int rows = inputTo - inputFrom;
            int shared = first == 0 ? 0 : KERNEL - 1;
            List<Runnable> operations = new ArrayList<>();
            operations.add(
                    Prepared.matmul(
                            inputMatrix(dx.dataType()),
                            rows(memory.v, COMPONENTS * count, in),
                            rows(memory.padded, rows, in),
                            true,
                            false));
            if (shared > 0) {
                INDArray both = rowsOfImages(dx, inputFrom, inputFrom + shared);
                operations.add(Prepared.add(both, inner(memory.padded, 0, shared, in), both));
            }
            if (shared < rows) {
                operations.add(
                        Prepared.copy(
                                inner(memory.padded, shared, rows, in),
                                rowsOfImages(dx, inputFrom + shared, inputTo)));
            }
            return Prepared.sequence(operations.toArray(Runnable[]::new));
        }

        /** Copies rows to where they have their padding, and sets all padding to zero. */
        private Runnable pad(
                INDArray images, int from, int to, INDArray padded, INDArray transformed) {
            long channels = images.size(3);
            INDArray before =
                    withPadding(padded, to - from, channels)
                            .get(
                                    NDArrayIndex.all(),
                                    NDArrayIndex.all(),
                                    NDArrayIndex.interval(0, 1),
                                    NDArrayIndex.all());
            long length = COMPONENTS * count * row(channels);
            INDArray behind = transformed.get(NDArrayIndex.interval(length, length + channels));
            return Prepared.sequence(
                    Prepared.copy(Nd4j.zeros(images.dataType(), before.shape()), before),
                    Prepared.copy(Nd4j.zeros(images.dataType(), channels), behind),
                    Prepared.copy(
                            rowsOfImages(images, from, to), inner(padded, 0, to - from, channels)));
        }

        /** Rows from the first on with their padding, a matrix. */
        private INDArray rows(INDArray vector, long count, long channels) {
            long row = row(channels);
            return vector.get(NDArrayIndex.interval(0, count * row)).reshape('c', count, row);
        }

        /**
         * All pixels but one of a component, from one of its first three on, [pixels, channels].
         */
        private INDArray pixels(INDArray vector, int component, int start, long channels) {
            long pixels = count * row(1);
            long from = component * pixels + start;
            return vector.get(
                            NDArrayIndex.interval(from * channels, (from + pixels - 1) * channels))
                    .reshape('c', pixels - 1, channels);
        }

        private INDArray product(INDArray u, int component, int shift) {
            long length = out * in;
            long from = (component * KERNEL + shift) * length;
            return u.get(NDArrayIndex.interval(from, from + length)).reshape('c', out, in);
        }

        private Runnable eachProduct(Product product) {
            return Prepared.sequence(
                    IntStream.range(0, PRODUCTS)
                            .mapToObj(i -> product.of(i / KERNEL, i % KERNEL))
                            .toArray(Runnable[]::new));
        }

        /** Bᵀ of each four rows, [components groups, rows of the image]. */
        INDArray inputMatrix(DataType type) {
            double[][] matrix = new double[COMPONENTS * count][inputTo - inputFrom];
            for (int component = 0; component < COMPONENTS; component++) {
                double[] row = MinimalFiltering.input(component);
                for (int tile = 0; tile < count; tile++) {
                    for (int i = 0; i < COMPONENTS; i++) {
                        int at = outputFrom + tile * STEP + i - 1;
                        if (at >= inputFrom && at < inputTo) {
                            matrix[component * count + tile][at - inputFrom] = row[i];
                        }
                    }
                }
            }
            return Nd4j.create(matrix).castTo(type);
        }

        /** Aᵀ of each four rows, [rows of the result, components groups]. */
        INDArray outputMatrix(DataType type) {
            double[][] matrix = new double[outputTo - outputFrom][COMPONENTS * count];
            for (int row = 0; row < matrix.length; row++) {
                for (int component = 0; component < COMPONENTS; component++) {
                    matrix[row][component * count + row / STEP] =
                            MinimalFiltering.output(component, row % STEP);
                }
            }
            return Nd4j.create(matrix).castTo(type);
        }
    }

    /** [rows, batch, 1 + width, channels]. */
    private INDArray withPadding(INDArray padded, int rows, long channels) {
        return padded.get(NDArrayIndex.interval(0, rows * row(channels)))
                .reshape('c', rows, batch, size + 1, channels);
    }

    /** Some rows without the padding, [batch, rows, width, channels]. */
    private INDArray inner(INDArray padded, int from, int to, long channels) {
        return withPadding(padded, to, channels)
                .get(
                        NDArrayIndex.interval(from, to),
                        NDArrayIndex.all(),
                        NDArrayIndex.interval(1, size + 1),
                        NDArrayIndex.all())
                .permute(1, 0, 2, 3);
    }

    private static INDArray rowsOfImages(INDArray images, int from, int to) {
        return images.get(
                NDArrayIndex.all(),
                NDArrayIndex.interval(from, to),
                NDArrayIndex.all(),
                NDArrayIndex.all());
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
