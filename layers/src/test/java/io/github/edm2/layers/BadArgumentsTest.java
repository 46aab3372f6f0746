package io.github.edm2.layers;

import java.util.List;
import java.util.stream.Stream;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.distribution.NormalDistribution;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.weightnoise.WeightNoise;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Wrong arguments, input types and inputs fail with the value, what is allowed and what to do. */
class BadArgumentsTest {

    private static final InputType IMAGES = InputType.convolutional(4, 4, 6);
    private static final InputType VECTOR = InputType.feedForward(6);
    private static final InputType CHANNELS_LAST =
            InputType.convolutional(4, 4, 6, CNN2DFormat.NHWC);

    /**
     * A mistake.
     *
     * @param parts what the message must contain
     */
    record Mistake(
            String name, Class<? extends Exception> error, Executable action, String... parts) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Mistake> arguments() {
        Class<IllegalArgumentException> error = IllegalArgumentException.class;
        return Stream.of(
                new Mistake(
                        "even kernel",
                        error,
                        () -> new MpConvolution.Builder(2),
                        "odd",
                        "got 2",
                        "1 and 3"),
                new Mistake(
                        "no kernel",
                        error,
                        () -> new MpConvolution.Builder(-1),
                        "at least 1",
                        "got -1"),
                new Mistake(
                        "gain",
                        error,
                        () -> new MpLinear.Builder().gain(Double.NaN),
                        "gain",
                        "finite",
                        "NaN"),
                new Mistake(
                        "learned gain",
                        error,
                        () -> new MpConvolution.Builder(1).learnedGain(Double.POSITIVE_INFINITY),
                        "initialGain",
                        "finite",
                        "Infinity"),
                new Mistake(
                        "heads",
                        error,
                        () -> new CosineAttention.Builder(0),
                        "heads",
                        "at least 1",
                        "got 0"),
                new Mistake(
                        "limit",
                        error,
                        () -> new Clip.Builder().limit(0),
                        "greater than 0",
                        "got 0",
                        "leave"),
                new Mistake(
                        "limit NaN", error, () -> new Clip.Builder().limit(Double.NaN), "got NaN"),
                new Mistake("balance", error, () -> new MpSum(1.5), "[0, 1]", "got 1.5", "0.3"),
                new Mistake(
                        "balance NaN", error, () -> new MpConcat(Double.NaN), "[0, 1]", "got NaN"),
                new Mistake(
                        "direction", error, () -> new Resample.Builder(null), "UP or DOWN", "null"),
                new Mistake(
                        "odd filter",
                        error,
                        () -> resample().filter(1, 2, 1),
                        "even",
                        "got 3",
                        "1, 3, 3, 1"),
                new Mistake("no filter", error, () -> resample().filter(), "even", "got 0"),
                new Mistake(
                        "zero filter", error, () -> resample().filter(1, -1), "sum", "[1.0, -1.0]"),
                new Mistake(
                        "channels",
                        error,
                        () -> new MpFourier.Builder().random(0, 1, 1),
                        "at least 1",
                        "got 0 and 1.0"),
                new Mistake(
                        "bandwidth",
                        error,
                        () -> new MpFourier.Builder().random(4, 0, 1),
                        "greater than 0",
                        "got 4 and 0.0"),
                new Mistake(
                        "features",
                        error,
                        () -> new MpFourier.Builder().features(new float[2], new float[3]),
                        "same length",
                        "got 2 and 3"),
                new Mistake(
                        "no features",
                        error,
                        () -> new MpFourier.Builder().features(new float[0], new float[0]),
                        "at least 1",
                        "got 0 and 0"),
                new Mistake(
                        "unset features",
                        error,
                        () -> new MpFourier.Builder().build(),
                        "random(",
                        "features("));
    }

