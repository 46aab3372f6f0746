package io.github.edm2.ema;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class EmaTrackerTest {

    @TempDir Path folder;

    @Test
    void averageIsTheProfilesIntegralOfConstantPieces() {
        MultiLayerNetwork net = Models.network(WorkspaceMode.NONE, DataType.DOUBLE);
        EmaTracker tracker = EmaTracker.of(net, 0.05, 0.10);
        net.params().assign(1);
        tracker.update(100);
        net.params().assign(3);
        tracker.update(150);
        for (double sigmaRel : new double[] {0.05, 0.10}) {
            // Integral of (gamma + 1) t^gamma / 150^(gamma + 1) over the first 100 images.
            double first = Math.pow(100.0 / 150, new PowerFunction(sigmaRel).gamma() + 1);
            INDArray bias = tracker.average(sigmaRel).get("0_b");
            assertEquals(DataType.DOUBLE, bias.dataType());
            assertEquals(first + 3 * (1 - first), bias.getDouble(0), 1e-12);
        }
    }

    @Test
    void callFrequencyDoesNotChangeTheAverageOfStandingWeights() {
        MultiLayerNetwork net = Models.network(WorkspaceMode.NONE, DataType.DOUBLE);
        EmaTracker often = EmaTracker.of(net, new PowerFunction(0.1), new HalfLife(200));
        EmaTracker seldom = EmaTracker.of(net, new PowerFunction(0.1), new HalfLife(200));
        for (int piece = 1; piece <= 5; piece++) {
            net.params().assign(piece * piece);
            for (int i = 1; i <= 100; i++) {
                often.update((piece - 1) * 1000 + i * 10);
            }
            seldom.update(piece * 1000);
        }
        for (EmaProfile profile : often.profiles()) {
            assertClose(often.average(profile), seldom.average(profile), 1e-12);
        }
    }

    @Test
    void averageOfStandingFloatWeightsDoesNotDrift() {
        MultiLayerNetwork net = Models.network(WorkspaceMode.NONE, DataType.FLOAT);
        EmaTracker tracker = EmaTracker.of(net, 0.05, 0.25);
        net.params().assign(0.7);
        for (int step = 1; step <= 5000; step++) {
            tracker.update(step * 4L);
        }
        for (double sigmaRel : new double[] {0.05, 0.25}) {
            INDArray error = tracker.average(sigmaRel).get("0_W").sub(0.7);
            assertEquals(0, error.amaxNumber().doubleValue(), 5e-6);
        }
    }

    @Test
    void updatesDoNotReachAveragesThatWereGiven() {
        MultiLayerNetwork net = Models.network(WorkspaceMode.NONE, DataType.FLOAT);
        EmaTracker tracker = EmaTracker.of(net, 0.10);
        tracker.update(100);
        net.params().muli(2);
        tracker.update(110);
        Weights given = tracker.average(0.10);
        Weights copy = given.copy();
        net.params().muli(2);
        tracker.update(120);
        assertClose(copy, given, 0);
    }

    @Test
    void savedStateContinuesBitForBit() {
        ComputationGraph unbroken = Models.graph(WorkspaceMode.ENABLED);
        ComputationGraph resumed = Models.graph(WorkspaceMode.ENABLED);
        EmaProfile[] profiles = {new PowerFunction(0.05), new PowerFunction(0.1), new HalfLife(30)};
        EmaTracker a = EmaTracker.of(unbroken, profiles);
        train(unbroken, a, 0, 5);
        a.save(folder.resolve("state"));
        train(unbroken, a, 5, 10);

        train(resumed, EmaTracker.of(resumed, profiles), 0, 5);
        EmaTracker b = EmaTracker.of(resumed, profiles);
        b.restore(folder.resolve("state"));
        assertEquals(5 * Models.BATCH, b.imageCount());
        train(resumed, b, 5, 10);

        for (EmaProfile profile : profiles) {
            assertClose(a.average(profile), b.average(profile), 0);
        }
    }

    @Test
    void doublePrecisionStateIsSavedWithoutLoss() {
        MultiLayerNetwork net = Models.network(WorkspaceMode.NONE, DataType.DOUBLE);
        EmaTracker tracker = EmaTracker.of(net, 0.05);
        tracker.update(10);
        net.params().divi(3);
        tracker.update(20);
        tracker.save(folder.resolve("state"));
        EmaTracker restored = EmaTracker.of(net, 0.05);
        restored.restore(folder.resolve("state"));
        assertClose(tracker.average(0.05), restored.average(0.05), 0);
    }

    @Test
    void scalarAndColumnMajorVariablesOfSameDiffAreSavedAndRestored() {
        SameDiff graph = Models.sameDiff();
        EmaTracker tracker = EmaTracker.of(graph, new PowerFunction(0.05));
        tracker.update(10);
        graph.getVariable("weight").getArr().muli(2);
        graph.getVariable("gain").getArr().assign(4);
        tracker.update(20);
        assertEquals(0, tracker.average(0.05).get("gain").rank());
        tracker.save(folder.resolve("state"));
        EmaTracker restored = EmaTracker.of(graph, new PowerFunction(0.05));
        restored.restore(folder.resolve("state"));
        assertClose(tracker.average(0.05), restored.average(0.05), 0);
    }

    @Test
    void halfPrecisionModelIsAveragedInFloat() {
        SameDiff graph = SameDiff.create();
        graph.var("weight", Nd4j.ones(DataType.FLOAT16, 3));
        EmaTracker tracker = EmaTracker.of(graph, new PowerFunction(0.05));
        tracker.update(1_000_000);
        graph.getVariable("weight").getArr().assign(2);
        tracker.update(1_000_010);
        INDArray average = tracker.average(0.05).get("weight");
        assertEquals(DataType.FLOAT, average.dataType());
        double beta = new PowerFunction(0.05).beta(1_000_010, 10);
        assertEquals(1 - beta, average.getDouble(0) - 1, 1e-6);
    }

    @Test
    void stateOfOtherProfilesOrAnotherNetworkIsRefused() {
        MultiLayerNetwork net = Models.network(WorkspaceMode.NONE, DataType.FLOAT);
        EmaTracker tracker = EmaTracker.of(net, 0.05);
        tracker.update(10);
        Path state = folder.resolve("state");
        tracker.save(state);
        String profile = restoreFailure(EmaTracker.of(net, 0.10), state);
        assertTrue(profile.contains("sigmaRel=0.1/0_W is missing"), profile);
        MultiLayerNetwork wider = Models.network(WorkspaceMode.NONE, DataType.FLOAT, 6);
        String network = restoreFailure(EmaTracker.of(wider, 0.05), state);
        assertTrue(network.contains("0_W has shape [16, 5] instead of [16, 6]"), network);
    }

    @Test
    void truncatedStateIsRefusedAndLeavesTheTrackerUnchanged() throws IOException {
        MultiLayerNetwork net = Models.network(WorkspaceMode.NONE, DataType.FLOAT);
        EmaTracker tracker = EmaTracker.of(net, 0.05);
        tracker.update(10);
        Path state = folder.resolve("state");
        tracker.save(state);
        byte[] bytes = Files.readAllBytes(state);
        for (int length : new int[] {3, 100, bytes.length - 1}) {
            Files.write(state, java.util.Arrays.copyOf(bytes, length));
            EmaTracker fresh = EmaTracker.of(net, 0.05);
            String message = restoreFailure(fresh, state);
            assertTrue(message.startsWith("cannot read " + state + ": it"), message);
            assertEquals(0, fresh.imageCount());
        }
    }

    @Test
    void imageCountMustNotGoBack() {
        MultiLayerNetwork net = Models.network(WorkspaceMode.NONE, DataType.FLOAT);
        EmaTracker tracker = EmaTracker.of(net, 0.05);
        assertThrows(IllegalArgumentException.class, () -> tracker.update(0));
        tracker.update(10);
        tracker.update(10);
        assertThrows(IllegalArgumentException.class, () -> tracker.update(9));
    }

    @Test
    void repeatedAndUnknownProfilesAreRefused() {
        MultiLayerNetwork net = Models.network(WorkspaceMode.NONE, DataType.FLOAT);
        assertThrows(IllegalArgumentException.class, () -> EmaTracker.of(net, 0.05, 0.05));
        assertThrows(IllegalArgumentException.class, () -> EmaTracker.of(net, new double[0]));
        assertThrows(IllegalArgumentException.class, () -> EmaTracker.of(net, 0.05).average(0.06));
    }

    private static String restoreFailure(EmaTracker tracker, Path state) {
        return assertThrows(SnapshotException.class, () -> tracker.restore(state)).getMessage();
    }

    private static void train(ComputationGraph graph, EmaTracker tracker, int from, int to) {
        for (int i = from; i < to; i++) {
            graph.fit(Models.data(10, true).get(i));
            tracker.update((i + 1L) * Models.BATCH);
        }
    }

    static void assertClose(Weights expected, Weights actual, double tolerance) {
        assertEquals(expected.names(), actual.names());
        for (String name : expected.names()) {
            INDArray difference = expected.get(name).sub(actual.get(name));
            assertEquals(0, difference.amaxNumber().doubleValue(), tolerance, name);
        }
    }
}
