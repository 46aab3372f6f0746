package io.github.edm2.ema;

import static io.github.edm2.ema.EmaTrackerTest.assertClose;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.deeplearning4j.earlystopping.EarlyStoppingConfiguration;
import org.deeplearning4j.earlystopping.EarlyStoppingModelSaver;
import org.deeplearning4j.earlystopping.EarlyStoppingResult;
import org.deeplearning4j.earlystopping.saver.InMemoryModelSaver;
import org.deeplearning4j.earlystopping.saver.LocalFileGraphSaver;
import org.deeplearning4j.earlystopping.saver.LocalFileModelSaver;
import org.deeplearning4j.earlystopping.scorecalc.DataSetLossCalculator;
import org.deeplearning4j.earlystopping.scorecalc.ScoreCalculator;
import org.deeplearning4j.earlystopping.termination.MaxEpochsTerminationCondition;
import org.deeplearning4j.earlystopping.trainer.EarlyStoppingGraphTrainer;
import org.deeplearning4j.earlystopping.trainer.EarlyStoppingTrainer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;

/** The best average is kept while the network trains on as ever. */
class EarlyStoppingTest {

    private static final double SIGMA_REL = 0.1;
    private static final int BATCHES = 3;
    private static final int EPOCHS = 4;

    @TempDir Path folder;

    /** Scores whose best is that of the second epoch; keeps the weights that it saw. */
    private static final class Scores<T extends Model> implements ScoreCalculator<T> {

        private static final long serialVersionUID = 1;

        private final transient List<INDArray> seen = new ArrayList<>();

        @Override
        public double calculateScore(T network) {
            seen.add(network.params().dup());
            return Math.abs(seen.size() - 2);
        }

        @Override
        public boolean minimizeScore() {
            return true;
        }
    }

    private static MultiLayerNetwork network() {
        return Models.network(WorkspaceMode.ENABLED, DataType.FLOAT);
    }

    private static ComputationGraph graph() {
        return Models.graph(WorkspaceMode.ENABLED);
    }

    private static <T extends Model> EarlyStoppingConfiguration<T> stopping(
            ScoreCalculator<T> calculator, EarlyStoppingModelSaver<T> saver) {
        return new EarlyStoppingConfiguration.Builder<T>()
                .epochTerminationConditions(new MaxEpochsTerminationCondition(EPOCHS))
                .scoreCalculator(calculator)
                .modelSaver(saver)
                .saveLastModel(true)
                .build();
    }

    /** The averages of each epoch in a training without early stopping. */
    private static <T extends Model> List<Weights> averages(
            T net, boolean images, Consumer<DataSet> fit) {
        EmaTracker tracker = EmaTracker.of(net, SIGMA_REL);
        List<Weights> averages = new ArrayList<>();
        long seen = 0;
        for (int epoch = 0; epoch < EPOCHS; epoch++) {
            for (DataSet batch : Models.data(BATCHES, images)) {
                fit.accept(batch);
                seen += Models.BATCH;
                tracker.update(seen);
            }
            averages.add(tracker.average(SIGMA_REL));
        }
        return averages;
    }

    private static <T extends Model> void assertBestAverage(
            List<Weights> expected,
            Model trainedWithout,
            T trained,
            Scores<T> scores,
            EarlyStoppingModelSaver<T> saver,
            EarlyStoppingResult<T> result)
            throws IOException {
        assertEquals(1, result.getBestModelEpoch());
        assertClose(expected.get(1), Weights.of(result.getBestModel()), 0);
        assertClose(expected.get(1), Weights.of(saver.getBestModel()), 0);
        for (int epoch = 0; epoch < EPOCHS; epoch++) {
            assertEquals(expected.get(epoch).storage().get(0), scores.seen.get(epoch));
        }
        assertEquals(trainedWithout.params(), trained.params());
        assertEquals(trainedWithout.params(), saver.getLatestModel().params());
        assertNotEquals(trained.params(), result.getBestModel().params());
    }

