package io.github.edm2.models;

import io.github.edm2.layers.MpWeightLayer;
import io.github.edm2.models.diffusion.Denoised;
import io.github.edm2.models.diffusion.LogVarianceOutput;
import io.github.edm2.models.diffusion.LossInput;
import io.github.edm2.models.diffusion.NoiseCondition;
import io.github.edm2.models.diffusion.ScaledInput;
import io.github.edm2.models.diffusion.UncertaintyLoss;
import io.github.edm2.models.unet.OnesChannel;
import java.util.HashSet;
import java.util.Set;
import org.deeplearning4j.gradientcheck.GradientCheckUtil;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.NoOp;

/** Gradients of preconditioning, loss and a whole network equal finite differences. */
class NetworkGradientCheckTest {

    private static final DataType DOUBLE = DataType.DOUBLE;
    private static final double STEP = 1e-6;
    private static final double RELATIVE = 1e-5;
    private static final double ABSOLUTE = 1e-7;

    private static DataType before;

    @BeforeAll
    static void setDoublePrecision() {
        before = Nd4j.dataType();
        Nd4j.setDefaultDataTypes(DOUBLE, DOUBLE);
    }

    @AfterAll
    static void restorePrecision() {
        Nd4j.setDefaultDataTypes(before, before);
    }

    /** Every vertex of the preconditioning between stock layers, so that x has a gradient too. */
    @ParameterizedTest
    @EnumSource(
            value = WorkspaceMode.class,
            names = {"ENABLED", "NONE"})
    void preconditioningAndLoss(WorkspaceMode workspaces) {
        ComputationGraphConfiguration conf =
                new NeuralNetConfiguration.Builder()
                        .seed(4)
                        .dataType(DOUBLE)
                        .updater(new NoOp())
                        .trainingWorkspaceMode(workspaces)
                        .graphBuilder()
                        .addInputs("image", "sigma")
                        .addLayer("x", convolution(2), "image")
                        .addVertex("scaled", new ScaledInput(.7), "x", "sigma")
                        .addVertex("ones", new OnesChannel(), "scaled")
                        .addLayer("f", convolution(2), "ones")
                        .addVertex("d", new Denoised(.7), "f", "x", "sigma")
                        .addVertex("noise", new NoiseCondition(), "sigma")
                        .addLayer("hidden", dense(4), "noise")
                        .addLayer("u", dense(1), "hidden")
                        .addVertex("packed", new LossInput(), "d", "u", "sigma")
                        .addLayer("denoised", new UncertaintyLoss.Builder(.7).build(), "packed")
                        .addLayer("log_variance", new LogVarianceOutput.Builder().build(), "u")
                        .setOutputs("denoised", "log_variance")
                        .setInputTypes(InputType.convolutional(4, 4, 2), InputType.feedForward(1))
                        .build();
        ComputationGraph network = new ComputationGraph(conf);
        network.init();
        MultiDataSet batch = TinyNetwork.batch(DOUBLE, 20);
        assertGradients(network, Set.of(), batch.getFeatures(0), batch.getFeatures(1));
        Assertions.assertEquals(conf, ComputationGraphConfiguration.fromJson(conf.toJson()));
    }

    @Test
    void wholeNetworkWithDropoutAndNonzeroGains() {
        ComputationGraph network =
                TinyNetwork.builder(DOUBLE, .2).updater(new NoOp()).build().init();
        ForcedNormalization.switchOff(network);
        for (Layer layer : network.getLayers()) {
            if (layer.conf().getLayer() instanceof MpWeightLayer weights
                    && weights.isLearnedGain()) {
                layer.getParam(MpWeightLayer.GAIN_KEY).assign(.6);
            }
        }
        // Of the parameters that are alike, those of one block: they depend on all that is behind.
        Set<String> alike = new HashSet<>(network.paramTable().keySet());
        alike.removeIf(
                name ->
                        name.contains("enc.2x2_down")
                                || name.contains("emb_")
                                || name.contains("logvar")
                                || name.endsWith("_gain"));
        assertGradients(network, alike, TinyNetwork.batch(DOUBLE, 20).getFeatures());
    }

    private static void assertGradients(
            ComputationGraph network, Set<String> excluded, INDArray... inputs) {
        boolean passed =
                GradientCheckUtil.checkGradients(
                        new GradientCheckUtil.GraphConfig()
                                .net(network)
                                .inputs(inputs)
                                .labels(TinyNetwork.batch(DOUBLE, 20).getLabels())
                                .excludeParams(excluded)
                                .epsilon(STEP)
                                .maxRelError(RELATIVE)
                                .minAbsoluteError(ABSOLUTE)
                                .callEachIter(n -> Nd4j.getRandom().setSeed(7)));
        Assertions.assertTrue(passed, "backpropagated and numerical gradients differ, see the log");
    }

    private static ConvolutionLayer convolution(int out) {
        return new ConvolutionLayer.Builder(1, 1).nOut(out).activation(Activation.TANH).build();
    }

    private static DenseLayer dense(int out) {
        return new DenseLayer.Builder().nOut(out).activation(Activation.TANH).build();
    }
}
