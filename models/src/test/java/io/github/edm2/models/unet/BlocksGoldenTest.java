package io.github.edm2.models.unet;

import io.github.edm2.layers.FunctionVertex;
import io.github.edm2.layers.MpWeightLayer;
import io.github.edm2.layers.plan.Planner;
import io.github.edm2.layers.plan.Prepared;
import io.github.edm2.layers.plan.Slot;
import io.github.edm2.layers.plan.Value;
import io.github.edm2.models.ForcedNormalization;
import io.github.edm2.models.Golden;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Every array of golden/blocks.npz is reproduced by both assemblers. */
class BlocksGoldenTest {

    private static final Golden GOLDEN = Golden.read("blocks");

    /** A block of the golden file: its specification, heads and clip. */
    record Block(BlockSpec spec, int in, int channelsPerHead, double clip) {
        String name() {
            return spec.name();
        }

        @Override
        public String toString() {
            return name();
        }

        NetworkOptions options() {
            return NetworkOptions.builder()
                    .modelChannels(48)
                    .channelMult(new int[] {1}) // embedding of 48
                    .channelsPerHead(channelsPerHead)
                    .clipAct(clip)
                    .build();
        }

        /** Vertex of an official parameter name. */
        String layer(String parameter) {
            return name()
                    + "."
                    + parameter.replace("emb_gain", "emb_linear").replace(".weight", "");
        }

        String key(String parameter) {
            return parameter.equals("emb_gain") ? MpWeightLayer.GAIN_KEY : MpWeightLayer.WEIGHT_KEY;
        }
    }

    static Stream<Block> blocks() {
        return Stream.of(
                block("enc_keep", BlockSpec.Kind.KEEP, 32, 64, 8, 0),
                block("enc_down", BlockSpec.Kind.DOWN, 32, 32, 4, 0),
                block("enc_attn", BlockSpec.Kind.KEEP, 64, 64, 8, 32),
                block("dec_keep", BlockSpec.Kind.KEEP, 96, 64, 8, 0),
                block("dec_up", BlockSpec.Kind.UP, 64, 64, 8, 0),
                block("dec_attn", BlockSpec.Kind.KEEP, 128, 128, 4, 64),
                block("enc_clip", BlockSpec.Kind.KEEP, 32, 32, 8, 0));
    }

    private static Block block(
            String name, BlockSpec.Kind kind, int in, int out, int resolution, int head) {
        BlockSpec spec =
                new BlockSpec(name, name.startsWith("dec"), kind, out, resolution, head > 0, false);
        return new Block(spec, in, head == 0 ? 64 : head, name.equals("enc_clip") ? 0.5 : 256);
    }

    @ParameterizedTest
    @MethodSource("blocks")
    void computationGraphEqualsReference(Block block) {
        Probe[] probes = {new Probe(), new Probe()};
        ComputationGraph graph = graph(block, probes);
        String name = block.name();
        INDArray x = GOLDEN.get(name + "/in/x");
        INDArray embedding = GOLDEN.get(name + "/in/emb");
        INDArray out =
                graph.feedForward(new INDArray[] {x, embedding}, true, false).get(name + ".clip");
        Golden.assertClose(GOLDEN.get(name + "/out"), out, Golden.OUTPUT, name);

        Map<String, INDArray> gradients =
                graph.backpropGradient(GOLDEN.get(name + "/gout")).gradientForVariable();
        GOLDEN.under(name + "/gparam")
                .forEach(
                        (parameter, expected) ->
                                Golden.assertClose(
                                        expected,
                                        gradients.get(
                                                block.layer(parameter)
                                                        + "_"
                                                        + block.key(parameter)),
                                        Golden.GRADIENT,
                                        name + " " + parameter));
        Golden.assertClose(
                GOLDEN.get(name + "/grad/x"), probes[0].gradient, Golden.GRADIENT, name + " x");
        Golden.assertClose(
                GOLDEN.get(name + "/grad/emb"),
                probes[1].gradient,
                Golden.GRADIENT,
                name + " embedding");
    }

