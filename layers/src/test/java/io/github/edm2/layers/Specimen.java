package io.github.edm2.layers;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.CnnLossLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * A layer or vertex of this module in somebody else's small network: stock trainable layers in
 * front of every input, so that its input gradients reach parameters, and a stock loss behind it.
 * No nIn is given; DL4J infers them.
 *
 * @param name of the specimen
 * @param inputTypes types of the inputs of the layer or vertex
 * @param operation makes the configuration of the layer or vertex
 */
record Specimen(String name, List<InputType> inputTypes, Supplier<Object> operation) {

    static final String OPERATION = "operation";

    static final int BATCH = 3;

    @Override
    public String toString() {
        return name;
    }

    /** Every layer and vertex, with every option that changes its mathematics. */
    static Stream<Specimen> all() {
        List<Specimen> all = new ArrayList<>();
        InputType images = InputType.convolutional(4, 2, 3);
        for (int kernel : new int[] {1, 3}) {
            String name = "convolution " + kernel + "x" + kernel;
            layer(all, name, images, () -> convolution(kernel).build());
        }
        layer(
                all,
                "convolution learned gain",
                images,
                () -> convolution(3).learnedGain(.7).build());
        layer(all, "convolution gain", images, () -> convolution(3).gain(1.7).build());
        layer(
                all,
                "convolution both gains",
                images,
                () -> convolution(1).gain(1.7).learnedGain(.7).build());
        layer(
                all,
                "convolution tanh",
                images,
                () -> convolution(3).activation(Activation.TANH).build());
        layer(
                all,
                "convolution mp silu",
                images,
                () -> convolution(3).activation(new MpSilu()).build());
        layer(all, "convolution of dropout", images, () -> convolution(3).dropOut(.6).build());
        InputType vector = InputType.feedForward(5);
        layer(all, "linear", vector, () -> linear(4).build());
        layer(all, "linear to one", vector, () -> linear(1).build());
        layer(all, "linear learned gain", vector, () -> linear(4).learnedGain(.7).build());
        layer(all, "linear gain", vector, () -> linear(4).gain(1.7).build());
        layer(all, "linear mp silu", vector, () -> linear(4).activation(new MpSilu()).build());
        layer(all, "linear of dropout", vector, () -> linear(4).dropOut(.6).build());
        layer(all, "linear of images", images, () -> linear(4).build());
        layer(all, "silu of images", images, () -> new MpSiluLayer.Builder().build());
        layer(all, "silu of vectors", vector, () -> new MpSiluLayer.Builder().build());
        layer(all, "silu of dropout", images, () -> new MpSiluLayer.Builder().dropOut(.6).build());
        layer(all, "silu activation", images, () -> new ActivationLayer(new MpSilu()));
        layer(all, "pixel norm", images, () -> new PixelNorm.Builder().build());
        for (Resample.Direction direction : Resample.Direction.values()) {
            for (double[] filter : new double[][] {{1, 1}, {1, 3, 3, 1}}) {
                layer(
                        all,
                        "resample "
                                + direction.name().toLowerCase(Locale.ROOT)
                                + Arrays.toString(filter),
                        images,
                        () -> new Resample.Builder(direction).filter(filter).build());
            }
        }
        layer(
                all,
                "attention",
                InputType.convolutional(3, 2, 12),
                () -> new CosineAttention.Builder(2).build());
        layer(all, "clip", images, () -> new Clip.Builder().limit(.3).build());
        layer(
                all,
                "fourier",
                InputType.feedForward(1),
                () -> new MpFourier.Builder().random(6, 1, 5).build());
        all.add(new Specimen("sum of images", List.of(images, images), () -> new MpSum(.3)));
        all.add(new Specimen("sum of vectors", List.of(vector, vector), () -> new MpSum(.5)));
        all.add(
                new Specimen(
                        "concat",
                        List.of(images, InputType.convolutional(4, 2, 2)),
                        () -> new MpConcat(.3)));
        all.add(
                new Specimen(
                        "modulation",
                        List.of(images, InputType.feedForward(3)),
                        () -> new Modulation()));
        return all.stream();
    }

    private static void layer(
            List<Specimen> all, String name, InputType input, Supplier<Object> layer) {
        all.add(new Specimen(name, List.of(input), layer));
    }

    private static MpConvolution.Builder convolution(int kernel) {
        return new MpConvolution.Builder(kernel).nOut(4);
    }

