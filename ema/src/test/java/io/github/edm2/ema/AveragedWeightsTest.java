package io.github.edm2.ema;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

class AveragedWeightsTest {

    @Test
    void blockSeesTheAveragesAndTheTrainingWeightsComeBack() {
        ComputationGraph graph = Models.graph(WorkspaceMode.ENABLED);
        EmaTracker tracker = EmaTracker.of(graph, 0.1);
        tracker.update(10);
        graph.fit(Models.data(1, true).get(0));
        INDArray training = graph.params().dup();
        INDArray in = Models.data(1, true).get(0).getFeatures();
        INDArray before = graph.output(in)[0].dup();

        INDArray seen =
                AveragedWeights.with(graph, tracker.average(0.1), () -> graph.output(in)[0].dup());

        assertNotEquals(before, seen);
        assertEquals(training, graph.params());
        tracker.average(0.1).applyTo(graph);
        assertEquals(seen, graph.output(in)[0]);
    }

    @Test
    void trainingWeightsComeBackAfterAnException() {
        SameDiff graph = Models.sameDiff();
        EmaTracker tracker = EmaTracker.of(graph, new PowerFunction(0.1));
        tracker.update(10);
        INDArray weight = graph.getVariable("weight").getArr();
        weight.divi(3);
        INDArray training = weight.dup();
        IOException thrown =
                assertThrows(
                        IOException.class,
                        () ->
                                AveragedWeights.with(
                                        graph,
                                        tracker.average(0.1),
                                        () -> {
                                            assertNotEquals(training, weight);
                                            throw new IOException("image not written");
                                        }));
        assertEquals("image not written", thrown.getMessage());
        assertEquals(training, weight);
    }

    @Test
    void weightsOfAnotherNetworkAreRefusedBeforeAnythingChanges() {
        MultiLayerNetwork net = Models.network(WorkspaceMode.NONE, DataType.FLOAT);
        MultiLayerNetwork wider = Models.network(WorkspaceMode.NONE, DataType.FLOAT, 6);
        INDArray before = net.params().dup();
        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> Weights.of(wider).applyTo(net));
        assertEquals(
                "these weights belong to another network: parameter 0_W has shape [16, 6] instead"
                        + " of [16, 5]",
                e.getMessage());
        assertEquals(before, net.params());
    }
}
