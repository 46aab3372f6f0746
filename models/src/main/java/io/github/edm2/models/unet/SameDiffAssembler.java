package io.github.edm2.models.unet;

import io.github.edm2.layers.ForcedWeightNormalization;
import io.github.edm2.layers.InSameDiff;
import io.github.edm2.layers.MpWeightLayer;
import io.github.edm2.models.diffusion.UncertaintyLoss;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.dropout.Dropout;
import org.deeplearning4j.nn.conf.dropout.IDropout;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.GraphVertex;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Makes a SameDiff graph of a network's ComputationGraph: its layers and vertices say what they are
 * in SameDiff ({@link InSameDiff}). Variables are named as the ComputationGraph's parameters,
 * placeholders and outputs as its inputs and outputs; a further placeholder {@value #CLEAN} takes
 * the clean images and {@value #LOSS} is the scalar to minimize.
 *
 * <p>For one thread at a time.
 */
public final class SameDiffAssembler {

    /** Placeholder of the clean images, in the shape of the noisy ones. */
    public static final String CLEAN = "clean";

    /** The loss, summed over each image's elements and averaged over the batch. */
    public static final String LOSS = "loss";

    private final ComputationGraph source;
    private final Map<String, InputType> types;
    private final boolean training;
    private final DataType type;
    private final SameDiff sd = SameDiff.create();
    private final Map<String, SDVariable> values = new HashMap<>();

    private SameDiffAssembler(ComputationGraph source, boolean training, InputType... inputs) {
        this.source = source;
        this.training = training;
        types = source.getConfiguration().getLayerActivationTypes(false, false, inputs);
        type = source.params().dataType();
    }

    /**
     * The same network as a SameDiff graph.
     *
     * @param options what {@code source} was made with
     * @param source gives parameters and Fourier features, which are copied
     * @param training whether dropout is part of the graph
     */
    public static SameDiff assemble(
            NetworkOptions options, ComputationGraph source, boolean training) {
        InputType[] inputs = GraphAssembler.inputTypes(options);
        SameDiffAssembler assembler = new SameDiffAssembler(source, training, inputs);
        List<String> names = source.getConfiguration().getNetworkInputs();
        for (int i = 0; i < inputs.length; i++) {
            assembler.values.put(names.get(i), assembler.placeholder(names.get(i), inputs[i]));
        }
        assembler.define();
        assembler.outputs(options.getSigmaData());
        return assembler.sd;
    }

    private SDVariable placeholder(String name, InputType inputType) {
        return sd.placeHolder(name, type, inputType.getShape(true));
    }

    /**
     * The listener with which the graph trains as the ComputationGraph does, whose layers normalize
     * their weights themselves: {@code sd.setListeners(forcedWeightNormalization(sd))}.
     *
     * @param sd made by this class
     */
    public static ForcedWeightNormalization forcedWeightNormalization(SameDiff sd) {
        return new ForcedWeightNormalization(
                sd.variables().stream()
                        .map(SDVariable::name)
                        .filter(name -> name.endsWith("_" + MpWeightLayer.WEIGHT_KEY))
                        .toList());
    }

    /**
     * One block; the variables "x" and "embedding" are its inputs, "out" is its output.
     *
     * @param source whose vertices of these names are followed by the block
     */
    static SameDiff assembleBlock(
            ComputationGraph source, INDArray x, INDArray embedding, InputType... inputs) {
        SameDiffAssembler assembler = new SameDiffAssembler(source, true, inputs);
        assembler.values.put("x", assembler.sd.var("x", x));
        assembler.values.put("embedding", assembler.sd.var("embedding", embedding));
        assembler.define();
        String out = source.getConfiguration().getNetworkOutputs().get(0);
        assembler.values.get(out).rename("out");
        return assembler.sd;
    }

    /** Adds all layers and vertices that have no value yet and are no part of the loss. */
    private void define() {
        for (int index : source.topologicalSortOrder()) {
            GraphVertex vertex = source.getVertices()[index];
            String name = vertex.getVertexName();
            Object configuration =
                    vertex.hasLayer()
                            ? vertex.getLayer().conf().getLayer()
                            : source.getConfiguration().getVertices().get(name);
            if (!values.containsKey(name) && configuration instanceof InSameDiff part) {
                values.put(name, define(part, vertex, name));
            }
        }
    }

    private SDVariable define(InSameDiff part, GraphVertex vertex, String name) {
        List<String> inputs = source.getConfiguration().getVertexInputs().get(name);
        SDVariable[] x = inputs.stream().map(values::get).toArray(SDVariable[]::new);
        InputType[] inputTypes = inputs.stream().map(types::get).toArray(InputType[]::new);
        if (training && vertex.hasLayer()) {
            x[0] = dropped(x[0], vertex.getLayer().conf().getLayer().getIDropout(), inputTypes[0]);
        }
        return part.define(
                new InSameDiff.Part(
                        sd, type, name, key -> parameter(vertex, name, key), inputTypes),
                x);
    }

    private SDVariable dropped(SDVariable x, IDropout dropout, InputType inputType) {
        if (!(dropout instanceof Dropout inverted)) {
            return x;
        }
        double p = 1 - inverted.getP(); // DL4J has the probability of keeping
        return x.mul(DropoutMask.mask(sd, x, inputType.getShape(true), p, type));
    }

    /** The variable of a layer's parameter, with the name that DL4J gives it. */
    private SDVariable parameter(GraphVertex vertex, String layer, String key) {
        INDArray value =
                key.equals(MpWeightLayer.GAIN_KEY)
                        ? MpWeightLayer.effectiveGain(vertex.getLayer())
                        : vertex.getLayer().getParam(key).dup('c');
        return sd.var(layer + "_" + key, value);
    }

    private void outputs(double sigmaData) {
        SDVariable denoised = values.get(GraphAssembler.RESULT);
        SDVariable logVariance = values.get(GraphAssembler.UNCERTAINTY);
        denoised.rename(GraphAssembler.DENOISED);
        logVariance.rename(GraphAssembler.LOG_VARIANCE);
        SDVariable loss =
                UncertaintyLoss.loss(
                        sd,
                        denoised,
                        logVariance,
                        placeholder(CLEAN, types.get(GraphAssembler.IMAGE)),
                        values.get(GraphAssembler.SIGMA),
                        sigmaData);
        sd.mean(LOSS, sd.sum(loss, 1, 2, 3)).markAsLoss();
    }
}
