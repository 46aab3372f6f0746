package io.github.edm2.models.unet;

import io.github.edm2.layers.FrozenGraph;
import java.util.Arrays;
import java.util.List;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * An EDM2 network made ready for sampling, see {@link FrozenGraph}. It keeps its own weights: the
 * graph may be trained on, and is frozen again where its new weights are wanted.
 *
 * <p>Safe to share between threads, as a {@link FrozenGraph}.
 */
public final class FrozenNetwork {

    private final NetworkOptions options;
    private final DataType type;
    private final FrozenGraph denoised;

    /**
     * Freezes a network.
     *
     * @param options what the network was made with
     * @param graph made by {@link io.github.edm2.models.Edm2}; not changed
     */
    public FrozenNetwork(NetworkOptions options, ComputationGraph graph) {
        this.options = options;
        this.type = graph.params().dataType();
        denoised = new FrozenGraph(graph, List.of(GraphAssembler.RESULT));
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
        long batch = x.size(0);
        requireShape("images", x, batch, options.getImgChannels(), size, size);
        INDArray sigmas = Nd4j.valueArrayOf(new long[] {batch, 1}, sigma, type);
        int classes = options.getLabelDim();
        if (classes == 0) {
            return denoised.output(x, sigmas)[0];
        }
        if (labels == null) {
            return denoised.output(x, sigmas, Nd4j.zeros(type, batch, classes))[0];
        }
        requireShape("labels", labels, batch, classes);
        return denoised.output(x, sigmas, labels)[0];
    }

    private static void requireShape(String what, INDArray array, long... shape) {
        if (!Arrays.equals(array.shape(), shape)) {
            throw new IllegalArgumentException(
                    "this network takes %s of shape %s, got %s"
                            .formatted(
                                    what, Arrays.toString(shape), Arrays.toString(array.shape())));
        }
    }
}
