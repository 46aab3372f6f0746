package io.github.edm2.layers;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * A graph of random layers and vertices of this library, some of DL4J's own between them, in which
 * values are taken several times. Inputs: images of {@link #channels} channels and {@link #height}
 * by {@link #width} pixels, and a scalar. Output: vectors of 3 elements.
 */
final class RandomGraph {

    private static final int VERTICES = 8;

    /** A vertex that can be taken. */
    private record Images(String name, int channels, int height, int width) {
        Images named(String other) {
            return new Images(other, channels, height, width);
        }
    }

    private final Random random;
    private final ComputationGraphConfiguration.GraphBuilder graph;
    private final List<Images> images = new ArrayList<>();
    final int channels;
    final int height;
    final int width;

    RandomGraph(long seed) {
        random = new Random(seed);
        channels = 1 + random.nextInt(4);
        height = 4 << random.nextInt(2);
        width = random.nextBoolean() ? height : 12 - height;
        graph =
                new NeuralNetConfiguration.Builder()
                        .seed(seed)
                        .dataType(DataType.DOUBLE)
                        .updater(new Adam(.01))
                        .graphBuilder()
                        .addInputs("image", "scalar")
                        .setInputTypes(
                                InputType.convolutional(height, width, channels),
                                InputType.feedForward(1));
        MpFourier fourier = new MpFourier.Builder().random(6, 1, seed).build();
        graph.addLayer("fourier", fourier, "scalar");
        graph.addLayer("embedding", new MpLinear.Builder().nOut(5).build(), "fourier");
        images.add(new Images("image", channels, height, width));
    }

    /** Inputs of random numbers. */
    INDArray[] features(long batch) {
        return new INDArray[] {
            Nd4j.randn(DataType.DOUBLE, batch, channels, height, width),
            Nd4j.randn(DataType.DOUBLE, batch, 1)
        };
    }

    /** The configuration of the graph. */
    ComputationGraphConfiguration configuration() {
        for (int i = 0; i < VERTICES; i++) {
            add("v" + i);
        }
        // So that nothing is left that the loss does not depend on.
        List<String> ends = new ArrayList<>();
        for (int i = 0; i < images.size(); i++) {
            Images x = images.get(i);
            graph.addLayer(
                    "end" + i, new MpLinear.Builder().nOut(3).learnedGain(1).build(), x.name);
            ends.add("end" + i);
        }
        graph.addLayer("end", new MpLinear.Builder().nOut(3).build(), "embedding");
        ends.add("end");
        graph.addVertex(
                "sum",
                new ElementWiseVertex(ElementWiseVertex.Op.Add),
                ends.toArray(String[]::new));
        LossLayer loss =
                new LossLayer.Builder(LossFunction.MSE).activation(Activation.TANH).build();
        return graph.addLayer("loss", loss, "sum").setOutputs("loss").build();
    }

    private Images any() {
        return images.get(random.nextInt(images.size()));
    }

    private void add(String name) {
        Images x = any();
        switch (random.nextInt(15)) {
            case 0, 1 -> {
                int out = 1 + random.nextInt(6);
                MpConvolution.Builder layer =
                        new MpConvolution.Builder(1 + 2 * random.nextInt(3)).nOut(out);
                if (random.nextBoolean()) {
                    layer.learnedGain(.7);
                }
                layer(name, layer.build(), x, out);
            }
            case 2 -> layer(name, new MpSiluLayer.Builder().build(), x, x.channels);
            case 3 -> layer(name, new PixelNorm.Builder().build(), x, x.channels);
            case 4 -> resample(name, x);
            case 5 -> {
                int heads = 1 + random.nextInt(2);
                int out = heads * (1 + random.nextInt(3));
                String qkv = name + "_qkv";
                graph.addLayer(qkv, new MpConvolution.Builder(1).nOut(3 * out).build(), x.name);
                graph.addLayer(name, new CosineAttention.Builder(heads).build(), qkv);
                images.add(new Images(name, out, x.height, x.width));
            }
            case 6 -> {
                double limit = random.nextInt(3) == 0 ? Double.POSITIVE_INFINITY : .8;
                layer(name, new Clip.Builder().limit(limit).build(), x, x.channels);
            }
            case 7, 8 -> sum(name, x);
            case 9 -> concat(name, x);
            case 10 -> {
                String c = name + "_c";
                MpLinear layer = new MpLinear.Builder().nOut(x.channels).learnedGain(.5).build();
                graph.addLayer(c, layer, "embedding");
                graph.addVertex(name, new Modulation(), x.name, c);
                images.add(x.named(name));
            }
            case 11 ->
                    layer(
                            name,
                            new MpConvolution.Builder(3)
                                    .nOut(x.channels)
                                    .activation(Activation.TANH)
                                    .build(),
                            x,
                            x.channels);
            case 12 -> layer(name, new BatchNormalization.Builder().build(), x, x.channels);
            case 13 -> {
                // DL4J's activation layer (M2.1) works in place outside of training, on an array
                // that others take, too: the graph's output depends on its workspaces then.
                String own = name + "_own";
                graph.addLayer(own, new MpConvolution.Builder(1).nOut(x.channels).build(), x.name);
                graph.addLayer(name, new ActivationLayer(Activation.SOFTPLUS), own);
                images.add(x.named(name));
            }
            default ->
                    layer(
                            name,
                            new ConvolutionLayer.Builder(3, 3)
                                    .convolutionMode(ConvolutionMode.Same)
                                    .nOut(x.channels)
                                    .build(),
                            x,
                            x.channels);
        }
    }

    private void layer(String name, Layer layer, Images x, int out) {
        graph.addLayer(name, layer, x.name);
        images.add(new Images(name, out, x.height, x.width));
    }

    private void resample(String name, Images x) {
        boolean down = x.height % 2 == 0 && x.width % 2 == 0 && x.height > 2;
        double[] filter = random.nextBoolean() ? new double[] {1, 1} : new double[] {1, 3, 3, 1};
        Resample layer =
                new Resample.Builder(down ? Resample.Direction.DOWN : Resample.Direction.UP)
                        .filter(filter)
                        .build();
        graph.addLayer(name, layer, x.name);
        images.add(
                down
                        ? new Images(name, x.channels, x.height / 2, x.width / 2)
                        : new Images(name, x.channels, x.height * 2, x.width * 2));
    }

    /** A sum of any two terms of one shape; a second one is made where there is none. */
    private void sum(String name, Images x) {
        List<Images> same =
                images.stream()
                        .filter(
                                y ->
                                        y.channels == x.channels
                                                && y.height == x.height
                                                && y.width == x.width)
                        .toList();
        String other = name + "_term";
        if (random.nextBoolean()) {
            other = same.get(random.nextInt(same.size())).name;
        } else {
            graph.addLayer(other, new MpConvolution.Builder(3).nOut(x.channels).build(), x.name);
        }
        double t = IntStream.of(0, 3, 5, 10).toArray()[random.nextInt(4)] / 10.;
        String[] terms =
                random.nextBoolean() ? new String[] {x.name, other} : new String[] {other, x.name};
        graph.addVertex(name, new MpSum(t), terms);
        images.add(x.named(name));
    }

    private void concat(String name, Images x) {
        List<Images> same =
                images.stream().filter(y -> y.height == x.height && y.width == x.width).toList();
        Images other = same.get(random.nextInt(same.size()));
        graph.addVertex(name, new MpConcat(.4), x.name, other.name);
        images.add(new Images(name, x.channels + other.channels, x.height, x.width));
    }
}
