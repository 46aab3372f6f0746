package io.github.edm2.ema;

import static io.github.edm2.ema.EmaTrackerTest.assertClose;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Averages tracked directly beside averages reconstructed from 16 snapshots of two others. */
class ReconstructionTest {

    private static final double[] TARGETS = {0.03, 0.05, 0.075, 0.15, 0.25};
    private static final int UPDATES = 1024;
    private static final int SNAPSHOTS = 16;
    private static final long BATCH = 8;
    private static final long END = UPDATES * BATCH;
    private static final long MIDDLE = END / 2;

    @TempDir static Path folder;
    private static MultiLayerNetwork net;
    private static EmaTracker direct;
    private static Weights directInTheMiddle;

    /** Mean L2 norm of the random weights. */
    private static double weightsNorm;

    @BeforeAll
    static void train() {
        net = Models.network(WorkspaceMode.NONE, DataType.FLOAT);
        EmaTracker stored = EmaTracker.of(net, 0.05, 0.10);
        direct = EmaTracker.of(net, TARGETS);
        SnapshotStore store = SnapshotStore.openOrCreate(folder.resolve("float"), net);
        SnapshotStore half = SnapshotStore.openOrCreate(folder.resolve("half"), net);
        Nd4j.getRandom().setSeed(3);
        double norms = 0;
        for (int i = 1; i <= UPDATES; i++) {
            net.params().assign(Nd4j.randn(DataType.FLOAT, net.params().length()));
            norms += net.params().norm2Number().doubleValue();
            stored.update(i * BATCH);
            direct.update(i * BATCH);
            if (i % (UPDATES / SNAPSHOTS) == 0) {
                stored.addTo(store, DataType.FLOAT);
                stored.addTo(half, DataType.FLOAT16);
            }
            if (i * BATCH == MIDDLE) {
                directInTheMiddle = direct.average(0.075).copy();
            }
        }
        weightsNorm = norms / UPDATES;
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.03, 0.05, 0.075, 0.15, 0.25})
    void equalsTheDirectlyTrackedAverageWithinThePredictedError(double sigmaRel) {
        ReconstructedWeights found = reconstruct("float").get(sigmaRel);
        // Of independent weights per update an average keeps the profile's L2 norm; so does the
        // difference of two averages with the difference of their profiles.
        ProfileAt at = new ProfileAt(new PowerFunction(sigmaRel), END);
        double norm = Math.sqrt(at.innerProduct(at) * BATCH) * weightsNorm;
        double error = distance(direct.average(sigmaRel), found.weights()) / norm;
        double rounding = 1e-5 * Math.max(1, found.profile().largestCoefficient());
        assertTrue(
                error <= 1.5 * found.profile().predictedError() + rounding,
                error + " but predicted " + found.profile().predictedError());
        if (found.profile().predictedError() > 1e-2) {
            assertTrue(
                    error > 0.5 * found.profile().predictedError(),
                    error + " but predicted " + found.profile().predictedError());
        }
    }

    @Test
    void targetInTheMiddleUsesOnlyEarlierSnapshots() {
        Reconstruction middle = store("float").reconstructAt(MIDDLE, 0.075);
        assertEquals(MIDDLE, middle.imageCount());
        double largest = directInTheMiddle.asMap().get("0_W").amaxNumber().doubleValue();
        assertClose(directInTheMiddle, middle.get(0.075).weights(), 0.05 * largest);
    }

    @Test
    void storedAverageComesBackAsItself() {
        ReconstructedWeights found = reconstruct("float").get(0.05);
        assertClose(direct.average(0.05), found.weights(), 1e-6);
        assertEquals(1, found.profile().largestCoefficient(), 1e-9);
    }

    @Test
    void roundingIsNotedOnlyWhereItCostsMoreThanADigit() {
        ProfileAt at = new ProfileAt(new PowerFunction(0.125), 1000);
        assertTrue(new ReconstructedProfile(at, 0.001, 1.04, true).note().isEmpty());
        assertTrue(new ReconstructedProfile(at, 0.001, 2, true).note().isEmpty());
        assertTrue(
                new ReconstructedProfile(at, 0.001, 2.5, true)
                        .note()
                        .orElseThrow()
                        .endsWith("store snapshots in single precision for a sigma_rel of 0.125"));
    }

    @Test
    void halfSnapshotsSayWhereTheyLoseDigits() {
        ReconstructedWeights shortest = reconstruct("half").get(0.03);
        double expected = shortest.profile().largestCoefficient();
        assertTrue(expected > 2, "coefficient " + expected);
        assertTrue(
                shortest.profile()
                        .note()
                        .orElseThrow()
                        .contains(String.format("by %.1f", expected)),
                shortest.profile().note().toString());
        assertTrue(reconstruct("half").get(0.15).profile().note().isEmpty());
        assertTrue(reconstruct("float").get(0.03).profile().note().isEmpty());
        double largest = shortest.weights().get("0_W").amaxNumber().doubleValue();
        assertClose(
                reconstruct("float").get(0.03).weights(),
                shortest.weights(),
                4 * expected * 0x1p-11 * largest);
    }

    @Test
    void oneAverageAloneIsTheSameAsAmongOthers() {
        SnapshotStore half = SnapshotStore.open(folder.resolve("half"));
        for (long imageCount : new long[] {END, END - 1}) {
            assertClose(
                    half.reconstructAt(imageCount, TARGETS).get(0.075).weights(),
                    half.reconstructAt(imageCount, 0.075).get(0.075).weights(),
                    0);
        }
    }

    @Test
    void resultIsAppliedToTheModel() {
        MultiLayerNetwork other = Models.network(WorkspaceMode.ENABLED, DataType.FLOAT);
        ReconstructedWeights found = reconstruct("float").get(0.15);
        found.applyTo(other);
        assertClose(found.weights(), Weights.of(other), 0);
    }

    @Test
    void wrongTargetsAreRefused() {
        SnapshotStore store = store("float");
        assertThrows(IllegalArgumentException.class, () -> store.reconstruct());
        assertThrows(IllegalArgumentException.class, () -> store.reconstruct(0.1, 0.1));
        assertThrows(IllegalArgumentException.class, () -> store.reconstruct(0.3));
        assertThrows(IllegalArgumentException.class, () -> store.reconstructAt(END + 1, 0.1));
        assertThrows(IllegalArgumentException.class, () -> store.reconstructAt(1, 0.1));
        assertThrows(IllegalArgumentException.class, () -> store.reconstruct(0.1).get(0.2));
        SnapshotStore empty = SnapshotStore.openOrCreate(folder.resolve("empty"), net);
        assertThrows(IllegalArgumentException.class, () -> empty.reconstruct(0.1));
    }

    private static Reconstruction reconstruct(String name) {
        return store(name).reconstruct(TARGETS);
    }

    private static SnapshotStore store(String name) {
        return SnapshotStore.open(folder.resolve(name));
    }

    private static double distance(Weights a, Weights b) {
        double squares = 0;
        for (String name : a.names()) {
            INDArray difference = a.get(name).sub(b.get(name));
            squares += Math.pow(difference.norm2Number().doubleValue(), 2);
        }
        return Math.sqrt(squares);
    }
}
