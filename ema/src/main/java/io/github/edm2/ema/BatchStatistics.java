package io.github.edm2.ema;

import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.GraphVertex;
import org.deeplearning4j.nn.layers.normalization.BatchNormalization;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.params.BatchNormalizationParamInitializer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.adapter.MultiDataSetIteratorAdapter;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * Mean and variance in the {@link BatchNormalization} layers of a network. Those that a training
 * gathers belong to the weights of the training; averaged weights want their own:
 *
 * <pre>{@code
 * averages.get(0.075).applyTo(net);
 * BatchStatistics.recalibrate(net, trainingData);
 * }</pre>
 *
 * <p>A layer gets mean and variance of what it sees of the data in inference, that is without
 * dropout and behind layers that were recalibrated before it. Each layer takes a pass over the
 * data; some thousands of examples are enough. Frozen layers keep their statistics, with which the
 * layers behind them were trained. Inside {@link AveragedWeights#with} the statistics of the
 * training come back with its weights.
 *
 * <p>For one thread at a time, while nobody trains the network.
 */
public final class BatchStatistics {

    /** Below it, a variance has no logarithm that float could hold the square of. */
    private static final double LEAST_VARIANCE = Float.MIN_NORMAL;

    private final INDArray parameters;
    private final List<BatchNormalization> layers;
    private final Consumer<MultiDataSet> forward;
    private final Runnable clear;

    private BatchStatistics(
            INDArray parameters,
            Stream<? extends Layer> layers,
            Consumer<MultiDataSet> forward,
            Runnable clear) {
        this.parameters = parameters;
        this.layers =
                layers.filter(BatchNormalization.class::isInstance)
                        .map(BatchNormalization.class::cast)
                        .toList();
        this.forward = forward;
        this.clear = clear;
    }

    /**
     * Recalibrates all layers with the weights that the network has now.
     *
     * @param net the network; unchanged if this fails
     * @param data features as in training; masks are used, labels are not
     * @throws IllegalArgumentException if there is no batch normalization that is not frozen, if
     *     the data have less than two values for a channel, cannot be reset for a second pass, or
     *     give statistics that are not finite
     */
    public static void recalibrate(MultiLayerNetwork net, DataSetIterator data) {
        new BatchStatistics(
                        Weights.flat(net),
                        Arrays.stream(net.getLayers()),
                        batch -> {
                            net.setInput(batch.getFeatures(0));
                            net.setLayerMaskArrays(batch.getFeaturesMaskArray(0), null);
                            net.feedForward(false, false);
                        },
                        () -> {
                            net.clearLayerMaskArrays();
                            Arrays.stream(net.getLayers()).forEach(Layer::clear);
                        })
                .recalibrate(new MultiDataSetIteratorAdapter(data));
    }

    /**
     * Recalibrates all layers with the weights that the network has now.
     *
     * @param graph the network, of one input; unchanged if this fails
     * @param data features as in training; masks are used, labels are not
     * @throws IllegalArgumentException as for a {@code MultiLayerNetwork}
     */
    public static void recalibrate(ComputationGraph graph, DataSetIterator data) {
        recalibrate(graph, new MultiDataSetIteratorAdapter(data));
    }

    /**
     * Recalibrates all layers with the weights that the network has now.
     *
     * @param graph the network; unchanged if this fails
     * @param data features as in training; masks are used, labels are not
     * @throws IllegalArgumentException as for a {@code MultiLayerNetwork}
     */
    public static void recalibrate(ComputationGraph graph, MultiDataSetIterator data) {
        new BatchStatistics(
                        Weights.flat(graph),
                        Arrays.stream(graph.topologicalSortOrder())
                                .mapToObj(i -> graph.getVertices()[i])
                                .filter(GraphVertex::hasLayer)
                                .map(GraphVertex::getLayer),
                        batch -> {
                            graph.setLayerMaskArrays(batch.getFeaturesMaskArrays(), null);
                            graph.feedForward(batch.getFeatures(), false, false);
                        },
                        () -> {
                            graph.clearLayerMaskArrays();
                            Arrays.stream(graph.getVertices()).forEach(GraphVertex::clear);
                        })
                .recalibrate(data);
    }

    private void recalibrate(MultiDataSetIterator data) {
        if (layers.isEmpty()) {
            throw new IllegalArgumentException(
                    "the network has no BatchNormalization layer that is not frozen, and no"
                            + " statistics to recalibrate");
        }
        if (layers.size() > 1 && !data.resetSupported()) {
            throw new IllegalArgumentException(
                    "%d layers take as many passes over the data; give data that can be reset"
                            .formatted(layers.size()));
        }
        INDArray before = parameters.dup();
        boolean complete = false;
        try {
            layers.forEach(layer -> set(layer, moments(layer, data)));
            complete = true;
        } finally {
            if (!complete) {
                parameters.assign(before);
            }
            clear.run();
        }
    }

    private ChannelMoments moments(BatchNormalization layer, MultiDataSetIterator data) {
        if (data.resetSupported()) {
            data.reset();
        }
        ChannelMoments moments = new ChannelMoments(layer.layerConf().getNOut());
        while (data.hasNext()) {
            forward.accept(data.next());
            moments.add(layer.input(), allButChannels(layer));
        }
        return moments;
    }

    private static int[] allButChannels(BatchNormalization layer) {
        if (layer.input().rank() == 2) {
            return new int[] {0};
        }
        return layer.layerConf().getCnn2DFormat() == CNN2DFormat.NHWC
                ? new int[] {0, 1, 2}
                : new int[] {0, 2, 3};
    }

    private static void set(BatchNormalization layer, ChannelMoments moments) {
        if (moments.count() < 2) {
            throw new IllegalArgumentException(
                    "the data must have at least 2 values for each channel of layer %s, got %d"
                            .formatted(name(layer), moments.count()));
        }
        INDArray variance = moments.variance();
        if (!Double.isFinite(Nd4j.getBlasWrapper().dot(variance, variance))) {
            throw new IllegalArgumentException(
                    "the statistics of layer %s are not finite; look for values that are not"
                                    .formatted(name(layer))
                            + " finite in the data and in the weights");
        }
        assign(layer, BatchNormalizationParamInitializer.GLOBAL_MEAN, moments.mean());
        if (layer.layerConf().isUseLogStd()) {
            INDArray log = Transforms.log(Transforms.max(variance, LEAST_VARIANCE, false), false);
            assign(
                    layer,
                    BatchNormalizationParamInitializer.GLOBAL_LOG_STD,
                    log.muli(0.5 / Math.log(10)));
        } else {
            assign(layer, BatchNormalizationParamInitializer.GLOBAL_VAR, variance);
        }
    }

    private static void assign(BatchNormalization layer, String parameter, INDArray values) {
        INDArray target = layer.getParam(parameter);
        target.assign(values.reshape(target.shape()));
    }

    private static String name(BatchNormalization layer) {
        String name = layer.layerConf().getLayerName();
        return name == null ? Integer.toString(layer.getIndex()) : name;
    }
}
