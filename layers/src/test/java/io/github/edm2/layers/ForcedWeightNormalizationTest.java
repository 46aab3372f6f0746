package io.github.edm2.layers;

import java.util.List;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.TrainingConfig;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** A SameDiff graph with the listener trains as the DL4J layers do. */
class ForcedWeightNormalizationTest {

    private static final int BATCH = 4;
    private static final int STEPS = 8;
    private static final double TOLERANCE = 1e-5;

    private static final INDArray FEATURES = Specimen.random(DataType.FLOAT, 1, BATCH, 3, 4, 4);
    private static final INDArray LABELS = Specimen.random(DataType.FLOAT, 2, BATCH, 2);

    @Test
    void trajectoryEqualsThatOfTheLayers() {
        MultiLayerNetwork layers = layers();
        SameDiff sd = sameDiff(layers);
        sd.setListeners(new ForcedWeightNormalization("conv_W", "linear_W"));
        train(layers, sd);
        for (String[] names : new String[][] {{"0_W", "conv_W"}, {"3_W", "linear_W"}}) {
            INDArray expected = layers.getParam(names[0]);
            INDArray actual = sd.getVariable(names[1]).getArr();
            double error = expected.sub(actual).amaxNumber().doubleValue();
            Assertions.assertTrue(error <= TOLERANCE, names[0] + " differs by " + error);
        }
    }

    /** So that the test above is known to notice. */
    @Test
    void trajectoryDiffersWithoutTheListener() {
        MultiLayerNetwork layers = layers();
        SameDiff sd = sameDiff(layers);
        train(layers, sd);
        INDArray difference = layers.getParam("0_W").sub(sd.getVariable("conv_W").getArr());
        Assertions.assertTrue(difference.amaxNumber().doubleValue() > 100 * TOLERANCE);
    }

    @Test
    void unknownVariableIsNamedWithThoseThatExist() {
        SameDiff sd = sameDiff(layers());
        sd.setListeners(new ForcedWeightNormalization(List.of("conv")));
        IllegalStateException e =
                Assertions.assertThrows(
                        IllegalStateException.class, () -> sd.fit(new DataSet(FEATURES, LABELS)));
        Assertions.assertTrue(e.getMessage().contains("\"conv\""), e.getMessage());
        Assertions.assertTrue(e.getMessage().contains("[conv_W, linear_W]"), e.getMessage());
    }

    @Test
    void noVariablesAreRefused() {
        IllegalArgumentException e =
                Assertions.assertThrows(
                        IllegalArgumentException.class, () -> new ForcedWeightNormalization());
        Assertions.assertTrue(e.getMessage().contains("at least one"), e.getMessage());
    }

    private static void train(MultiLayerNetwork layers, SameDiff sd) {
        DataSet batch = new DataSet(FEATURES, LABELS);
        for (int i = 0; i < STEPS; i++) {
            layers.fit(batch);
            sd.fit(batch);
        }
    }

    private static MultiLayerNetwork layers() {
        MultiLayerNetwork network =
                new MultiLayerNetwork(
                        new NeuralNetConfiguration.Builder()
                                .seed(5)
                                .updater(adam())
                                .list()
                                .layer(new MpConvolution.Builder(3).nOut(4).build())
                                .layer(new PixelNorm.Builder().build())
                                .layer(new MpSiluLayer.Builder().build())
                                .layer(new MpLinear.Builder().nOut(2).build())
                                .layer(
                                        new LossLayer.Builder(LossFunction.L2)
                                                .activation(Activation.IDENTITY)
                                                .build())
                                .setInputType(InputType.convolutional(4, 4, 3))
                                .build());
        network.init();
        return network;
    }

    private static SameDiff sameDiff(MultiLayerNetwork layers) {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.placeHolder("x", DataType.FLOAT, -1, 3, 4, 4);
        SDVariable label = sd.placeHolder("label", DataType.FLOAT, -1, 2);
        SDVariable conv = sd.var("conv_W", layers.getParam("0_W").dup('c'));
        SDVariable linear = sd.var("linear_W", layers.getParam("3_W").dup('c'));
        SDVariable y = MpConvolution.mpConvolution(sd, x, conv, new long[] {4, 3, 3, 3}, null);
        y = MpSilu.mpSilu(sd, PixelNorm.pixelNorm(sd, y, 4));
        y = MpLinear.mpLinear(sd, sd.reshape(y, -1, 64), linear, new long[] {2, 64}, null);
        SDVariable error = y.sub(label);
        sd.sum("loss", error.mul(error)).mul(1.0 / BATCH).rename("mean").markAsLoss();
        sd.setTrainingConfig(
                TrainingConfig.builder()
                        .updater(adam())
                        .dataSetFeatureMapping("x")
                        .dataSetLabelMapping("label")
                        .build());
        return sd;
    }

    private static Adam adam() {
        return Adam.builder().learningRate(.02).build();
    }
}
