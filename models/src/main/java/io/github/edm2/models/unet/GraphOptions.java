package io.github.edm2.models.unet;

import io.github.edm2.layers.Clip;
import io.github.edm2.layers.CosineAttention;
import io.github.edm2.layers.MpConcat;
import io.github.edm2.layers.MpFourier;
import io.github.edm2.layers.MpSum;
import io.github.edm2.layers.MpWeightLayer;
import io.github.edm2.layers.Resample;
import io.github.edm2.models.diffusion.ScaledInput;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.dropout.Dropout;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;

/**
 * The options that a graph was made with, found from its configuration: the names and sizes of its
 * layers and vertices tell them. Where several options make the same network, such as 8 channels
 * times 2 and 16 times 1, these are one of them.
 */
public final class GraphOptions {

    private static final Pattern LEVEL =
            Pattern.compile("unet\\.enc\\.(\\d{1,6})x\\1_(conv|down\\.conv_res0)");

    /** Digits of a decimal number that a double always keeps. */
    private static final MathContext DECIMAL = new MathContext(15);

    /** Of a probability, when it is subtracted from one. */
    private static final double ROUNDING = 1e-12;

    private final ComputationGraphConfiguration graph;
    private final Map<String, GraphVertex> vertices;

    private GraphOptions(ComputationGraphConfiguration graph) {
        this.graph = graph;
        this.vertices = graph.getVertices();
    }

    /**
     * The options of a network.
     *
     * @param graph configuration of a network without frozen layers
     * @throws IllegalArgumentException if it is not one that {@link io.github.edm2.models.Edm2}
     *     makes
     */
    public static NetworkOptions of(ComputationGraphConfiguration graph) {
        GraphOptions reader = new GraphOptions(graph);
        NetworkOptions options = reader.read().validate();
        reader.requireSame(options);
        return options;
    }

    private NetworkOptions read() {
        int[] resolutions =
                vertices.keySet().stream()
                        .map(LEVEL::matcher)
                        .filter(Matcher::matches)
                        .mapToInt(m -> Integer.parseInt(m.group(1)))
                        .sorted()
                        .toArray();
        if (resolutions.length == 0) {
            throw new IllegalArgumentException("the graph has no layer of an EDM2 network");
        }
        int levels = resolutions.length;
        int resolution = resolutions[levels - 1];
        int[] channels =
                IntStream.range(0, levels)
                        .map(level -> outputs(block(resolution >> level, 0) + ".conv_res0"))
                        .toArray();
        int noise = required("unet.emb_fourier", MpFourier.class).getFrequencies().length;
        int embedding = outputs("unet.emb_noise");
        int base = divisor(channels, noise, embedding);
        int numBlocks =
                (int)
                        IntStream.range(0, vertices.size())
                                .takeWhile(i -> vertices.containsKey(encoder(resolution, i)))
                                .count();
        int widest = Arrays.stream(channels).max().orElseThrow();
        NetworkOptions.NetworkOptionsBuilder options =
                NetworkOptions.builder()
                        .imgResolution(resolution)
                        .imgChannels(outputs("unet.out_conv"))
                        .labelDim(
                                vertices.containsKey("unet.emb_label")
                                        ? outputs("unet.emb_label", MpWeightLayer::getNIn)
                                        : 0)
                        .modelChannels(base)
                        .channelMult(Arrays.stream(channels).map(c -> c / base).toArray())
                        .channelMultNoise(noise == channels[0] ? null : (Integer) (noise / base))
                        .channelMultEmb(embedding == widest ? null : (Integer) (embedding / base))
                        .numBlocks(numBlocks)
                        .attnResolutions(
                                IntStream.range(0, levels)
                                        .map(level -> resolution >> level)
                                        .filter(r -> vertices.containsKey(block(r, 0) + ".attn"))
                                        .toArray())
                        .channelsPerHead(channelsPerHead(resolutions[0]))
                        .dropout(dropout(block(resolution, 0) + ".conv_res1"))
                        .sigmaData(required("c_in", ScaledInput.class).getSigmaData())
                        .concatBalance(
                                required(block(resolution, 0) + ".concat", MpConcat.class).getT())
                        .resBalance(required(block(resolution, 0) + ".sum", MpSum.class).getT())
                        .logvarChannels(
                                required("logvar_fourier", MpFourier.class).getFrequencies().length)
                        .clipAct(first(".clip", Clip.class).map(Clip::getLimit).orElse(null));
        first("emb_sum", MpSum.class).ifPresent(sum -> options.labelBalance(sum.getT()));
        first(".attn_sum", MpSum.class).ifPresent(sum -> options.attnBalance(sum.getT()));
        first(".resample", Resample.class)
                .ifPresent(resample -> options.resampleFilter(resample.getFilter()));
        return options.build();
    }

