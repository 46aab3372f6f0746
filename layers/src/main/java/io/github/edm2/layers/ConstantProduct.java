package io.github.edm2.layers;

import io.github.edm2.layers.plan.Planner;
import io.github.edm2.layers.plan.Prepared;
import io.github.edm2.layers.plan.Slot;
import io.github.edm2.layers.plan.Value;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** What a {@link ConstantWeight} gives. */
final class ConstantProduct extends Value {

    private static final int NHWC = 1;

    /** Rows of a product from which on, as measured, their number changes no bit (M2.1, CPU). */
    private static final int MANY_PIXELS = 64;

    private final Planner planner;
    private final ConstantWeight weight;
    private double factor;
    private int heads;

    private ConstantProduct(
            Planner planner, ConstantWeight weight, double factor, Slot y, long... shape) {
        super(y, shape, false, 1);
        this.planner = planner;
        this.weight = weight;
        this.factor = factor;
        foldable(constant -> this.factor *= constant);
    }

    /**
     * Adds the product of a layer to a plan.
     *
     * @param kernel height and width; 1 for a matrix
     * @param shape of the layer's output
     */
    static Value plan(Planner planner, String name, Value input, int kernel, long... shape) {
        Value x = input.plain();
        ConstantWeight weight = (ConstantWeight) planner.constant(name);
        Slot y = new Slot(x.rows(), shape[1]);
        ConstantProduct product = new ConstantProduct(planner, weight, x.pending(), y, shape);
        WinogradConvolution filtering = product.filtering(x, kernel);
        if (filtering != null) {
            planner.needScratch(filtering.memoryLength());
        }
        planner.add(x.slot(), y, () -> product.operation(x, kernel, filtering));
        return product;
    }

    private WinogradConvolution filtering(Value x, int kernel) {
        return kernel == WinogradConvolution.KERNEL && x.shape()[2] == x.shape()[3]
                ? weight.filtering(
                        x.batch(), (int) x.shape()[2], x.channels(), channels(), planner.threads())
                : null;
    }

    private Runnable operation(Value x, int kernel, WinogradConvolution filtering) {
        if (kernel == 1) {
            return product(x, weight.weight(factor, heads));
        }
        INDArray from = Planner.images(x.slot(), x.shape());
        INDArray to = Planner.images(slot(), shape());
        if (filtering != null) {
            INDArray transformed = weight.transformed(factor, filtering);
            return filtering.forward(from, transformed, to, planner.scratch());
        }
        int size = (int) x.shape()[2];
        if (kernel == PatchConvolution.KERNEL
                && size == x.shape()[3]
                && PatchConvolution.faster(x.batch(), size, x.channels(), channels())) {
            return patches(from, to);
        }
        int padding = kernel / 2;
        return Prepared.of(
                DynamicCustomOp.builder("conv2d")
                        .addIntegerArguments(
                                kernel,
                                kernel,
                                1,
                                1,
                                padding,
                                padding,
                                1,
                                1,
                                0,
                                NHWC,
                                MpConvolution.OIYX)
                        .addInputs(from, weight.weight(factor, 0))
                        .addOutputs(to)
                        .build());
    }

    /**
     * Each example alone where they have few pixels: rounding of a product of few rows depends on
     * their number, and an example's numbers shall not depend on its batch.
     */
    private Runnable product(Value x, INDArray w) {
        long pixels = x.pixels();
        if (pixels >= MANY_PIXELS || x.batch() == 1) {
            return Prepared.matmul(x.slot().array(), w, slot().array(), false, false);
        }
        Runnable[] products = new Runnable[(int) x.batch()];
        for (int i = 0; i < products.length; i++) {
            INDArrayIndex rows = NDArrayIndex.interval(i * pixels, (i + 1) * pixels);
            products[i] =
                    Prepared.matmul(
                            x.slot().array().get(rows), w, slot().array().get(rows), false, false);
        }
        return Prepared.sequence(products);
    }

    private Runnable patches(INDArray x, INDArray y) {
        PatchConvolution convolution =
                new PatchConvolution(x.size(0), (int) x.size(1), x.size(3), y.size(3));
        // Zeros around the images stay, so that patches of one size of image share an array.
        INDArray patches =
                planner.local(
                        "patches of %d pixels, %d channels".formatted(x.size(1), x.size(3)),
                        () -> Nd4j.zeros(planner.type(), convolution.patchesLength()));
        return convolution.forward(x, weight.weightOfPatches(factor), y, patches);
    }

    /**
     * Says that the only taker wants the channels as (query, key, value), heads, d, instead of
     * heads, d, (query, key, value).
     */
    void arrangeForHeads(int number) {
        heads = number;
    }
}
