package io.github.edm2.models;

import io.github.edm2.models.unet.SameDiffAssembler;
import java.util.Map;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.dataset.adapter.SingletonMultiDataSetIterator;
import org.nd4j.linalg.factory.Nd4j;

/** The network as a SameDiff graph trains with {@code sd.fit}, as the ComputationGraph does. */
class SameDiffTrainingTest {

    private static final int STEPS = 3;

    @Test
    void trajectoryEqualsThatOfTheComputationGraph() {
        Edm2 model = TinyNetwork.builder(DataType.DOUBLE, 0).build();
        ComputationGraph graph = model.init();
        SameDiff sd = TinyNetwork.trainable(model.initSameDiff());
        for (int step = 0; step < STEPS; step++) {
            MultiDataSet batch = TinyNetwork.batch(DataType.DOUBLE, 10 * step + 1);
            double expected = graph.score(batch, false);
            double actual = loss(sd, batch);
            Assertions.assertEquals(1, actual / expected, 1e-9, "loss before step " + step);
            graph.fit(batch);
            sd.fit(batch);
        }
        for (Map.Entry<String, INDArray> parameter : graph.paramTable().entrySet()) {
            INDArray actual = sd.getVariable(parameter.getKey()).getArr();
            Golden.assertClose(parameter.getValue(), actual, 1e-7, parameter.getKey());
        }
    }

    @Test
    void lossFallsWithDropout() {
        Edm2 model =
                TinyNetwork.builder(DataType.FLOAT, .3)
                        .options(
                                TinyNetwork.options()
                                        .channelMult(new int[] {1})
                                        .dropout(.3)
                                        .build())
                        .build();
        SameDiff sd = TinyNetwork.trainable(model.initSameDiff());
        MultiDataSet batch = TinyNetwork.batch(DataType.FLOAT, 1);
        Nd4j.getRandom().setSeed(3);
        double first = loss(sd, batch);
        Assertions.assertEquals(first, loss(sd, batch), 1e-4, "an untrained output gain hides it");
        sd.fit(new SingletonMultiDataSetIterator(batch), 15);
        Assertions.assertNotEquals(loss(sd, batch), loss(sd, batch), "dropout is at work");
        double last = 0;
        for (int i = 0; i < 4; i++) {
            last += loss(sd, batch) / 4;
        }
        Assertions.assertTrue(last < first - .5, "loss from " + first + " to " + last);
    }

    private static double loss(SameDiff sd, MultiDataSet batch) {
        return sd.output(
                        Map.of(
                                "image",
                                batch.getFeatures(0),
                                "sigma",
                                batch.getFeatures(1),
                                "label",
                                batch.getFeatures(2),
                                "clean",
                                batch.getLabels(0)),
                        SameDiffAssembler.LOSS)
                .get(SameDiffAssembler.LOSS)
                .getDouble(0);
    }
}
