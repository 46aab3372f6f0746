package io.github.edm2.layers;

import java.util.ArrayList;
import java.util.List;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.Op;
import org.nd4j.linalg.api.ops.impl.scalar.ScalarSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * A 3x3 convolution with stride 1 and a zero padding of one pixel, by minimal filtering F(4, 3)
 * along the height (S. Winograd, Arithmetic Complexity of Computations, 1980). Four rows y of the
 * result come from six rows x of the image, which overlap those of the next four by two, as
 *
 * <pre>y = Aᵀ ((G w) ∘ (Bᵀ x))</pre>
 *
 * in which each of the six products is a convolution along the width alone: three matrix products.
 * That is half of the multiplications. G and Aᵀ evaluate polynomials at five points and infinity,
 * and Bᵀ holds the coefficients of their Lagrange basis; all three act as matrix products too.
 * Errors of rounding are about twice those of the plain sum, with the points chosen here.
 *
 * <p>Images are [batch, height, width, channels]. They are copied to [height, batch, 1 + width,
 * channels] with a pixel of zeros before each row, so that a shift along the width is one of all
 * pixels, and transformed to [components, groups of four rows, batch, 1 + width, channels]. No
 * product reads a matrix with gaps: ND4J (M2.1, CPU) would give it to OpenBLAS, whose idle threads
 * are in the way of oneDNN's.
 */
public final class WinogradConvolution {

    /** Height and width of the kernel. */
    public static final int KERNEL = 3;

    private static final double[] POINTS = {0, 2.0 / 3, -2.0 / 3, 1.5, -1.5};
    private static final int STEP = 4;
    private static final int COMPONENTS = STEP + KERNEL - 1;
    private static final int PRODUCTS = COMPONENTS * KERNEL;

    /** Rows of an image that are transformed together: more cost more multiplications by zero. */
    private static final int BLOCK = 32;

    private static final int FEWEST_CHANNELS = 96;
    private static final int SMALLEST = 8;
    private static final long LEAST_PRODUCTS = 1 << 22;

