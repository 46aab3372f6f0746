package io.github.edm2.ema;

import static io.github.edm2.ema.EmaTrackerTest.assertClose;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** DL4J's clone() of a graph shares the original's list of listeners. */
class ClonedGraphTest {

    @TempDir Path folder;

    private final ComputationGraph graph = Models.graph(WorkspaceMode.ENABLED);
    private final EmaListener listener = EmaListener.builder().sigmaRel(0.1).build();

    ClonedGraphTest() {
        graph.addListeners(listener);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void cloneTrainsWithoutTheOriginalsListener(boolean first) {
        ComputationGraph expected = Models.graph(WorkspaceMode.ENABLED);
        EmaTracker tracker = EmaTracker.of(expected, 0.1);
        ComputationGraph clone = graph.clone();
        if (first) {
            clone.fit(Models.iterator(2, true));
            assertEquals(0, listener.imagesSeen());
        }
        for (int i = 1; i <= 3; i++) {
            graph.fit(Models.iterator(1, true));
            clone.fit(Models.iterator(2, true));
            expected.fit(Models.iterator(1, true));
            tracker.update((long) i * Models.BATCH);
            assertEquals((long) i * Models.BATCH, listener.imagesSeen());
        }
        assertClose(tracker.average(0.1), listener.tracker().average(0.1), 0);
    }

    @Test
    void listenerThatACloneTookAwayIsMissedAtTheNextIteration() {
        graph.fit(Models.iterator(1, true));
        ComputationGraph clone = graph.clone();
        EmaListener other = EmaListener.builder().build();
        clone.setListeners(other);
        clone.fit(Models.iterator(1, true));
        assertEquals(Models.BATCH, other.imagesSeen());
        String message =
                assertThrows(IllegalStateException.class, () -> graph.fit(Models.iterator(1, true)))
                        .getMessage();
        assertTrue(message.contains("clones share one list"), message);
    }

    @Test
    void copyThatWasSavedAndLoadedHasListenersOfItsOwn() throws IOException {
        graph.fit(Models.iterator(1, true));
        Path file = folder.resolve("graph.zip");
        graph.save(file.toFile());
        ComputationGraph copy = ComputationGraph.load(file.toFile(), true);
        EmaListener other = EmaListener.builder().build();
        copy.setListeners(other);
        copy.fit(Models.iterator(2, true));
        graph.fit(Models.iterator(1, true));
        assertEquals(2 * Models.BATCH, other.imagesSeen());
        assertEquals(2 * Models.BATCH, listener.imagesSeen());
    }

    @Test
    void listenerOfAnotherGraphIsRefused() {
        graph.fit(Models.iterator(1, true));
        ComputationGraph another = Models.graph(WorkspaceMode.ENABLED);
        another.addListeners(listener);
        assertThrows(IllegalStateException.class, () -> another.fit(Models.iterator(1, true)));
        graph.fit(Models.iterator(1, true));
        assertEquals(2 * Models.BATCH, listener.imagesSeen());
    }
}
