package io.github.edm2.ema;

import static io.github.edm2.ema.EmaTrackerTest.assertClose;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import java.util.List;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** A minibatch is counted once, however many iterations, workers or models there are. */
class MinibatchesTest {

    private static final int SEQUENCES = 3;

    @TempDir Path folder;

    private static NeuralNetConfiguration.Builder builder() {
        return new NeuralNetConfiguration.Builder().seed(1).updater(new Sgd(0.1));
    }

    private static LSTM lstm() {
        return new LSTM.Builder().nIn(2).nOut(3).build();
    }

    private static RnnOutputLayer output() {
        return new RnnOutputLayer.Builder(LossFunction.MSE)
                .activation(Activation.IDENTITY)
                .nIn(3)
                .nOut(1)
                .build();
    }

    private static MultiLayerNetwork truncated() {
        MultiLayerNetwork net =
                new MultiLayerNetwork(
                        builder()
                                .list()
                                .layer(lstm())
                                .layer(output())
                                .backpropType(BackpropType.TruncatedBPTT)
                                .tBPTTLength(4)
                                .build());
        net.init();
        return net;
    }

    /** Ten time steps are three segments of up to four. */
    private static DataSet sequences() {
        return new DataSet(
                Nd4j.rand(DataType.FLOAT, SEQUENCES, 2, 10),
                Nd4j.rand(DataType.FLOAT, SEQUENCES, 1, 10),
                Nd4j.ones(DataType.FLOAT, SEQUENCES, 10),
                Nd4j.ones(DataType.FLOAT, SEQUENCES, 10));
    }

    @Test
    void segmentsOfTruncatedBpttAreOneMinibatch() {
        MultiLayerNetwork net = truncated();
        EmaListener listener = EmaListener.builder().sigmaRel(0.1).build();
        net.addListeners(listener);
        MultiLayerNetwork driven = truncated();
        EmaTracker expected = EmaTracker.of(driven, 0.1);
        for (int i = 1; i <= 4; i++) {
            DataSet data = sequences();
            net.fit(data);
            driven.fit(data);
            expected.update((long) i * SEQUENCES);
            assertEquals((long) i * SEQUENCES, listener.imagesSeen());
        }
        assertClose(Weights.of(driven), Weights.of(net), 0);
        assertClose(expected.average(0.1), listener.tracker().average(0.1), 0);
    }

    @Test
    void segmentsOfAGraphAreOneMinibatch() {
        ComputationGraph graph =
                new ComputationGraph(
                        builder()
                                .graphBuilder()
                                .addInputs("in")
                                .setInputTypes(InputType.recurrent(2))
                                .addLayer("lstm", lstm(), "in")
                                .addLayer("out", output(), "lstm")
                                .setOutputs("out")
                                .backpropType(BackpropType.TruncatedBPTT)
                                .tBPTTForwardLength(4)
                                .tBPTTBackwardLength(4)
                                .build());
        graph.init();
        EmaListener listener = EmaListener.builder().snapshotEvery(SEQUENCES).store(folder).build();
        graph.addListeners(listener);
        graph.fit(sequences());
        graph.fit(sequences());
        assertEquals(2 * SEQUENCES, listener.imagesSeen());
        assertEquals(2 * SEQUENCES, listener.tracker().imageCount());
        assertEquals(4, SnapshotStore.open(folder).snapshots().size());
    }

    /** As ParallelWrapper does: the listener on every worker, whose weights are then averaged. */
    @Test
    void workersOfAParallelWrapperAreCountedTogether() throws InterruptedException {
        MultiLayerNetwork net = Models.network(WorkspaceMode.ENABLED, DataType.FLOAT);
        EmaListener listener = EmaListener.builder().sigmaRel(0.1).build();
        MultiLayerNetwork copy = net.clone();
        net.setListeners(listener);
        copy.setListeners(listener);
        MultiLayerNetwork wrapped = net.clone();
        EmaTracker expected = EmaTracker.of(wrapped, 0.1);
        List<DataSet> data = Models.data(6, false);
        for (int round = 1; round <= 3; round++) {
            fit(1, copy, data.get(2 * round - 1));
            fit(0, net, data.get(2 * round - 2));
            Nd4j.averageAndPropagate(null, List.of(net.params(), copy.params()));
            wrapped.params().assign(net.params());
            expected.update(2L * round * Models.BATCH);
        }
        assertEquals(6 * Models.BATCH, listener.imagesSeen());
        assertClose(expected.average(0.1), listener.tracker().average(0.1), 0);
    }

    private static void fit(int worker, MultiLayerNetwork net, DataSet data)
            throws InterruptedException {
        Thread thread =
                new Thread(() -> net.fit(data), "ParallelWrapper training thread " + worker);
        thread.start();
        thread.join();
    }

    @Test
    void secondSameDiffGraphIsRefused() {
        EmaListener listener = EmaListener.builder().build();
        SameDiff one = Models.sameDiff();
        one.addListeners(listener);
        one.fit(Models.iterator(1, false), 1);
        SameDiff other = Models.sameDiff();
        other.addListeners(listener);
        assertThrows(IllegalStateException.class, () -> other.fit(Models.iterator(1, false), 1));
    }
}
