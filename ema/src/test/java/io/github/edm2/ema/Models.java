package io.github.edm2.ema;

import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.TrainingConfig;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.ViewIterator;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Tiny models and data. */
final class Models {

    static final int BATCH = 8;

    private Models() {}

    /** Convolution and batch normalization: row-major and column-major parameters. */
    static ComputationGraph graph(WorkspaceMode workspaces) {
        ComputationGraph graph =
                new ComputationGraph(
                        new NeuralNetConfiguration.Builder()
                                .seed(1)
                                .updater(new Adam(0.01))
                                .trainingWorkspaceMode(workspaces)
                                .inferenceWorkspaceMode(workspaces)
                                .graphBuilder()
                                .addInputs("in")
                                .setInputTypes(InputType.convolutional(4, 4, 1))
                                .addLayer(
                                        "conv",
                                        new ConvolutionLayer.Builder(3, 3).nOut(3).build(),
                                        "in")
                                .addLayer("norm", new BatchNormalization(), "conv")
                                .addLayer("out", output(), "norm")
                                .setOutputs("out")
                                .build());
        graph.init();
        return graph;
    }

    static MultiLayerNetwork network(WorkspaceMode workspaces, DataType type) {
        return network(workspaces, type, 5);
    }

    static MultiLayerNetwork network(WorkspaceMode workspaces, DataType type, int hidden) {
        MultiLayerNetwork network =
                new MultiLayerNetwork(
                        new NeuralNetConfiguration.Builder()
                                .seed(1)
                                .dataType(type)
                                .updater(new Adam(0.01))
                                .trainingWorkspaceMode(workspaces)
                                .inferenceWorkspaceMode(workspaces)
                                .list()
                                .layer(new DenseLayer.Builder().nIn(16).nOut(hidden).build())
                                .layer(output())
                                .setInputType(InputType.feedForward(16))
                                .build());
        network.init();
        return network;
    }

    private static OutputLayer output() {
        return new OutputLayer.Builder(LossFunction.MSE)
                .activation(Activation.IDENTITY)
                .nOut(2)
                .build();
    }

    /** A linear map with a scalar gain. */
    static SameDiff sameDiff() {
        SameDiff graph = SameDiff.create();
        SDVariable in = graph.placeHolder("in", DataType.FLOAT, -1, 16);
        SDVariable label = graph.placeHolder("label", DataType.FLOAT, -1, 2);
        SDVariable weight =
                graph.var(
                        "weight",
                        Nd4j.linspace(-1, 1, 32, DataType.FLOAT).reshape('f', new int[] {16, 2}));
        SDVariable gain = graph.var("gain", Nd4j.scalar(DataType.FLOAT, 0.5));
        SDVariable constant = graph.constant("constant", Nd4j.scalar(DataType.FLOAT, 2));
        SDVariable out = in.mmul(weight).mul(gain).mul(constant);
        graph.loss.meanSquaredError("loss", label, out, null);
        graph.setLossVariables("loss");
        graph.setTrainingConfig(
                TrainingConfig.builder()
                        .updater(new Sgd(0.01))
                        .dataSetFeatureMapping("in")
                        .dataSetLabelMapping("label")
                        .build());
        return graph;
    }

    /** Batches of random data, the same every time. */
    static List<DataSet> data(int batches, boolean images) {
        Nd4j.getRandom().setSeed(7);
        List<DataSet> data = new ArrayList<>();
        for (int i = 0; i < batches; i++) {
            INDArray in = Nd4j.randn(DataType.FLOAT, BATCH, 16);
            data.add(
                    new DataSet(
                            images ? in.reshape(BATCH, 1, 4, 4) : in,
                            Nd4j.randn(DataType.FLOAT, BATCH, 2)));
        }
        return data;
    }

    static DataSetIterator iterator(int batches, boolean images) {
        return new ViewIterator(DataSet.merge(data(batches, images)), BATCH);
    }
}
