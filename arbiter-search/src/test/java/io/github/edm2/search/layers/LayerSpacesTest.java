package io.github.edm2.search.layers;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.edm2.layers.CosineAttention;
import io.github.edm2.layers.MpConvolution;
import io.github.edm2.layers.MpLinear;
import io.github.edm2.layers.MpSiluLayer;
import io.github.edm2.layers.MpSum;
import java.util.Set;
import java.util.TreeSet;
import org.deeplearning4j.arbiter.ComputationGraphSpace;
import org.deeplearning4j.arbiter.GraphConfiguration;
import org.deeplearning4j.arbiter.conf.updater.AdamSpace;
import org.deeplearning4j.arbiter.layers.GlobalPoolingLayerSpace;
import org.deeplearning4j.arbiter.layers.OutputLayerSpace;
import org.deeplearning4j.arbiter.optimize.api.Candidate;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.deeplearning4j.arbiter.optimize.generator.RandomSearchGenerator;
import org.deeplearning4j.arbiter.optimize.parameter.BooleanSpace;
import org.deeplearning4j.arbiter.optimize.parameter.FixedValue;
import org.deeplearning4j.arbiter.optimize.parameter.continuous.ContinuousParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.discrete.DiscreteParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.integer.IntegerParameterSpace;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

class LayerSpacesTest {

    /** All layers that have a space. */
    private static ComputationGraphSpace.Builder space(
            ParameterSpace<Integer> width, String afterFirst) {
        return new ComputationGraphSpace.Builder()
                .seed(1)
                .updater(new AdamSpace(new ContinuousParameterSpace(0.001, 0.01)))
                .addInputs("image")
                .setInputTypes(InputType.convolutional(4, 4, 3))
                .addLayer(
                        "first",
                        new MpConvolutionSpace.Builder(new DiscreteParameterSpace<>(1, 3))
                                .nOut(width)
                                .gain(new ContinuousParameterSpace(0.5, 1))
                                .forcedNormalization(new BooleanSpace())
                                .build(),
                        "image")
                .addLayer(
                        "second",
                        new MpConvolutionSpace.Builder(3).nOut(width).learnedGain(0.5).build(),
                        afterFirst)
                .addVertex("sum", new MpSum(0.3), "first", "second")
                .addLayer("qkv", new MpConvolutionSpace.Builder(1).nOut(24).build(), "sum")
                .addLayer(
                        "attention",
                        new CosineAttentionSpace.Builder(new DiscreteParameterSpace<>(1, 2, 4))
                                .build(),
                        "qkv")
                .addLayer("pool", new GlobalPoolingLayerSpace.Builder().build(), "attention")
                .addLayer(
                        "linear",
                        new MpLinearSpace.Builder().nOut(new IntegerParameterSpace(3, 8)).build(),
                        "pool")
                .addLayer(
                        "out",
                        new OutputLayerSpace.Builder()
                                .nOut(2)
                                .activation(Activation.IDENTITY)
                                .lossFunction(LossFunction.MSE)
                                .build(),
                        "linear")
                .setOutputs("out");
    }

    /** With what Arbiter's JSON does not keep: a layer as it is, and one space in two places. */
    private static ComputationGraphSpace spaceAndLayer() {
        return space(new DiscreteParameterSpace<>(6, 12), "silu")
                .layer("silu", new MpSiluLayer.Builder().build(), "first")
                .build();
    }

    private static RandomSearchGenerator generator(ComputationGraphSpace space) {
        RandomSearchGenerator generator = new RandomSearchGenerator(space);
        generator.setRngSeed(3);
        return generator;
    }

    private static ComputationGraph network(Candidate<?> candidate) {
        ComputationGraph graph =
                new ComputationGraph(
                        ((GraphConfiguration) candidate.getValue()).getConfiguration());
        graph.init();
        return graph;
    }

    @Test
    void candidatesAreNetworksThatTrain() {
        RandomSearchGenerator generator = generator(spaceAndLayer());
        INDArray x = Nd4j.rand(DataType.FLOAT, 5, 3, 4, 4);
        INDArray y = Nd4j.rand(DataType.FLOAT, 5, 2);
        Set<Object> kernels = new TreeSet<>();
        Set<Object> widths = new TreeSet<>();
        Set<Object> heads = new TreeSet<>();
        Set<Object> gains = new TreeSet<>();
        Set<Object> outputs = new TreeSet<>();
        Set<Object> forced = new TreeSet<>();
        for (int i = 0; i < 12; i++) {
            ComputationGraph graph = network(generator.getCandidate());
            assertArrayEquals(new long[] {5, 2}, graph.outputSingle(x).shape());
            INDArray before = graph.params().dup();
            graph.fit(new DataSet(x, y));
            assertTrue(Double.isFinite(graph.score()));
            assertTrue(graph.params().distance2(before) > 0);

            MpConvolution first = (MpConvolution) graph.getLayer("first").conf().getLayer();
            MpConvolution second = (MpConvolution) graph.getLayer("second").conf().getLayer();
            assertEquals(first.getNOut(), second.getNOut());
            assertTrue(second.isLearnedGain());
            assertEquals(0.5, second.getInitialGain());
            kernels.add(first.getKernel());
            widths.add(first.getNOut());
            gains.add(first.getGain());
            forced.add(first.isForcedNormalization());
            heads.add(((CosineAttention) graph.getLayer("attention").conf().getLayer()).getHeads());
            outputs.add(((MpLinear) graph.getLayer("linear").conf().getLayer()).getNOut());
        }
        assertEquals(Set.of(1, 3), kernels);
        assertEquals(Set.of(6L, 12L), widths);
        assertEquals(Set.of(1, 2, 4), heads);
        assertEquals(Set.of(true, false), forced);
        assertEquals(12, gains.size());
        assertTrue(outputs.size() > 1);
    }

    @Test
    void spacesAreKeptByArbitersJson() {
        ComputationGraphSpace space = space(new FixedValue<>(6), "first").build();
        ComputationGraphSpace read = ComputationGraphSpace.fromJson(space.toJson());
        assertEquals(space.getLayerSpaces(), read.getLayerSpaces());
        assertEquals(space.toString(), read.toString());
        assertEquals(space.numParameters(), read.numParameters());
        RandomSearchGenerator one = generator(space);
        RandomSearchGenerator other = generator(read);
        for (int i = 0; i < 3; i++) {
            assertEquals(
                    network(one.getCandidate()).getConfiguration(),
                    network(other.getCandidate()).getConfiguration());
        }
    }

    @Test
    void spacesOfOtherValuesDiffer() {
        assertTrue(
                !new MpLinearSpace.Builder()
                        .nOut(2)
                        .build()
                        .equals(new MpLinearSpace.Builder().nOut(3).build()));
        assertEquals(
                "MpConvolutionSpace{nOut=FixedValue(2), kernel=FixedValue(3)}",
                new MpConvolutionSpace.Builder(3).nOut(2).build().toString());
    }

    @Test
    void aSpaceWithoutOutputsIsRefused() {
        IllegalArgumentException missing =
                assertThrows(
                        IllegalArgumentException.class, () -> new MpLinearSpace.Builder().build());
        assertEquals(
                "MpLinearSpace needs nOut, got none; set a number or a space of them",
                missing.getMessage());
    }

    @Test
    void anEvenKernelIsACandidateThatFails() {
        MpConvolutionSpace space = new MpConvolutionSpace.Builder(2).nOut(4).build();
        assertThrows(IllegalArgumentException.class, () -> space.getValue(new double[0]));
    }
}
