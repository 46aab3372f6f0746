package io.github.edm2.tests.golden;

import io.github.edm2.layers.CosineAttention;
import io.github.edm2.layers.MpConcat;
import io.github.edm2.layers.MpConvolution;
import io.github.edm2.layers.MpFourier;
import io.github.edm2.layers.MpLinear;
import io.github.edm2.layers.MpSilu;
import io.github.edm2.layers.MpSiluLayer;
import io.github.edm2.layers.MpSum;
import io.github.edm2.layers.MpWeightLayer;
import io.github.edm2.layers.PixelNorm;
import io.github.edm2.layers.Resample;
import io.github.edm2.models.Golden;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Every array of golden/ops.npz is reproduced by both faces of each primitive. */
class PrimitivesGoldenTest {

    private static final Golden GOLDEN = Golden.read("ops");

    /**
     * One primitive.
     *
     * @param name in the golden file
     * @param dl4j a Layer or GraphVertex configuration
     * @param sameDiff the function of the variables "x", "x2", "weight", "gain"
     */
    record Primitive(
            String name,
            Object dl4j,
            BiFunction<SameDiff, Map<String, SDVariable>, SDVariable> sameDiff) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Primitive> primitives() {
        List<Primitive> all = new ArrayList<>();
        all.add(
                new Primitive(
                        "pixel_norm",
                        new PixelNorm.Builder().build(),
                        (sd, v) -> PixelNorm.pixelNorm(sd, v.get("x"), 6)));
        all.add(
                new Primitive(
                        "mp_silu",
                        new MpSiluLayer.Builder().build(),
                        (sd, v) -> MpSilu.mpSilu(sd, v.get("x"))));
        all.add(
                new Primitive(
                        "mp_silu",
                        new ActivationLayer(new MpSilu()),
                        (sd, v) -> MpSilu.mpSilu(sd, v.get("x"))));
        for (double t : new double[] {0.3, 0.5}) {
            String suffix = "_t0" + (int) (10 * t);
            all.add(
                    new Primitive(
                            "mp_sum" + suffix,
                            new MpSum(t),
                            (sd, v) -> MpSum.mpSum(sd, v.get("x"), v.get("x2"), t)));
            all.add(
                    new Primitive(
                            "mp_cat" + suffix,
                            new MpConcat(t),
                            (sd, v) -> MpConcat.mpConcat(sd, v.get("x"), v.get("x2"), 6, 10, t)));
        }
        for (Resample.Direction direction : Resample.Direction.values()) {
            for (double[] filter : new double[][] {{1, 1}, {1, 3, 3, 1}}) {
                all.add(
                        new Primitive(
                                "resample_"
                                        + direction.name().toLowerCase(java.util.Locale.ROOT)
                                        + (filter.length == 2 ? "" : "_f1331"),
                                new Resample.Builder(direction).filter(filter).build(),
                                (sd, v) ->
                                        Resample.resample(
                                                sd,
                                                v.get("x"),
                                                new long[] {2, 6, 8, 8},
                                                direction,
                                                filter)));
            }
        }
        for (int kernel : new int[] {1, 3}) {
            all.add(
                    new Primitive(
                            "mp_conv%dx%d".formatted(kernel, kernel),
                            new MpConvolution.Builder(kernel).nIn(6).nOut(5).learnedGain(1).build(),
                            (sd, v) ->
                                    MpConvolution.mpConvolution(
                                            sd,
                                            v.get("x"),
                                            v.get("weight"),
                                            new long[] {5, 6, kernel, kernel},
                                            v.get("gain"))));
        }
        for (int out : new int[] {5, 1}) {
            all.add(
                    new Primitive(
                            out == 1 ? "mp_linear_out1" : "mp_linear",
                            new MpLinear.Builder().nIn(7).nOut(out).learnedGain(1).build(),
                            (sd, v) ->
                                    MpLinear.mpLinear(
                                            sd,
                                            v.get("x"),
                                            v.get("weight"),
                                            new long[] {out, 7},
                                            v.get("gain"))));
        }
        return all.stream();
    }

    @ParameterizedTest
    @MethodSource("primitives")
    void dl4jFaceEqualsReference(Primitive primitive) {
        String name = primitive.name;
        ComputationGraph graph = graph(primitive.dl4j);
        setParameters(graph, name, false);
        List<INDArray> inputs = inputs(name);
        Pass pass = run(graph, inputs, GOLDEN.get(name + "/gout"));

        Golden.assertClose(GOLDEN.get(name + "/out"), pass.output, Golden.OUTPUT, name);
        for (int i = 0; i < inputs.size(); i++) {
            INDArray expected = GOLDEN.get(name + "/grad/" + (i == 0 ? "x" : "x2"));
            Golden.assertClose(expected, pass.epsilons[i], Golden.GRADIENT, name + " input " + i);
        }
        if (GOLDEN.has(name + "/in/weight")) {
            Map<String, INDArray> gradients = pass.gradient.gradientForVariable();
            Golden.assertClose(
                    GOLDEN.get(name + "/grad/weight"),
                    gradients.get("W"),
                    Golden.GRADIENT,
                    name + " weight");
            Golden.assertClose(
                    GOLDEN.get(name + "/grad/gain"),
                    gradients.get("gain"),
                    Golden.GRADIENT,
                    name + " gain");
        }
    }