    static Stream<Mistake> inputTypes() {
        Class<IllegalStateException> error = IllegalStateException.class;
        return Stream.of(
                type(
                        "convolution of vectors",
                        convolution(),
                        VECTOR,
                        "\"op\"",
                        "MpConvolution",
                        "NCHW",
                        "setInputTypes"),
                type("convolution of channels last", convolution(), CHANNELS_LAST, "NHWC", "NCHW"),
                type(
                        "pixel norm of vectors",
                        new PixelNorm.Builder().build(),
                        VECTOR,
                        "PixelNorm",
                        "NCHW"),
                type("resample of vectors", resample().build(), VECTOR, "Resample", "NCHW"),
                type("resample of channels last", resample().build(), CHANNELS_LAST, "NHWC"),
                type(
                        "resample of odd size",
                        resample().build(),
                        InputType.convolutional(4, 5, 1),
                        "even",
                        "w=5",
                        "pad"),
                type(
                        "attention of vectors",
                        new CosineAttention.Builder(1).build(),
                        VECTOR,
                        "CosineAttention"),
                type(
                        "attention of 6 channels",
                        new CosineAttention.Builder(4).build(),
                        IMAGES,
                        "3 * 4 heads",
                        "c=6"),
                type("fourier of vectors", fourier(), VECTOR, "feedForward(1)", "setInputTypes"),
                types(
                        error,
                        "sum",
                        new MpSum(.3),
                        List.of(IMAGES, VECTOR),
                        "same shape",
                        "1x1 convolution"),
                types(
                        error,
                        "concat of vectors",
                        new MpConcat(.3),
                        List.of(IMAGES, VECTOR),
                        "MpConcat",
                        "NCHW"),
                types(
                        error,
                        "concat of sizes",
                        new MpConcat(.3),
                        List.of(IMAGES, InputType.convolutional(2, 4, 6)),
                        "height and width",
                        "resample"),
                types(
                        error,
                        "modulation by too few",
                        new Modulation(),
                        List.of(IMAGES, InputType.feedForward(5)),
                        "size 6",
                        "nOut 6"),
                types(
                        error,
                        "modulation of vectors",
                        new Modulation(),
                        List.of(VECTOR, VECTOR),
                        "Modulation",
                        "NCHW"));
    }

    static Stream<Mistake> configurations() {
        Class<DL4JInvalidConfigException> error = DL4JInvalidConfigException.class;
        return Stream.of(
                new Mistake(
                        "nIn",
                        error,
                        () -> init(new MpConvolution.Builder(3).nOut(2).build()),
                        "\"op\"",
                        "got 0 and 2",
                        "input types"),
                new Mistake(
                        "nOut",
                        error,
                        () -> init(new MpLinear.Builder().nIn(2).build()),
                        "MpLinear",
                        "got 2 and 0",
                        "set nOut"),
                new Mistake(
                        "l2",
                        error,
                        () -> init(new MpLinear.Builder().nIn(2).nOut(2).l2(.1).build()),
                        "MpLinear",
                        "l2",
                        "other layers only"),
                new Mistake(
                        "weight noise",
                        error,
                        () ->
                                init(
                                        new MpLinear.Builder()
                                                .nIn(2)
                                                .nOut(2)
                                                .weightNoise(
                                                        new WeightNoise(
                                                                new NormalDistribution(0, 1)))
                                                .build()),
                        "weight noise",
                        "leave"));
    }