    @Test
    void bestAverageOfANetworkIsKeptInAFile() throws IOException {
        MultiLayerNetwork without = network();
        List<Weights> expected = averages(without, false, without::fit);

        MultiLayerNetwork net = network();
        EmaListener ema = EmaListener.builder().sigmaRel(SIGMA_REL).build();
        net.addListeners(ema);
        Scores<MultiLayerNetwork> scores = new Scores<>();
        EarlyStoppingModelSaver<MultiLayerNetwork> saver =
                new AveragedModelSaver<>(
                        new LocalFileModelSaver(folder.toString()), ema, SIGMA_REL);
        EarlyStoppingConfiguration<MultiLayerNetwork> stopping =
                stopping(new AveragedScoreCalculator<>(scores, ema, SIGMA_REL), saver);
        var result = new EarlyStoppingTrainer(stopping, net, Models.iterator(BATCHES, false)).fit();

        assertBestAverage(expected, without, net, scores, saver, result);
    }

    @Test
    void bestAverageOfAGraphWithBatchNormalizationIsKeptInMemory() throws IOException {
        ComputationGraph without = graph();
        List<Weights> expected = averages(without, true, without::fit);

        ComputationGraph net = graph();
        EmaListener ema = EmaListener.builder().sigmaRel(SIGMA_REL).build();
        net.addListeners(ema);
        Scores<ComputationGraph> scores = new Scores<>();
        EarlyStoppingModelSaver<ComputationGraph> saver =
                new AveragedModelSaver<>(new InMemoryModelSaver<>(), ema, SIGMA_REL);
        EarlyStoppingConfiguration<ComputationGraph> stopping =
                stopping(new AveragedScoreCalculator<>(scores, ema, SIGMA_REL), saver);
        var result =
                new EarlyStoppingGraphTrainer(stopping, net, Models.iterator(BATCHES, true)).fit();

        assertBestAverage(expected, without, net, scores, saver, result);
    }

    @Test
    void trackerOfAnOwnLoopIsScoredAndSaved() throws IOException {
        ComputationGraph net = graph();
        EmaTracker tracker = EmaTracker.of(net, SIGMA_REL);
        ScoreCalculator<Model> loss =
                new DataSetLossCalculator(Models.iterator(BATCHES, true), true);
        ScoreCalculator<ComputationGraph> averaged =
                new AveragedScoreCalculator<>(loss, tracker, SIGMA_REL);
        EarlyStoppingModelSaver<ComputationGraph> saver =
                new AveragedModelSaver<>(
                        new LocalFileGraphSaver(folder.toString()), tracker, SIGMA_REL);
        assertThrows(IllegalStateException.class, () -> averaged.calculateScore(net));
        tracker.update(Models.BATCH);
        double before = loss.calculateScore(net);
        net.fit(Models.iterator(BATCHES, true));
        INDArray training = net.params().dup();

        assertEquals(before, averaged.calculateScore(net), 0);
        assertNotEquals(before, loss.calculateScore(net));
        saver.saveBestModel(net, before);
        assertClose(tracker.average(SIGMA_REL), Weights.of(saver.getBestModel()), 0);
        assertEquals(training, net.params());
    }

    @Test
    void lengthThatIsNotTrackedIsRefusedAtOnce() {
        EmaListener ema = EmaListener.builder().sigmaRel(0.05, SIGMA_REL).build();
        String message =
                assertThrows(
                                IllegalArgumentException.class,
                                () ->
                                        new AveragedScoreCalculator<MultiLayerNetwork>(
                                                new Scores<>(), ema, 0.2))
                        .getMessage();
        assertEquals(
                "sigmaRel=0.2 is not tracked; tracked are [sigmaRel=0.05, sigmaRel=0.1]", message);
        assertThrows(
                IllegalArgumentException.class,
                () -> new AveragedModelSaver<>(new InMemoryModelSaver<>(), ema, 0.2));
    }

    @Test
    void averageOfAnotherNetworkIsRefused() {
        EmaListener ema = EmaListener.builder().sigmaRel(SIGMA_REL).build();
        ScoreCalculator<MultiLayerNetwork> calculator =
                new AveragedScoreCalculator<>(new Scores<>(), ema, SIGMA_REL);
        MultiLayerNetwork net = network();
        assertThrows(IllegalStateException.class, () -> calculator.calculateScore(net));
        net.addListeners(ema);
        net.fit(Models.iterator(1, false));
        MultiLayerNetwork other = net.clone();
        String message =
                assertThrows(IllegalStateException.class, () -> calculator.calculateScore(other))
                        .getMessage();
        assertTrue(message.startsWith("the EmaListener follows another network"), message);
    }
}
