package io.github.edm2.layers;

import io.github.edm2.layers.plan.Prepared;
import java.util.ArrayList;
import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * A convolution with stride 1 and a zero padding of one pixel, as one product of the weight and the
 * patches around all pixels. For few pixels: oneDNN's convolution rearranges the weight every time,
 * which takes about as long then as to multiply by it. Kernels are 3x3, images [batch, height,
 * width, channels].
 */
public final class PatchConvolution {

    /** Height and width of the kernel. */
    public static final int KERNEL = 3;

    private static final int LARGEST = 4;
    private static final int MOST_PIXELS = 128;
    private static final long LEAST_WEIGHTS = 1 << 13;

    private final long batch;
    private final int size;
    private final long in;
    private final long out;

    /**
     * @param batch number of images
     * @param size their height and width
     * @param in channels of the images
     * @param out channels of the result
     */
    public PatchConvolution(long batch, int size, long in, long out) {
        this.batch = batch;
        this.size = size;
        this.in = in;
        this.out = out;
    }

    /** Whether it is worth its patches; measured with oneDNN's AVX2 convolutions. */
    public static boolean faster(long batch, int size, long in, long out) {
        return Nd4j.getEnvironment().isCPU()
                && size <= LARGEST
                && batch * size * size <= MOST_PIXELS
                && in * out >= LEAST_WEIGHTS;
    }

    /**
     * The weight as {@link #forward} takes it, a new array.
     *
     * @param w [out, in, 3, 3]
     */
    public static INDArray weight(INDArray w) {
        return w.permute(2, 3, 1, 0).dup('c').reshape('c', w.length() / w.size(0), w.size(0));
    }

    /** The weight that {@link #weight} was made of, a new array. */
    public static INDArray stored(INDArray weight) {
        long in = weight.size(0) / (KERNEL * KERNEL);
        return weight.reshape('c', KERNEL, KERNEL, in, weight.size(1)).permute(3, 2, 0, 1).dup('c');
    }

    /** Numbers of the patches. */
    public long patchesLength() {
        return batch * size * size * KERNEL * KERNEL * in;
    }

    /**
     * y = x * w.
     *
     * @param x [batch, size, size, in]
     * @param weight see {@link #weight}
     * @param y [batch, size, size, out]
     * @param patches vector of {@link #patchesLength}, zero where nothing but this has written
     */
    public Runnable forward(INDArray x, INDArray weight, INDArray y, INDArray patches) {
        INDArray each = patches.reshape('c', batch, size, size, KERNEL * KERNEL * in);
        List<Runnable> operations = new ArrayList<>();
        for (int row = 0; row < KERNEL; row++) {
            for (int column = 0; column < KERNEL; column++) {
                int down = row - KERNEL / 2;
                int right = column - KERNEL / 2;
                if (Math.abs(down) >= size || Math.abs(right) >= size) {
                    continue; // all padding
                }
                long channel = (row * KERNEL + column) * in;
                INDArray from =
                        x.get(NDArrayIndex.all(), inside(down), inside(right), NDArrayIndex.all());
                INDArray to =
                        each.get(
                                NDArrayIndex.all(),
                                inside(-down),
                                inside(-right),
                                NDArrayIndex.interval(channel, channel + in));
                operations.add(Prepared.copy(from, to));
            }
        }
        long pixels = batch * size * size;
        operations.add(
                Prepared.matmul(
                        patches.reshape('c', pixels, KERNEL * KERNEL * in),
                        weight,
                        y.reshape('c', pixels, out),
                        false,
                        false));
        return Prepared.sequence(operations.toArray(Runnable[]::new));
    }

    /** Where pixels are that lie in the image when they are moved back by an offset. */
    private INDArrayIndex inside(int offset) {
        return NDArrayIndex.interval(Math.max(0, offset), size + Math.min(0, offset));
    }
}