    static Stream<Mistake> inputs() {
        return Stream.of(
                input(
                        "convolution rank",
                        convolution(),
                        new long[][] {{2, 6}},
                        "[2, 6]",
                        "batch, channels"),
                input(
                        "convolution channels",
                        convolution(),
                        new long[][] {{2, 5, 4, 4}},
                        "6 channels",
                        "of 5",
                        "nIn"),
                input(
                        "linear size",
                        linear(),
                        new long[][] {{2, 5}},
                        "[batch, 6]",
                        "[2, 5]",
                        "nIn"),
                input(
                        "linear rank",
                        linear(),
                        new long[][] {{2, 6, 4, 4}},
                        "[batch, 6]",
                        "[2, 6, 4, 4]"),
                input(
                        "pixel norm",
                        new PixelNorm.Builder().build(),
                        new long[][] {{2, 6}},
                        "PixelNorm",
                        "[2, 6]"),
                input(
                        "resample",
                        resample().build(),
                        new long[][] {{2, 6, 4, 3}},
                        "even",
                        "[2, 6, 4, 3]",
                        "pad"),
                input(
                        "attention",
                        new CosineAttention.Builder(4).build(),
                        new long[][] {{2, 6, 4, 3}},
                        "3 * 4 heads",
                        "of 6"),
                input("fourier", fourier(), new long[][] {{2, 2}}, "[batch, 1]", "[2, 2]"),
                input(
                        "sum",
                        new MpSum(.3),
                        new long[][] {{2, 6}, {2, 5}},
                        "same shape",
                        "[2, 6] and [2, 5]"),
                input(
                        "concat rank",
                        new MpConcat(.3),
                        new long[][] {{2, 6}, {2, 5}},
                        "MpConcat",
                        "[2, 6]"),
                input(
                        "concat size",
                        new MpConcat(.3),
                        new long[][] {{2, 6, 4, 4}, {2, 6, 4, 2}},
                        "height and width",
                        "[2, 6, 4, 2]"),
                input(
                        "modulation",
                        new Modulation(),
                        new long[][] {{2, 6, 4, 4}, {2, 5}},
                        "[2, 6]",
                        "[2, 5]",
                        "nOut 6"));
    }

    @ParameterizedTest
    @MethodSource({"arguments", "inputTypes", "configurations", "inputs"})
    void messageTellsValueRangeAndRemedy(Mistake mistake) {
        Exception e = Assertions.assertThrows(mistake.error, mistake.action);
        for (String part : mistake.parts) {
            Assertions.assertTrue(
                    e.getMessage().contains(part), () -> part + " is not in: " + e.getMessage());
        }
        Assertions.assertFalse(e.getMessage().contains("\n"), e.getMessage());
    }

    private static MpConvolution convolution() {
        return new MpConvolution.Builder(3).nIn(6).nOut(2).build();
    }

    private static MpLinear linear() {
        return new MpLinear.Builder().nIn(6).nOut(2).build();
    }

    private static Resample.Builder resample() {
        return new Resample.Builder(Resample.Direction.DOWN);
    }

    private static MpFourier fourier() {
        return new MpFourier.Builder().random(4, 1, 1).build();
    }

    private static Mistake type(String name, Layer layer, InputType type, String... parts) {
        layer.setLayerName("op");
        return new Mistake(
                name, IllegalStateException.class, () -> layer.getOutputType(0, type), parts);
    }

    private static Mistake types(
            Class<? extends Exception> error,
            String name,
            GraphVertex vertex,
            List<InputType> types,
            String... parts) {
        return new Mistake(
                name, error, () -> vertex.getOutputType(0, types.toArray(InputType[]::new)), parts);
    }

    private static Mistake input(String name, Object operation, long[][] shapes, String... parts) {
        return new Mistake(
                name,
                DL4JInvalidInputException.class,
                () -> {
                    INDArray[] inputs = new INDArray[shapes.length];
                    for (int i = 0; i < inputs.length; i++) {
                        inputs[i] = Specimen.random(DataType.FLOAT, i, shapes[i]);
                    }
                    init(operation).output(inputs);
                },
                parts);
    }

    /** The layer or vertex "op" alone as a network without input types. */
    private static ComputationGraph init(Object operation) {
        var graph = new NeuralNetConfiguration.Builder().graphBuilder();
        if (operation instanceof Layer layer) {
            graph.addInputs("a").addLayer("op", layer, "a");
        } else {
            graph.addInputs("a", "b").addVertex("op", (GraphVertex) operation, "a", "b");
        }
        ComputationGraph network = new ComputationGraph(graph.setOutputs("op").build());
        network.init();
        return network;
    }
}
