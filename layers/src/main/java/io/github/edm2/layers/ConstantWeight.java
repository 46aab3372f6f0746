package io.github.edm2.layers;

import io.github.edm2.layers.plan.NotPlannedException;
import org.deeplearning4j.nn.api.Layer;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The weight of an {@link MpWeightLayer} between two changes, in the forms in which the plans of a
 * frozen graph take it. Scalar factors are multiplied in.
 */
final class ConstantWeight {

    /**
     * Numbers of the largest transformed weight. In very wide networks only the outer levels keep
     * them, which have few weights for many pixels.
     */
    private static final long MOST_TRANSFORMED = 18L << 20;

    /** normalize(W) gain / sqrt(N), until a form of it is made. */
    private INDArray effective;

    /** Whether no plan has taken the weight yet. */
    private boolean untaken = true;

    private double factor;
    private int heads;
    private WinogradConvolution convolution;
    private INDArray scaled;
    private INDArray transformed;
    private INDArray ofPatches;

    /**
     * @param layer at run time, configured by an {@link MpWeightLayer}; not kept
     */
    ConstantWeight(Layer layer) {
        effective = MpWeightLayer.effectiveWeight(layer);
    }

    /**
     * The weight times a factor.
     *
     * @param newFactor the same in every plan, like newHeads
     * @param newHeads of the attention that the layer gives query, key and value for; 0 for another
     * @return [out, in, kernel, kernel], or [in, out] where there is no kernel or one of 1x1
     */
    INDArray weight(double newFactor, int newHeads) {
        if (scaled == null) {
            take(newFactor);
            heads = newHeads;
            scaled = arranged(stored());
        }
        require(newFactor == factor && newHeads == heads);
        return scaled;
    }

    /**
     * The weight times a factor, as patches are multiplied by it.
     *
     * @param newFactor the same in every plan
     */
    INDArray weightOfPatches(double newFactor) {
        if (ofPatches == null) {
            take(newFactor);
            ofPatches = PatchConvolution.weight(scaled == null ? stored() : scaled);
        }
        require(newFactor == factor);
        return ofPatches;
    }

    /**
     * The weight times a factor, transformed.
     *
     * @param newFactor the same in every plan
     */
    INDArray transformed(double newFactor, WinogradConvolution newConvolution) {
        if (transformed == null) {
            take(newFactor);
            convolution = newConvolution;
            transformed = newConvolution.weight(scaled == null ? stored() : scaled);
        }
        require(newFactor == factor);
        return transformed;
    }

    /** Multiplies by the factor, the first time. */
    private void take(double newFactor) {
        if (effective != null && untaken) {
            factor = newFactor;
            effective.muli(factor);
            untaken = false;
        }
    }

    /** The weight in the shape of the layer's, times the factor; given away once. */
    private INDArray stored() {
        if (ofPatches != null) {
            return PatchConvolution.stored(ofPatches);
        }
        require(effective != null);
        INDArray weight = effective;
        effective = null;
        return weight;
    }

    private static void require(boolean fits) {
        if (!fits) {
            throw new NotPlannedException("a weight is already kept in a form for other plans");
        }
    }

    /** Takes over what the layer has learned since; the arrays stay the same. */
    void refresh(Layer layer) {
        INDArray weight = MpWeightLayer.effectiveWeight(layer);
        if (untaken) {
            effective = weight;
            return;
        }
        weight.muli(factor);
        if (transformed != null) {
            transformed.assign(convolution.weight(weight));
        }
        if (ofPatches != null) {
            ofPatches.assign(PatchConvolution.weight(weight));
        }
        if (scaled != null) {
            scaled.assign(arranged(weight));
        }
    }

    /**
     * The convolution that takes a transformed weight, where that is worth it, or where the weight
     * is already transformed.
     *
     * @param threads that will compute it
     * @return null for a convolution with the weight as it is
     */
    WinogradConvolution filtering(long batch, int size, long in, long out, int threads) {
        WinogradConvolution minimal = new WinogradConvolution(batch, size, in, out);
        boolean worth =
                WinogradConvolution.faster(batch, size, in, out, threads)
                        && minimal.weightLength() <= MOST_TRANSFORMED;
        return worth || transformed != null ? minimal : null;
    }

    private INDArray arranged(INDArray weight) {
        if (weight.rank() == 4 && weight.size(2) > 1) {
            return weight;
        }
        long out = weight.size(0);
        long in = weight.length() / out;
        if (heads == 0) {
            return weight.reshape('c', out, in).transpose().dup('c');
        }
        return weight.reshape('c', heads, out / 3 / heads, 3, in)
                .permute(3, 2, 0, 1)
                .dup('c')
                .reshape('c', in, out);
    }
}
