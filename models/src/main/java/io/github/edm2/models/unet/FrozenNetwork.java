package io.github.edm2.models.unet;

import io.github.edm2.layers.MpFourier;
import io.github.edm2.layers.MpWeightLayer;
import io.github.edm2.layers.PatchConvolution;
import io.github.edm2.layers.WinogradConvolution;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A network made ready for sampling: its weights normalized and scaled once, constants folded into
 * them, and for each size of batch a fixed sequence of operations on arrays that are allocated once
 * and used again. Gives the numbers of the graph up to rounding. It keeps its own weights: the
 * graph may be trained on, and is frozen again where its new weights are wanted. Weights of wide
 * convolutions are kept as {@link WinogradConvolution} takes them, which is twice as many numbers.
 *
 * <p>Safe to share between threads: callers take turns in the order in which they came, because one
 * of them already keeps all processors busy, and each gets what it would get alone. Threads leave
 * nothing behind here when they end.
 */
public final class FrozenNetwork {

    /**
     * Numbers of the largest transformed weight. In very wide networks only the outer levels keep
     * them, which have few weights for many pixels.
     */
    private static final long MOST_TRANSFORMED = 18L << 20;

    private final NetworkOptions options;
    private final DataType type;
    private final Map<String, INDArray> weights = new HashMap<>();
    private final Map<String, INDArray> scaled = new HashMap<>();
    private final Map<String, INDArray> transformed = new HashMap<>();
    private final Map<String, INDArray> ofPatches = new HashMap<>();
    private final Map<String, MpFourier> features = new HashMap<>();
    private final Map<Long, FrozenBatch> batches = new HashMap<>();

    /** Held while the arrays and the maps above are in use; fair, so that nobody waits forever. */
    private final Lock turn = new ReentrantLock(true);

    /**
     * Freezes a network.
     *
     * @param options what the network was made with
     * @param graph made by {@link io.github.edm2.models.Edm2}; not changed
     */
    public FrozenNetwork(NetworkOptions options, ComputationGraph graph) {
        this.options = options;
        this.type = graph.params().dataType();
        for (Layer layer : graph.getLayers()) {
            String name = layer.conf().getLayer().getLayerName();
            if (layer.conf().getLayer() instanceof MpWeightLayer) {
                weights.put(name, MpWeightLayer.effectiveWeight(layer));
            } else if (layer.conf().getLayer() instanceof MpFourier fourier) {
                features.put(name, fourier);
            }
        }
    }

    /** What the network was made with. */
    public NetworkOptions options() {
        return options;
    }

    /**
     * D(x; sigma).
     *
     * @param x noisy images [batch, channels, height, width]; not changed
     * @param sigma standard deviation of the noise in all of them
     * @param labels one-hot [batch, classes]; null for none; a network without labels does not look
     *     at them
     * @return clean images in x's shape, a new array
     * @throws IllegalArgumentException if x or the labels have another shape
     */
    public INDArray denoise(INDArray x, double sigma, INDArray labels) {
        int size = options.getImgResolution();
        requireShape("images", x, x.size(0), options.getImgChannels(), size, size);
        if (labels != null && options.getLabelDim() > 0) {
            requireShape("labels", labels, x.size(0), options.getLabelDim());
        }
        turn.lock();
        try {
            return batches.computeIfAbsent(x.size(0), batch -> new FrozenBatch(this, batch))
                    .run(x, sigma, labels);
        } finally {
            turn.unlock();
        }
    }

    private static void requireShape(String what, INDArray array, long... shape) {
        if (!Arrays.equals(array.shape(), shape)) {
            throw new IllegalArgumentException(
                    "this network takes %s of shape %s, got %s"
                            .formatted(
                                    what, Arrays.toString(shape), Arrays.toString(array.shape())));
        }
    }

    /** Data type of the graph's parameters, in which everything is computed. */
    DataType type() {
        return type;
    }

    MpFourier features(String layer) {
        return features.get(layer);
    }

    /**
     * The weight that a layer multiplies by, times a factor.
     *
     * @param factor the same in every plan, like heads
     * @param heads of the attention that the layer gives query, key and value for; 0 for another
     * @return [out, in, kernel, kernel], or [in, out] where there is no kernel or one of 1x1
     */
    INDArray weight(String layer, double factor, int heads) {
        return scaled.computeIfAbsent(
                layer,
                name -> {
                    INDArray patches = ofPatches.get(name);
                    return patches == null
                            ? arranged(weights.remove(name).muli(factor), heads)
                            : PatchConvolution.stored(patches);
                });
    }

    /**
     * The weight that a layer multiplies patches by, times a factor.
     *
     * @param factor the same in every plan
     */
    INDArray weightOfPatches(String layer, double factor) {
        return ofPatches.computeIfAbsent(
                layer,
                name -> {
                    INDArray weight = PatchConvolution.weight(weight(name, factor, 0));
                    scaled.remove(name);
                    return weight;
                });
    }

    /**
     * The convolution that takes a transformed weight, where that is worth it, or where the weight
     * is already transformed.
     *
     * @param threads that will compute it
     * @return null for a convolution with the weight as it is
     */
    WinogradConvolution filtering(
            String layer, long batch, int size, long in, long out, int threads) {
        WinogradConvolution convolution = new WinogradConvolution(batch, size, in, out);
        boolean worth =
                WinogradConvolution.faster(batch, size, in, out, threads)
                        && convolution.weightLength() <= MOST_TRANSFORMED;
        return worth || transformed.containsKey(layer) ? convolution : null;
    }

    /**
     * The weight that a layer multiplies by, times a factor, transformed.
     *
     * @param factor the same in every plan
     */
    INDArray transformedWeight(String layer, double factor, WinogradConvolution convolution) {
        return transformed.computeIfAbsent(
                layer,
                name -> {
                    INDArray u = convolution.weight(weight(name, factor, 0));
                    scaled.remove(name);
                    return u;
                });
    }

    private static INDArray arranged(INDArray weight, int heads) {
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
