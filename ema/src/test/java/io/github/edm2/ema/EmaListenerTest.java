package io.github.edm2.ema;

import static io.github.edm2.ema.EmaTrackerTest.assertClose;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;

class EmaListenerTest {

    @TempDir Path folder;

    @ParameterizedTest
    @EnumSource(
            value = WorkspaceMode.class,
            names = {"ENABLED", "NONE"})
    void graphIsAveragedAfterEachIteration(WorkspaceMode workspaces) {
        ComputationGraph listened = Models.graph(workspaces);
        EmaListener listener = EmaListener.builder().halfLife(20).sigmaRel(0.05).build();
        listened.addListeners(listener);
        listened.fit(Models.iterator(6, true));

        ComputationGraph driven = Models.graph(workspaces);
        EmaTracker expected = EmaTracker.of(driven, new HalfLife(20), new PowerFunction(0.05));
        for (int i = 0; i < 6; i++) {
            driven.fit(Models.data(6, true).get(i));
            expected.update((i + 1L) * Models.BATCH);
        }
        assertEquals(6 * Models.BATCH, listener.imagesSeen());
        assertEquals(
                Set.of(
                        "conv_W",
                        "conv_b",
                        "norm_gamma",
                        "norm_beta",
                        "norm_mean",
                        "norm_log10stdev",
                        "out_W",
                        "out_b"),
                listener.tracker().average(0.05).names());
        for (EmaProfile profile : expected.profiles()) {
            assertClose(expected.average(profile), listener.tracker().average(profile), 0);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = WorkspaceMode.class,
            names = {"ENABLED", "NONE"})
    void multiLayerNetworkIsAveragedAndStored(WorkspaceMode workspaces) {
        MultiLayerNetwork net = Models.network(workspaces, DataType.FLOAT);
        EmaListener listener = EmaListener.builder().snapshotEvery(20).store(folder).build();
        net.addListeners(listener);
        net.fit(Models.iterator(8, false), 2);

        SnapshotStore store = SnapshotStore.open(folder);
        // Batches of 8: the first counts past 20, 40, 60, ... images.
        assertEquals(
                List.of(24L, 24L, 40L, 40L, 64L, 64L, 80L, 80L, 104L, 104L, 120L, 120L),
                store.snapshots().stream().map(Snapshot::imageCount).toList());
        assertEquals(128, listener.imagesSeen());
        net.fit(Models.iterator(2, false));
        Snapshot last = SnapshotStore.open(folder).snapshots().get(13);
        assertEquals(144, last.imageCount());
        assertEquals(0.10, last.sigmaRel());
        assertClose(listener.tracker().average(0.10), SnapshotStore.open(folder).read(last), 1e-7);
    }

    @Test
    void sameDiffIsAveragedAndStored() {
        SameDiff listened = Models.sameDiff();
        EmaListener listener = EmaListener.builder().snapshotEvery(16).store(folder).build();
        listened.addListeners(listener);
        listened.fit(Models.iterator(6, false), 2);

        SameDiff driven = Models.sameDiff();
        EmaTracker expected =
                EmaTracker.of(driven, new PowerFunction(0.05), new PowerFunction(0.10));
        for (int i = 0; i < 12; i++) {
            driven.fit(Models.data(6, false).get(i % 6));
            expected.update((i + 1L) * Models.BATCH);
        }
        assertEquals(Set.of("weight", "gain"), listener.tracker().average(0.05).names());
        assertClose(Weights.of(driven), Weights.of(listened), 1e-6);
        assertClose(expected.average(0.05), listener.tracker().average(0.05), 1e-6);
        assertEquals(12, SnapshotStore.open(folder).snapshots().size());
        SnapshotStore.open(folder).reconstruct(0.07).get(0.07).applyTo(driven);
    }

    @Test
    void everyKthIterationAndAtSnapshotsIsEnough() {
        MultiLayerNetwork net = Models.network(WorkspaceMode.ENABLED, DataType.FLOAT);
        EmaListener listener =
                EmaListener.builder().everyIterations(4).snapshotEvery(48).store(folder).build();
        net.addListeners(listener);
        net.fit(Models.iterator(5, false));
        assertEquals(32, listener.tracker().imageCount());
        net.fit(Models.iterator(2, false));
        assertEquals(48, listener.tracker().imageCount());
        assertEquals(56, listener.imagesSeen());
    }

    @Test
    void resumedTrainingEqualsUnbrokenOne() {
        MultiLayerNetwork net = Models.network(WorkspaceMode.ENABLED, DataType.FLOAT);
        EmaListener first = listener(null);
        net.addListeners(first);
        net.fit(Models.iterator(5, false));
        first.saveState(folder.resolve("state"));
        MultiLayerNetwork checkpoint = net.clone();
        net.fit(Models.iterator(7, false));

        checkpoint.setIterationCount(5);
        EmaListener second = listener(folder.resolve("state"));
        checkpoint.addListeners(second);
        checkpoint.fit(Models.iterator(7, false));

        assertEquals(first.imagesSeen(), second.imagesSeen());
        assertClose(Weights.of(net), Weights.of(checkpoint), 0);
        assertClose(first.tracker().average(0.05), second.tracker().average(0.05), 0);
        assertEquals(12, SnapshotStore.open(folder.resolve("store")).snapshots().size());
    }

    private EmaListener listener(Path state) {
        return EmaListener.builder()
                .everyIterations(3)
                .snapshotEvery(16)
                .store(folder.resolve("store"))
                .resumeFrom(state)
                .build();
    }

    @Test
    void storeOfAnEarlierTrainingIsNotMixedWithANewOne() {
        MultiLayerNetwork net = Models.network(WorkspaceMode.ENABLED, DataType.FLOAT);
        SnapshotStore.openOrCreate(folder, net).add(0.05, 64, Weights.of(net), DataType.FLOAT);
        net.addListeners(EmaListener.builder().snapshotEvery(16).store(folder).build());
        String message =
                assertThrows(SnapshotException.class, () -> net.fit(Models.iterator(1, false)))
                        .getMessage();
        assertTrue(message.contains("earlier training, up to image 64"), message);
    }

    @Test
    void listenerFollowsOneModel() {
        EmaListener listener = EmaListener.builder().build();
        assertThrows(IllegalStateException.class, listener::tracker);
        MultiLayerNetwork one = Models.network(WorkspaceMode.ENABLED, DataType.FLOAT);
        one.addListeners(listener);
        one.fit(Models.iterator(1, false));
        MultiLayerNetwork other = Models.network(WorkspaceMode.ENABLED, DataType.FLOAT);
        other.addListeners(listener);
        assertThrows(IllegalStateException.class, () -> other.fit(Models.iterator(1, false)));
    }

    @Test
    void contradictoryOptionsAreRefused() {
        EmaListener.Builder builder = EmaListener.builder();
        assertThrows(IllegalArgumentException.class, () -> builder.everyIterations(0));
        assertThrows(IllegalArgumentException.class, () -> builder.snapshotEvery(0));
        assertThrows(IllegalArgumentException.class, () -> builder.snapshotType(DataType.DOUBLE));
        assertThrows(IllegalArgumentException.class, () -> builder.snapshotEvery(10).build());
        assertThrows(
                IllegalArgumentException.class,
                () -> EmaListener.builder().halfLife(10).snapshotEvery(10).store(folder).build());
    }
}