    private static MpLinear.Builder linear(int nOut) {
        return new MpLinear.Builder().nOut(nOut);
    }

    /** DL4J's own layers of the same kinds, which the layers of this module must equal in use. */
    static Stream<Specimen> stock() {
        List<Specimen> all = new ArrayList<>();
        layer(
                all,
                "DL4J's convolution",
                InputType.convolutional(4, 2, 3),
                () -> new ConvolutionLayer.Builder(1, 1).nOut(4).build());
        layer(
                all,
                "DL4J's dense",
                InputType.feedForward(5),
                () -> new DenseLayer.Builder().nOut(4).build());
        return all.stream();
    }

    /** The network with fresh parameters. */
    ComputationGraph network(
            DataType type, WorkspaceMode workspaces, IUpdater updater, boolean forced) {
        GraphBuilder graph =
                new NeuralNetConfiguration.Builder()
                        .seed(11)
                        .dataType(type)
                        .updater(updater)
                        .trainingWorkspaceMode(workspaces)
                        .inferenceWorkspaceMode(workspaces)
                        .graphBuilder();
        String[] fronts = new String[inputTypes.size()];
        for (int i = 0; i < fronts.length; i++) {
            graph.addInputs("in" + i);
            fronts[i] = "front" + i;
            graph.addLayer(fronts[i], front(inputTypes.get(i)), "in" + i);
        }
        graph.setInputTypes(inputTypes.toArray(InputType[]::new));
        Object made = operation.get();
        if (made instanceof MpWeightLayer weights) {
            weights.setForcedNormalization(forced);
        }
        if (made instanceof Layer layer) {
            graph.addLayer(OPERATION, layer, fronts);
        } else {
            graph.addVertex(OPERATION, (GraphVertex) made, fronts);
        }
        graph.addLayer("loss", loss(made), OPERATION).setOutputs("loss");
        ComputationGraph network = new ComputationGraph(graph.build());
        network.init();
        return network;
    }

    /** The layer or vertex alone, on the network's inputs, with a loss behind it. */
    ComputationGraph networkOfInputs() {
        GraphBuilder graph =
                new NeuralNetConfiguration.Builder().seed(11).updater(new Sgd(.1)).graphBuilder();
        String[] names = new String[inputTypes.size()];
        for (int i = 0; i < names.length; i++) {
            names[i] = "in" + i;
        }
        graph.addInputs(names).setInputTypes(inputTypes.toArray(InputType[]::new));
        Object made = operation.get();
        if (made instanceof Layer layer) {
            graph.addLayer(OPERATION, layer, names);
        } else {
            graph.addVertex(OPERATION, (GraphVertex) made, names);
        }
        graph.addLayer("loss", loss(made), OPERATION).setOutputs("loss");
        ComputationGraph network = new ComputationGraph(graph.build());
        network.init();
        return network;
    }

    static Layer front(InputType type) {
        if (type instanceof InputType.InputTypeConvolutional images) {
            return new ConvolutionLayer.Builder(1, 1)
                    .nOut(images.getChannels())
                    .activation(Activation.TANH)
                    .build();
        }
        return new DenseLayer.Builder()
                .nOut(((InputType.InputTypeFeedForward) type).getSize())
                .activation(Activation.TANH)
                .build();
    }

    Layer loss(Object made) {
        boolean vectors =
                made instanceof MpLinear || inputTypes.get(0).getType() == InputType.Type.FF;
        return vectors
                ? new LossLayer.Builder(LossFunction.MSE).activation(Activation.IDENTITY).build()
                : new CnnLossLayer.Builder(LossFunction.MSE)
                        .activation(Activation.IDENTITY)
                        .build();
    }

    /** The same random inputs at every call. */
    INDArray[] inputs(DataType type) {
        return inputTypes.stream()
                .map(input -> random(type, 1, batch(input.getShape(true))))
                .toArray(INDArray[]::new);
    }

    /** Random labels in the shape of the network's output. */
    INDArray[] labels(ComputationGraph network, DataType type) {
        return new INDArray[] {random(type, 2, network.output(inputs(type))[0].shape())};
    }

    private static long[] batch(long[] shape) {
        long[] result = shape.clone();
        result[0] = BATCH;
        return result;
    }

    static INDArray random(DataType type, long seed, long... shape) {
        Nd4j.getRandom().setSeed(seed);
        return Nd4j.randn(DataType.DOUBLE, shape).castTo(type);
    }
}