    /** A decoder's block, of which every level has one. */
    private static String block(int resolution, int index) {
        return "unet.dec.%dx%d_block%d".formatted(resolution, resolution, index);
    }

    private static String encoder(int resolution, int index) {
        return "unet.enc.%dx%d_block%d.conv_res0".formatted(resolution, resolution, index);
    }

    private static int divisor(int[] channels, int noise, int embedding) {
        return IntStream.concat(Arrays.stream(channels), IntStream.of(noise, embedding))
                .mapToObj(BigInteger::valueOf)
                .reduce(BigInteger.ZERO, BigInteger::gcd)
                .intValueExact();
    }

    /** Most channels that leave every attention its heads, or, where none attends, none. */
    private int channelsPerHead(int lowest) {
        int without = outputs("unet.dec.%dx%d_in0.conv_res0".formatted(lowest, lowest));
        return vertices.keySet().stream()
                .filter(name -> name.endsWith(".attn"))
                .mapToInt(
                        name ->
                                outputs(name + "_proj")
                                        / required(name, CosineAttention.class).getHeads())
                .min()
                .orElse(
                        Math.max(
                                NetworkOptions.builder().build().getChannelsPerHead(),
                                without + 1));
    }

    private double dropout(String name) {
        BigDecimal keep = BigDecimal.valueOf(keep(required(name, MpWeightLayer.class)));
        return BigDecimal.ONE.subtract(keep).round(DECIMAL).doubleValue();
    }

    private int outputs(String name) {
        return outputs(name, MpWeightLayer::getNOut);
    }

    private int outputs(String name, Function<MpWeightLayer, Long> size) {
        return Math.toIntExact(size.apply(required(name, MpWeightLayer.class)));
    }

    private <T> Optional<T> first(String suffix, Class<T> type) {
        return vertices.keySet().stream()
                .filter(name -> name.endsWith(suffix))
                .findFirst()
                .map(name -> required(name, type));
    }

    private <T> T required(String name, Class<T> type) {
        Object found = operation(vertices.get(name));
        if (!type.isInstance(found)) {
            throw new IllegalArgumentException(
                    found == null
                            ? "the graph lacks the %s \"%s\"".formatted(type.getSimpleName(), name)
                            : "\"%s\" is a %s instead of a %s"
                                    .formatted(
                                            name,
                                            found.getClass().getSimpleName(),
                                            type.getSimpleName()));
        }
        return type.cast(found);
    }

    /** The layer of a layer's vertex, or the vertex itself. */
    private static Object operation(GraphVertex vertex) {
        return vertex instanceof LayerVertex layer ? layer.getLayerConf().getLayer() : vertex;
    }

    /** Compares the graph with the one that the options make. */
    private void requireSame(NetworkOptions options) {
        ComputationGraphConfiguration made =
                GraphAssembler.assemble(
                                options, new NeuralNetConfiguration.Builder().graphBuilder(), 0)
                        .build();
        if (!made.getVertexInputs().equals(graph.getVertexInputs())
                || !made.getNetworkInputs().equals(graph.getNetworkInputs())
                || !made.getNetworkOutputs().equals(graph.getNetworkOutputs())) {
            throw new IllegalArgumentException(
                    "the graph's layers are not connected as those of an EDM2 network");
        }
        for (String name : made.getVertices().keySet()) {
            Object expected = operation(made.getVertices().get(name));
            if (!same(expected, operation(vertices.get(name)))) {
                throw new IllegalArgumentException(
                        "\"%s\" differs from what the graph's other layers say of the network"
                                .formatted(name));
            }
        }
    }

    private static boolean same(Object expected, Object actual) {
        if (actual == null || actual.getClass() != expected.getClass()) {
            return false;
        }
        if (expected instanceof MpFourier features) {
            return features.getFrequencies().length == ((MpFourier) actual).getFrequencies().length;
        }
        if (expected instanceof MpWeightLayer weights) {
            MpWeightLayer other = (MpWeightLayer) actual;
            return weights.getNIn() == other.getNIn()
                    && weights.getNOut() == other.getNOut()
                    && weights.getGain() == other.getGain()
                    && weights.isLearnedGain() == other.isLearnedGain()
                    && Math.abs(keep(weights) - keep(other)) < ROUNDING;
        }
        return expected.equals(actual);
    }

    /** Probability with which dropout keeps an input of the layer. */
    private static double keep(MpWeightLayer layer) {
        return layer.getIDropout() instanceof Dropout dropout ? dropout.getP() : 1;
    }
}