    private final long batch;
    private final int size;
    private final int tiles;
    private final long in;
    private final long out;

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
        tiles = (size + STEP - 1) / STEP;
    }

    /**
     * Whether it is worth its transforms; measured with oneDNN's AVX2 convolutions. A CUDA backend
     * has cuDNN, which chooses for itself.
     */
    public static boolean faster(long batch, int size, long in, long out) {
        return Nd4j.getEnvironment().isCPU()
                && size >= SMALLEST
                && Math.min(in, out) >= FEWEST_CHANNELS
                && batch * size * size * in * out >= LEAST_PRODUCTS;
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
        return size * row(Math.max(in, out));
    }

    /** With a pixel of zeros behind the last. */
    private long transformedLength(long channels) {
        return COMPONENTS * tiles * row(channels) + channels;
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
        return Prepared.sequence(
                transformInput(x, parts.padded, parts.v),
                output(u, y, parts.padded, parts.v, parts.m));
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
        return Prepared.sequence(
                transformInput(x, parts.padded, parts.v),
                transformOutputGradient(g, parts.padded, parts.m),
                weightGradient(parts.v, parts.m, u, dw),
                weight(w, u),
                inputGradient(parts.m, u, parts.v, parts.padded, dx));
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

    /** y = Aᵀ m, m = the products of u and v. */
    private Runnable output(INDArray u, INDArray y, INDArray padded, INDArray v, INDArray m) {
        List<Runnable> operations = new ArrayList<>();
        for (Block block : blocks()) {
            block.eachProduct(
                    (component, shift) ->
                            operations.add(
                                    Prepared.matmul(
                                            block.pixels(v, component, shift, in),
                                            product(u, component, shift),
                                            block.pixels(m, component, 1, out),
                                            false,
                                            true,
                                            1,
                                            shift == 0 ? 0 : 1)));
            operations.add(
                    Prepared.matmul(
                            block.outputMatrix(y.dataType()),
                            block.transformed(m, out),
                            block.outputRows(padded, out),
                            false,
                            false));
        }
        operations.add(Prepared.copy(pixels(padded, out), y));
        return Prepared.sequence(operations.toArray(Runnable[]::new));
    }

    /** dw = Gᵀ du, du = the products of v and m over all pixels. */
    private Runnable weightGradient(INDArray v, INDArray m, INDArray u, INDArray dw) {
        List<Runnable> operations = new ArrayList<>();
        for (Block block : blocks()) {
            block.eachProduct(
                    (component, shift) ->
                            operations.add(
                                    Prepared.matmul(
                                            block.pixels(m, component, 1, out),
                                            block.pixels(v, component, shift, in),
                                            product(u, component, shift),
                                            true,
                                            false,
                                            1,
                                            block.first == 0 ? 0 : 1)));
        }
        operations.add(
                Prepared.matmul(
                        u.reshape('c', PRODUCTS, out * in),
                        kernelMatrix(dw.dataType()),
                        dw.reshape('c', out * in, KERNEL * KERNEL),
                        true,
                        false));
        return Prepared.sequence(operations.toArray(Runnable[]::new));
    }

    /** v = Bᵀ x. */
    private Runnable transformInput(INDArray x, INDArray padded, INDArray v) {
        List<Runnable> operations = new ArrayList<>();
        operations.add(pad(x, padded, v, in));
        for (Block block : blocks()) {
            operations.add(
                    Prepared.matmul(
                            block.inputMatrix(x.dataType()),
                            block.inputRows(padded, in),
                            block.transformed(v, in),
                            false,
                            false));
        }
        return Prepared.sequence(operations.toArray(Runnable[]::new));
    }

    /** m = A g. */
    private Runnable transformOutputGradient(INDArray g, INDArray padded, INDArray m) {
        List<Runnable> operations = new ArrayList<>();
        operations.add(pad(g, padded, m, out));
        for (Block block : blocks()) {
            operations.add(
                    Prepared.matmul(
                            block.outputMatrix(g.dataType()),
                            block.outputRows(padded, out),
                            block.transformed(m, out),
                            true,
                            false));
        }
        return Prepared.sequence(operations.toArray(Runnable[]::new));
    }

    /** dx = B dv, dv = the products of u and m. */
    private Runnable inputGradient(
            INDArray m, INDArray u, INDArray v, INDArray padded, INDArray dx) {
        List<Runnable> operations = new ArrayList<>();
        // Blocks share rows of the image.
        INDArray all = padded.get(NDArrayIndex.interval(0, size * row(in)));
        operations.add(Prepared.of((Op) new ScalarSet(all, 0)));
        for (Block block : blocks()) {
            block.eachProduct(
                    (component, shift) ->
                            operations.add(
                                    Prepared.matmul(
                                            block.pixels(m, component, KERNEL - 1 - shift, out),
                                            product(u, component, shift),
                                            block.pixels(v, component, 1, in),
                                            false,
                                            false,
                                            1,
                                            shift == 0 ? 0 : 1)));
            operations.add(
                    Prepared.matmul(
                            block.inputMatrix(m.dataType()),
                            block.transformed(v, in),
                            block.inputRows(padded, in),
                            true,
                            false,
                            1,
                            1));
        }
        operations.add(Prepared.copy(pixels(padded, in), dx));
        return Prepared.sequence(operations.toArray(Runnable[]::new));
    }

    private INDArray product(INDArray u, int component, int shift) {
        long length = out * in;
        long from = (component * KERNEL + shift) * length;
        return u.get(NDArrayIndex.interval(from, from + length)).reshape('c', out, in);
    }

    /** Copies images to where they have their padding, and sets all padding to zero. */
    private Runnable pad(INDArray images, INDArray padded, INDArray transformed, long channels) {
        INDArray before =
                withPadding(padded, channels)
                        .get(
                                NDArrayIndex.all(),
                                NDArrayIndex.all(),
                                NDArrayIndex.interval(0, 1),
                                NDArrayIndex.all());
        INDArray zeros = Nd4j.zeros(images.dataType(), size, batch, 1, channels);
        long length = transformedLength(channels);
        INDArray behind = transformed.get(NDArrayIndex.interval(length - channels, length));
        return Prepared.sequence(
                Prepared.copy(zeros, before),
                Prepared.copy(Nd4j.zeros(images.dataType(), channels), behind),
                Prepared.copy(images, pixels(padded, channels)));
    }

    /** [height, batch, 1 + width, channels]. */
    private INDArray withPadding(INDArray padded, long channels) {
        return padded.get(NDArrayIndex.interval(0, size * row(channels)))
                .reshape('c', size, batch, size + 1, channels);
    }

    /** Without the padding, [batch, height, width, channels]. */
    private INDArray pixels(INDArray padded, long channels) {
        return withPadding(padded, channels)
                .get(
                        NDArrayIndex.all(),
                        NDArrayIndex.all(),
                        NDArrayIndex.interval(1, size + 1),
                        NDArrayIndex.all())
                .permute(1, 0, 2, 3);
    }

    private List<Block> blocks() {
        List<Block> blocks = new ArrayList<>();
        for (int first = 0; first < tiles; first += BLOCK / STEP) {
            blocks.add(new Block(first, Math.min(BLOCK / STEP, tiles - first)));
        }
        return blocks;
    }

    /** Makes one of the products. */
    @FunctionalInterface
    private interface Product {
        void of(int component, int shift);
    }

    /** Groups of four rows, of all images, that are transformed together. */
    private final class Block {
        private final int first;
        private final int count;
        private final long inputFrom;
        private final long inputTo;
        private final long outputFrom;
        private final long outputTo;

        Block(int first, int count) {
            this.first = first;
            this.count = count;
            outputFrom = (long) first * STEP;
            outputTo = Math.min(size, (long) (first + count) * STEP);
            inputFrom = Math.max(0, outputFrom - 1);
            inputTo = Math.min(size, (long) (first + count) * STEP + 1);
        }

        /** The rows of an image that the block needs, a matrix of rows. */
        INDArray inputRows(INDArray padded, long channels) {
            return rows(padded, inputFrom, inputTo, channels);
        }

        /** The rows of a result that the block gives, a matrix of rows. */
        INDArray outputRows(INDArray padded, long channels) {
            return rows(padded, outputFrom, outputTo, channels);
        }

        private INDArray rows(INDArray vector, long from, long to, long channels) {
            long row = row(channels);
            return vector.get(NDArrayIndex.interval(from * row, to * row))
                    .reshape('c', to - from, row);
        }

        /** The transformed rows, a matrix of rows. */
        INDArray transformed(INDArray vector, long channels) {
            return rows(
                    vector,
                    (long) COMPONENTS * first,
                    (long) COMPONENTS * (first + count),
                    channels);
        }

        /**
         * All pixels but one of a component, from one of its first three on, [pixels, channels].
         */
        INDArray pixels(INDArray vector, int component, int start, long channels) {
            long pixels = count * batch * (size + 1);
            long from = (COMPONENTS * first * batch) * (size + 1) + component * pixels + start;
            return vector.get(
                            NDArrayIndex.interval(from * channels, (from + pixels - 1) * channels))
                    .reshape('c', pixels - 1, channels);
        }

        void eachProduct(Product product) {
            for (int component = 0; component < COMPONENTS; component++) {
                for (int shift = 0; shift < KERNEL; shift++) {
                    product.of(component, shift);
                }
            }
        }

        /** Bᵀ of each four rows, [components groups, rows of the image]. */
        INDArray inputMatrix(DataType type) {
            double[][] matrix = new double[COMPONENTS * count][(int) (inputTo - inputFrom)];
            for (int component = 0; component < COMPONENTS; component++) {
                double[] row = inputCoefficients(component);
                for (int tile = 0; tile < count; tile++) {
                    for (int i = 0; i < COMPONENTS; i++) {
                        long at = outputFrom + (long) tile * STEP + i - 1;
                        if (at >= inputFrom && at < inputTo) {
                            matrix[component * count + tile][(int) (at - inputFrom)] = row[i];
                        }
                    }
                }
            }
            return Nd4j.create(matrix).castTo(type);
        }

        /** Aᵀ of each four rows, [rows of the result, components groups]. */
        INDArray outputMatrix(DataType type) {
            double[][] matrix = new double[(int) (outputTo - outputFrom)][COMPONENTS * count];
            for (int row = 0; row < matrix.length; row++) {
                for (int component = 0; component < COMPONENTS; component++) {
                    matrix[row][component * count + row / STEP] =
                            power(component, row % STEP, STEP);
                }
            }
            return Nd4j.create(matrix).castTo(type);
        }
    }

    /** G for each column of the kernel, [components shifts, kernel kernel]. */
    private static INDArray kernelMatrix(DataType type) {
        double[][] matrix = new double[PRODUCTS][KERNEL * KERNEL];
        for (int component = 0; component < COMPONENTS; component++) {
            for (int shift = 0; shift < KERNEL; shift++) {
                for (int row = 0; row < KERNEL; row++) {
                    matrix[component * KERNEL + shift][row * KERNEL + shift] =
                            power(component, row, KERNEL);
                }
            }
        }
        return Nd4j.create(matrix).castTo(type);
    }

    /** A point's power; of infinity, the highest coefficient. */
    private static double power(int component, int exponent, int terms) {
        if (component == POINTS.length) {
            return exponent == terms - 1 ? 1 : 0;
        }
        return Math.pow(POINTS[component], exponent);
    }

    /** Coefficients of the Lagrange polynomial of a point; of infinity, of one with all roots. */
    private static double[] inputCoefficients(int component) {
        double[] polynomial = new double[COMPONENTS];
        polynomial[0] = 1;
        for (int j = 0; j < POINTS.length; j++) {
            if (j != component) {
                double scale = component == POINTS.length ? 1 : 1 / (POINTS[component] - POINTS[j]);
                for (int k = COMPONENTS - 1; k >= 0; k--) {
                    double lower = k == 0 ? 0 : polynomial[k - 1];
                    polynomial[k] = (lower - POINTS[j] * polynomial[k]) * scale;
                }
            }
        }
        return polynomial;
    }
}
