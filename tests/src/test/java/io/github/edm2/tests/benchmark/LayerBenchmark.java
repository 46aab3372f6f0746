package io.github.edm2.tests.benchmark;

import io.github.edm2.layers.Clip;
import io.github.edm2.layers.CosineAttention;
import io.github.edm2.layers.Modulation;
import io.github.edm2.layers.MpConcat;
import io.github.edm2.layers.MpConvolution;
import io.github.edm2.layers.MpLinear;
import io.github.edm2.layers.MpSiluLayer;
import io.github.edm2.layers.MpSum;
import io.github.edm2.layers.PixelNorm;
import io.github.edm2.layers.Resample;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.CnnLossLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Time of each magnitude-preserving layer and vertex alone in somebody's ComputationGraph, with a
 * loss behind it. Started by {@code tests/benchmark/layers}; sizes and layers are parameters.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class LayerBenchmark {

    private static final String LAYER = "layer";
    private static final int HEAD_CHANNELS = 64;

    /** Which layer or vertex. */
    @Param({
        "convolution-3x3",
        "convolution-1x1",
        "linear",
        "silu",
        "pixel-norm",
        "clip",
        "resample-down",
        "resample-up",
        "attention",
        "sum",
        "concat",
        "modulation"
    })
    public String layer;

    /** Images in a batch. */
    @Param("4")
    public int batch;

    /** Sides of the images. */
    @Param("16")
    public int resolution;

    /** Channels of the inputs; of attention, those of its output. */
    @Param("64")
    public int channels;

    private ComputationGraph graph;
    private INDArray[] inputs;

    /** Makes the network and random inputs. */
    @Setup
    public void makeNetwork() {
        InputType images = InputType.convolutional(resolution, resolution, channels);
        InputType[] types =
                switch (layer) {
                    case "attention" ->
                            new InputType[] {
                                InputType.convolutional(resolution, resolution, 3L * channels)
                            };
                    case "sum", "concat" -> new InputType[] {images, images};
                    case "modulation" -> new InputType[] {images, InputType.feedForward(channels)};
                    case "linear" -> new InputType[] {InputType.feedForward(channels)};
                    default -> new InputType[] {images};
                };
        String[] names = new String[types.length];
        Arrays.setAll(names, i -> "in" + i);
        GraphBuilder builder =
                new NeuralNetConfiguration.Builder()
                        .seed(1)
                        .graphBuilder()
                        .addInputs(names)
                        .setInputTypes(types);
        switch (layer) {
            case "sum", "concat", "modulation" -> builder.addVertex(LAYER, vertex(), names);
            default -> builder.addLayer(LAYER, layer(), names);
        }
        builder.addLayer("loss", loss(), LAYER).setOutputs("loss");
        graph = new ComputationGraph(builder.build());
        graph.init();
        Nd4j.getRandom().setSeed(1);
        inputs =
                Arrays.stream(types)
                        .map(
                                type -> {
                                    long[] shape = type.getShape(true);
                                    shape[0] = batch;
                                    return Nd4j.randn(DataType.FLOAT, shape);
                                })
                        .toArray(INDArray[]::new);
        graph.setInputs(inputs);
        graph.setLabels(graph.output(inputs)[0].ulike().assign(0));
    }

    private Layer layer() {
        return switch (layer) {
            case "convolution-3x3" -> new MpConvolution.Builder(3).nOut(channels).build();
            case "convolution-1x1" -> new MpConvolution.Builder(1).nOut(channels).build();
            case "linear" -> new MpLinear.Builder().nOut(channels).build();
            case "silu" -> new MpSiluLayer.Builder().build();
            case "pixel-norm" -> new PixelNorm.Builder().build();
            case "clip" -> new Clip.Builder().build();
            case "resample-down" -> new Resample.Builder(Resample.Direction.DOWN).build();
            case "resample-up" -> new Resample.Builder(Resample.Direction.UP).build();
            case "attention" ->
                    new CosineAttention.Builder(Math.max(1, channels / HEAD_CHANNELS)).build();
            default -> throw new IllegalArgumentException("no layer " + layer);
        };
    }

    private Layer loss() {
        return layer.equals("linear")
                ? new LossLayer.Builder().activation(Activation.IDENTITY).build()
                : new CnnLossLayer.Builder().activation(Activation.IDENTITY).build();
    }

    private GraphVertex vertex() {
        return switch (layer) {
            case "sum" -> new MpSum(0.3);
            case "concat" -> new MpConcat(0.5);
            default -> new Modulation();
        };
    }

    /** A forward pass for inference. */
    @Benchmark
    public INDArray forward() {
        return graph.output(inputs)[0];
    }

    /** A forward pass and all gradients. */
    @Benchmark
    public double gradients() {
        graph.computeGradientAndScore();
        return graph.score();
    }
}
