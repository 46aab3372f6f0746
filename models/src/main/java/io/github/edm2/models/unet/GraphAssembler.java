package io.github.edm2.models.unet;

import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;

/** Makes a ComputationGraph configuration of the network. */
public final class GraphAssembler {

    /** Name of the input for noisy images [batch, channels, height, width]. */
    public static final String IMAGE = "image";

    /** Name of the input for noise levels [batch, 1]. */
    public static final String SIGMA = "sigma";

    /** Name of the input for labels [batch, classes], where the network has one. */
    public static final String LABEL = "label";

    /** Name of the vertex that gives the denoised images. */
    static final String RESULT = "c_out";

    /** Name of the layer that gives the log variances. */
    static final String UNCERTAINTY = "logvar_linear";

    /** Name of the output for denoised images, in the shape of the input. */
    public static final String DENOISED = "denoised";

    /** Name of the output for log variances [batch, 1]. */
    public static final String LOG_VARIANCE = "log_variance";

    private GraphAssembler() {}

    /**
     * Adds the whole network to a graph, inputs, outputs and their types included.
     *
     * @param options checked with {@link NetworkOptions#validate}
     * @param graph with the global configuration (updater, seed, workspaces) set
     * @param seed of the random Fourier features
     * @return {@code graph}
     */
    public static ComputationGraphConfiguration.GraphBuilder assemble(
            NetworkOptions options, ComputationGraphConfiguration.GraphBuilder graph, long seed) {
        graph.addInputs(IMAGE, SIGMA);
        if (options.getLabelDim() > 0) {
            graph.addInputs(LABEL);
        }
        new Network(options, graph, seed).assemble();
        return graph.setInputTypes(inputTypes(options));
    }

    /** Types of the network's inputs, in their order. */
    static InputType[] inputTypes(NetworkOptions options) {
        int resolution = options.getImgResolution();
        List<InputType> types =
                new ArrayList<>(
                        List.of(
                                InputType.convolutional(
                                        resolution, resolution, options.getImgChannels()),
                                InputType.feedForward(1)));
        if (options.getLabelDim() > 0) {
            types.add(InputType.feedForward(options.getLabelDim()));
        }
        return types.toArray(InputType[]::new);
    }

    /**
     * Adds one block to a graph whose inputs are "x" and "embedding"; the output is the block's
     * clip.
     */
    static String assembleBlock(
            NetworkOptions options,
            BlockSpec block,
            int inputChannels,
            ComputationGraphConfiguration.GraphBuilder graph) {
        int resolution =
                switch (block.kind()) {
                    case DOWN -> block.resolution() * 2;
                    case UP -> block.resolution() / 2;
                    default -> block.resolution();
                };
        Tensor x = new Tensor("x", inputChannels, resolution);
        Tensor embedding = new Tensor("embedding", options.embeddingChannels(), 0);
        return new Network(options, graph, 0).block(block, x, embedding).name();
    }
}