    @ParameterizedTest
    @MethodSource("primitives")
    void sameDiffFaceEqualsReference(Primitive primitive) {
        String name = primitive.name;
        SameDiff sd = SameDiff.create();
        Map<String, SDVariable> variables = new LinkedHashMap<>();
        for (String variable : List.of("x", "x2", "weight", "gain")) {
            if (GOLDEN.has(name + "/in/" + variable)) {
                variables.put(
                        variable, sd.var(variable, GOLDEN.get(name + "/in/" + variable).dup()));
            }
        }
        SDVariable out = primitive.sameDiff.apply(sd, variables);
        out.mul(sd.constant(GOLDEN.get(name + "/gout"))).sum().markAsLoss();
        Golden.assertClose(GOLDEN.get(name + "/out"), out.eval(), Golden.OUTPUT, name);
        Map<String, INDArray> gradients = sd.calculateGradients(Map.of(), variables.keySet());
        variables
                .keySet()
                .forEach(
                        variable ->
                                Golden.assertClose(
                                        GOLDEN.get(name + "/grad/" + variable),
                                        gradients.get(variable),
                                        Golden.GRADIENT,
                                        name + " " + variable));
    }

    @ParameterizedTest
    @MethodSource("primitives")
    void trainingForwardForcesWeightNormalization(Primitive primitive) {
        String name = primitive.name;
        if (!GOLDEN.has(name + "/forced_weight")) {
            return;
        }
        ComputationGraph graph = graph(primitive.dl4j);
        setParameters(graph, name, true);
        INDArray weight = graph.getLayer("op").getParam("W");
        INDArray before = weight.dup();
        graph.output(inputs(name).get(0));
        Assertions.assertEquals(before, weight, "inference must not change the weight");
        run(graph, inputs(name), GOLDEN.get(name + "/gout"));
        Golden.assertClose(GOLDEN.get(name + "/forced_weight"), weight, Golden.OUTPUT, name);
    }

    @org.junit.jupiter.api.Test
    void fourierFeaturesEqualReference() {
        INDArray x = GOLDEN.get("mp_fourier/in/x").reshape(5, 1);
        INDArray frequencies = GOLDEN.get("mp_fourier/freqs");
        INDArray phases = GOLDEN.get("mp_fourier/phases");
        ComputationGraph graph =
                graph(
                        new MpFourier.Builder()
                                .features(frequencies.toFloatVector(), phases.toFloatVector())
                                .build());
        INDArray expected = GOLDEN.get("mp_fourier/out");
        Golden.assertClose(expected, graph.output(x)[0], Golden.OUTPUT, "dl4j");
        SameDiff sd = SameDiff.create();
        SDVariable out =
                MpFourier.mpFourier(
                        sd,
                        sd.constant(x),
                        sd.constant(frequencies.reshape(1, 12)),
                        sd.constant(phases.reshape(1, 12)));
        Golden.assertClose(expected, out.eval(), Golden.OUTPUT, "samediff");
    }

    @org.junit.jupiter.api.Test
    void attentionFacesAgree() {
        Nd4j.getRandom().setSeed(3);
        INDArray x = Nd4j.randn(2, 24, 4, 4);
        INDArray g = Nd4j.randn(2, 8, 4, 4);
        Pass pass = run(graph(new CosineAttention.Builder(2).build()), List.of(x), g);
        SameDiff sd = SameDiff.create();
        SDVariable out = CosineAttention.attention(sd, sd.var("x", x.dup()), x.shape(), 2);
        out.mul(sd.constant(g)).sum().markAsLoss();
        Golden.assertClose(out.eval(), pass.output, Golden.OUTPUT, "output");
        Golden.assertClose(
                sd.calculateGradients(Map.of(), "x").get("x"),
                pass.epsilons[0],
                Golden.GRADIENT,
                "gradient");
    }

    private static List<INDArray> inputs(String name) {
        List<INDArray> inputs = new ArrayList<>();
        inputs.add(GOLDEN.get(name + "/in/x"));
        if (GOLDEN.has(name + "/in/x2")) {
            inputs.add(GOLDEN.get(name + "/in/x2"));
        }
        return inputs;
    }

    private static ComputationGraph graph(Object operation) {
        ComputationGraphConfiguration.GraphBuilder builder =
                new NeuralNetConfiguration.Builder().seed(1).graphBuilder();
        if (operation instanceof Layer layer) {
            if (layer instanceof MpWeightLayer weights) {
                weights.setForcedNormalization(false);
            }
            builder.addInputs("x").addLayer("op", layer, "x");
        } else {
            builder.addInputs("x", "x2").addVertex("op", (GraphVertex) operation, "x", "x2");
        }
        ComputationGraph graph = new ComputationGraph(builder.setOutputs("op").build());
        graph.init();
        return graph;
    }

    private static void setParameters(ComputationGraph graph, String name, boolean forced) {
        if (GOLDEN.has(name + "/in/weight")) {
            ((MpWeightLayer) graph.getLayer("op").conf().getLayer()).setForcedNormalization(forced);
            graph.getLayer("op").setParam("W", GOLDEN.get(name + "/in/weight"));
            graph.getLayer("op").setParam("gain", GOLDEN.get(name + "/in/gain").reshape(1, 1));
        }
    }

    private record Pass(INDArray output, INDArray[] epsilons, Gradient gradient) {}

    /** Forward and backward through the vertex "op" alone. */
    private static Pass run(
            ComputationGraph graph, List<INDArray> inputs, INDArray outputGradient) {
        graph.initGradientsView();
        org.deeplearning4j.nn.graph.vertex.GraphVertex vertex = graph.getVertex("op");
        LayerWorkspaceMgr none = LayerWorkspaceMgr.noWorkspaces();
        for (int i = 0; i < inputs.size(); i++) {
            vertex.setInput(i, inputs.get(i), none);
        }
        INDArray output = vertex.doForward(true, none);
        vertex.setEpsilon(outputGradient);
        Pair<Gradient, INDArray[]> pair = vertex.doBackward(false, none);
        return new Pass(output, pair.getSecond(), pair.getFirst());
    }
}
