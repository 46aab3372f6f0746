package io.github.edm2.layers;

import io.github.edm2.layers.plan.OpenMp;
import io.github.edm2.layers.plan.Planner;
import io.github.edm2.layers.plan.Prepared;
import io.github.edm2.layers.plan.Slot;
import io.github.edm2.layers.plan.Value;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;

/** A convolution of images whose channels come last, by minimal filtering where it is faster. */
final class ConvolutionProduct implements MpProduct.Multiplication {

    private static final int NHWC = 1;

    private final Planner planner;
    private final long[] shape;

    /** Null where ND4J's convolution is faster. */
    private final WinogradConvolution filtering;

    /**
     * @param x the images
     * @param out channels of the result
     */
    ConvolutionProduct(Planner planner, Value x, int kernel, long out) {
        this.planner = planner;
        shape = x.shape();
        filtering = filtering(kernel, out);
        if (filtering != null) {
            planner.needScratch(filtering.memoryLengthWithWeight());
        }
    }

    private WinogradConvolution filtering(int kernel, long out) {
        int size = (int) shape[2];
        int threads = OpenMp.threads();
        return kernel == WinogradConvolution.KERNEL
                        && size == shape[3]
                        && WinogradConvolution.faster(shape[0], size, shape[1], out, threads)
                ? new WinogradConvolution(shape[0], size, shape[1], out)
                : null;
    }

    @Override
    public Runnable forward(Slot x, PreparedWeight weight, Slot q) {
        INDArray from = images(x);
        INDArray to = images(q);
        return filtering != null
                ? filtering.forwardOfWeight(from, weight.weight(), to, planner.scratch())
                : Prepared.of(
                        convolution("conv2d", weight)
                                .addInputs(from, weight.weight())
                                .addOutputs(to)
                                .build());
    }

    @Override
    public Runnable gradient(Slot x, PreparedWeight weight, Slot g, Slot dx) {
        INDArray dw = weight.gradient();
        return filtering != null
                ? filtering.gradient(
                        images(x), weight.weight(), images(g), images(dx), dw, planner.scratch())
                : Prepared.of(
                        convolution("conv2d_bp", weight)
                                .addInputs(images(x), weight.weight(), images(g))
                                .addOutputs(images(dx), dw)
                                .build());
    }

    @Override
    public boolean alwaysGivesInputGradient() {
        return true;
    }

    private INDArray images(Slot slot) {
        return Planner.images(slot, shape);
    }

    private static DynamicCustomOp.DynamicCustomOpsBuilder convolution(
            String name, PreparedWeight weight) {
        int kernel = (int) weight.weight().size(2);
        int padding = kernel / 2;
        return DynamicCustomOp.builder(name)
                .addIntegerArguments(
                        kernel, kernel, 1, 1, padding, padding, 1, 1, 0, NHWC, MpConvolution.OIYX);
    }
}