    @ParameterizedTest
    @MethodSource("blocks")
    void sameDiffEqualsReference(Block block) {
        String name = block.name();
        SameDiff sd =
                SameDiffAssembler.assembleBlock(
                        graph(block, new Probe(), new Probe()),
                        GOLDEN.get(name + "/in/x").dup(),
                        GOLDEN.get(name + "/in/emb").dup(),
                        inputTypes(block));
        SDVariable out = sd.getVariable("out");
        out.mul(sd.constant(GOLDEN.get(name + "/gout"))).sum().markAsLoss();
        Golden.assertClose(GOLDEN.get(name + "/out"), out.eval(), Golden.OUTPUT, name);

        Map<String, INDArray> expected = new LinkedHashMap<>();
        expected.put("x", GOLDEN.get(name + "/grad/x"));
        expected.put("embedding", GOLDEN.get(name + "/grad/emb"));
        GOLDEN.under(name + "/gparam")
                .forEach(
                        (parameter, gradient) ->
                                expected.put(
                                        block.layer(parameter) + "_" + block.key(parameter),
                                        gradient));
        Map<String, INDArray> gradients = sd.calculateGradients(Map.of(), expected.keySet());
        expected.forEach(
                (variable, gradient) ->
                        Golden.assertClose(
                                gradient,
                                gradients.get(variable),
                                Golden.GRADIENT,
                                name + " " + variable));
    }

    private static InputType[] inputTypes(Block block) {
        int size =
                switch (block.spec.kind()) {
                    case DOWN -> block.spec.resolution() * 2;
                    case UP -> block.spec.resolution() / 2;
                    default -> block.spec.resolution();
                };
        return new InputType[] {
            InputType.convolutional(size, size, block.in), InputType.feedForward(48)
        };
    }

    /** The block alone as a graph with its golden parameters. */
    private static ComputationGraph graph(Block block, Probe... probes) {
        ComputationGraphConfiguration.GraphBuilder builder =
                new NeuralNetConfiguration.Builder()
                        .trainingWorkspaceMode(WorkspaceMode.NONE)
                        .inferenceWorkspaceMode(WorkspaceMode.NONE)
                        .graphBuilder()
                        .addInputs("in0", "in1")
                        .setInputTypes(inputTypes(block))
                        .addVertex("x", probes[0], "in0")
                        .addVertex("embedding", probes[1], "in1");
        String out = GraphAssembler.assembleBlock(block.options(), block.spec, block.in, builder);
        ComputationGraph graph = new ComputationGraph(builder.setOutputs(out).build());
        graph.init();
        ForcedNormalization.switchOff(graph);
        GOLDEN.under(block.name() + "/param")
                .forEach(
                        (parameter, value) ->
                                graph.getLayer(block.layer(parameter))
                                        .getParam(block.key(parameter))
                                        .assign(value));
        return graph;
    }

    /** Identity that keeps the gradient, which DL4J clears from its input vertices. */
    private static final class Probe extends FunctionVertex {
        private INDArray gradient;

        @Override
        public Value plan(Planner planner, String name, Value... inputs) {
            Value x = inputs[0].plain();
            Slot y = new Slot(x.slot().shape());
            planner.add(x.slot(), y, () -> Prepared.copy(x.slot().array(), y.array()));
            Value value = planner.like(x, y, x.pending());
            planner.tape()
                    .push(
                            value,
                            x,
                            1,
                            List.of(),
                            List.of(),
                            false,
                            (g, dx) ->
                                    Prepared.sequence(
                                            Prepared.copy(g.array(), dx.array()),
                                            () -> gradient = inOrderOfArrays(dx, x).dup('c')));
            return value;
        }

        private static INDArray inOrderOfArrays(Slot slot, Value like) {
            return like.isImages()
                    ? Planner.images(slot, like.shape()).permute(0, 3, 1, 2)
                    : slot.array();
        }

        @Override
        protected int inputs() {
            return 1;
        }

        @Override
        public InputType getOutputType(int layerIndex, InputType... vertexInputs) {
            return vertexInputs[0];
        }

        @Override
        public Probe clone() {
            return this;
        }

        @Override
        public boolean equals(Object o) {
            return this == o;
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(this);
        }
    }
}
