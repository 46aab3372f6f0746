package io.github.edm2.tests.golden;

import io.github.edm2.models.Edm2;
import io.github.edm2.models.Golden;
import io.github.edm2.models.checkpoint.StateDict;
import io.github.edm2.models.unet.NetworkOptions;
import java.util.Map;
import java.util.TreeMap;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.databind.JsonNode;

/** Networks as the golden files describe them. */
public final class GoldenNetwork {

    private GoldenNetwork() {}

    /** The zoo entry of the constructor arguments in {@code golden/NAME.json}. */
    public static Edm2.Edm2Builder builder(String name) {
        return Edm2.builder().options(options(Golden.json(name)));
    }

    public static NetworkOptions options(JsonNode json) {
        NetworkOptions.NetworkOptionsBuilder options =
                NetworkOptions.builder()
                        .imgResolution(json.get("img_resolution").asInt())
                        .imgChannels(json.get("img_channels").asInt())
                        .labelDim(json.get("label_dim").asInt())
                        .modelChannels(json.get("model_channels").asInt())
                        .channelMult(ints(json.get("channel_mult")))
                        .numBlocks(json.get("num_blocks").asInt())
                        .attnResolutions(ints(json.get("attn_resolutions")))
                        .logvarChannels(json.get("logvar_channels").asInt());
        if (json.has("channels_per_head")) {
            options.channelsPerHead(json.get("channels_per_head").asInt());
        }
        if (json.has("channel_mult_noise")) {
            options.channelMultNoise(json.get("channel_mult_noise").asInt())
                    .channelMultEmb(json.get("channel_mult_emb").asInt())
                    .labelBalance(json.get("label_balance").asDouble())
                    .concatBalance(json.get("concat_balance").asDouble())
                    .resBalance(json.get("res_balance").asDouble())
                    .attnBalance(json.get("attn_balance").asDouble())
                    .clipAct(json.get("clip_act").asDouble())
                    .resampleFilter(doubles(json.get("resample_filter")))
                    .sigmaData(json.get("sigma_data").asDouble());
        }
        return options.build();
    }

    /** A network with the golden parameters and buffers of the given prefixes. */
    public static ComputationGraph network(
            Edm2.Edm2Builder builder, Golden golden, String parameters, String buffers) {
        ComputationGraph graph = builder.build().init();
        Map<String, INDArray> state = new TreeMap<>(golden.under(parameters));
        state.putAll(golden.under(buffers));
        StateDict.load(graph, state);
        return graph;
    }

    public static ComputationGraph network(String name, Golden golden) {
        return network(
                builder(name).workspaceMode(WorkspaceMode.ENABLED).dataType(DataType.FLOAT),
                golden,
                "param",
                "buffer");
    }

    /** Noisy images, noise levels and, if there are any, labels of the golden file. */
    public static INDArray[] inputs(Golden golden) {
        INDArray sigma = golden.get("in/sigma").reshape(-1, 1);
        INDArray noisy =
                golden.get("in/clean").add(golden.get("in/noise").mul(sigma.reshape(-1, 1, 1, 1)));
        return golden.has("in/labels")
                ? new INDArray[] {noisy, sigma, golden.get("in/labels")}
                : new INDArray[] {noisy, sigma};
    }

    private static int[] ints(JsonNode array) {
        int[] result = new int[array.size()];
        for (int i = 0; i < result.length; i++) {
            result[i] = array.get(i).asInt();
        }
        return result;
    }

    private static double[] doubles(JsonNode array) {
        double[] result = new double[array.size()];
        for (int i = 0; i < result.length; i++) {
            result[i] = array.get(i).asDouble();
        }
        return result;
    }
}
