package io.github.edm2.models.checkpoint;

import io.github.edm2.ema.TensorFile;
import io.github.edm2.layers.MpFourier;
import io.github.edm2.layers.MpWeightLayer;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Parameters and buffers of an EDM2 network under the names that the official PyTorch release gives
 * them, for instance {@code unet.enc.16x16_block0.conv_res0.weight}. Convolution weights are [out,
 * in, height, width], linear weights [out, in], gains scalars, Fourier buffers [channels].
 */
public final class StateDict {

    private static final String WEIGHT = ".weight";
    private static final String FREQUENCIES = ".freqs";
    private static final String PHASES = ".phases";

    private StateDict() {}

    /**
     * All parameters and buffers of a network, in order; parameters are views, buffers copies.
     *
     * @param graph made by {@link io.github.edm2.models.Edm2}
     */
    public static Map<String, INDArray> of(ComputationGraph graph) {
        Map<String, INDArray> result = new LinkedHashMap<>();
        for (Layer layer : graph.getLayers()) {
            String name = layer.conf().getLayer().getLayerName();
            if (layer.conf().getLayer() instanceof MpFourier fourier) {
                result.put(name + FREQUENCIES, Nd4j.createFromArray(fourier.getFrequencies()));
                result.put(name + PHASES, Nd4j.createFromArray(fourier.getPhases()));
            } else if (layer.conf().getLayer() instanceof MpWeightLayer weights) {
                result.put(name + WEIGHT, layer.getParam(MpWeightLayer.WEIGHT_KEY));
                if (weights.isLearnedGain()) {
                    result.put(gainName(name), layer.getParam(MpWeightLayer.GAIN_KEY).reshape());
                }
            }
        }
        return result;
    }

    /**
     * Sets all parameters and buffers of a network.
     *
     * @param graph made by {@link io.github.edm2.models.Edm2}
     * @param values as {@link #of} returns them, any floating point type
     * @throws IllegalArgumentException if one is missing, unknown or of another shape
     */
    public static void load(ComputationGraph graph, Map<String, INDArray> values) {
        Map<String, List<Long>> shapes = new LinkedHashMap<>();
        values.forEach((name, value) -> shapes.put(name, shape(value)));
        load(graph, shapes, (name, target) -> target.assign(values.get(name)));
    }

    /**
     * Reads all parameters and buffers of a network.
     *
     * @param graph made by {@link io.github.edm2.models.Edm2}
     * @param file with the names of {@link #of}, or all of them behind the same prefix, as wrappers
     *     of PyTorch write them
     * @throws IllegalArgumentException if one is missing, unknown or of another shape
     */
    public static void load(ComputationGraph graph, TensorFile file) {
        Map<String, List<Long>> shapes = new LinkedHashMap<>();
        file.tensors().forEach((name, info) -> shapes.put(name, info.shape()));
        load(graph, shapes, file::read);
    }

    /**
     * What wrappers of PyTorch put before every name, such as {@code module.} or {@code
     * _orig_mod.}; empty where there is nothing. A network's own names have no beginning in common.
     */
    private static String wrapperPrefix(Set<String> names, Set<String> own) {
        if (names.isEmpty() || names.stream().anyMatch(own::contains)) {
            return "";
        }
        String prefix = names.iterator().next();
        for (String name : names) {
            while (!name.startsWith(prefix) || !prefix.endsWith(".")) {
                int dot = prefix.lastIndexOf('.', prefix.length() - 2);
                prefix = prefix.substring(0, dot + 1);
                if (prefix.isEmpty()) {
                    return prefix;
                }
            }
        }
        return prefix;
    }

    private static void load(
            ComputationGraph graph,
            Map<String, List<Long>> shapes,
            BiConsumer<String, INDArray> reader) {
        Map<String, INDArray> targets = of(graph);
        String prefix = wrapperPrefix(shapes.keySet(), targets.keySet());
        targets.forEach((name, target) -> check(prefix + name, shape(target), shapes));
        for (String name : shapes.keySet()) {
            if (!targets.containsKey(name.substring(prefix.length()))) {
                throw new IllegalArgumentException(
                        "The network has no parameter \"%s\"; it was made with other options"
                                .formatted(name));
            }
        }
        targets.forEach((name, target) -> reader.accept(prefix + name, target));
        for (Layer layer : graph.getLayers()) {
            if (layer.conf().getLayer() instanceof MpFourier fourier) {
                String name = fourier.getLayerName();
                fourier.setFrequencies(targets.get(name + FREQUENCIES).toFloatVector());
                fourier.setPhases(targets.get(name + PHASES).toFloatVector());
            }
        }
    }

    /**
     * Shapes of the parameters, without the buffers.
     *
     * @param graph made by {@link io.github.edm2.models.Edm2}
     * @return shapes by name, in the order of {@link ComputationGraph#params()}
     */
    public static Map<String, List<Long>> parameters(ComputationGraph graph) {
        Map<String, List<Long>> shapes = new LinkedHashMap<>();
        of(graph).entrySet().stream()
                .filter(e -> !isBuffer(e.getKey()))
                .sorted(Comparator.comparingLong(e -> e.getValue().offset()))
                .forEach(e -> shapes.put(e.getKey(), shape(e.getValue())));
        return shapes;
    }

    /** Whether a name is that of a buffer, which is not trained. */
    public static boolean isBuffer(String name) {
        return name.endsWith(FREQUENCIES) || name.endsWith(PHASES);
    }

    static List<Long> shape(INDArray array) {
        return Arrays.stream(array.shape()).boxed().toList();
    }

    private static void check(String name, List<Long> target, Map<String, List<Long>> shapes) {
        List<Long> value = shapes.get(name);
        if (value == null) {
            throw new IllegalArgumentException(
                    shapes.keySet().stream()
                            .filter(other -> other.endsWith("." + name))
                            .findFirst()
                            .map(
                                    other ->
                                            "Parameter \"%s\" is missing, but there is \"%s\", and other names do not begin so; take the prefix off in PyTorch, or leave out what does not belong to the network"
                                                    .formatted(name, other))
                            .orElseGet(
                                    () ->
                                            "Parameter \"%s\" is missing; the network was made with other options"
                                                    .formatted(name)));
        }
        if (!target.equals(value)) {
            throw new IllegalArgumentException(
                    "Parameter \"%s\" must have the shape %s, got %s; the network was made with other options"
                            .formatted(name, target, value));
        }
    }

    /** The gain of a block's embedding and of the output have names of their own. */
    private static String gainName(String layer) {
        return layer.replaceFirst("emb_linear$", "emb_gain").replaceFirst("out_conv$", "out_gain");
    }
}
