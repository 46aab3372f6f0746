package io.github.edm2.models;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.edm2.ema.EmaListener;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.MultiDataSet;

/** A clone of a network trains without the averages of the original, as DL4J's clones do. */
class ClonedNetworkTest {

    @Test
    void theListenerFollowsTheOriginalAlone() {
        ComputationGraph network = TinyNetwork.builder(DataType.FLOAT, 0).build().init();
        EmaListener averages = EmaListener.builder().build();
        network.addListeners(averages);
        MultiDataSet batch = TinyNetwork.batch(DataType.FLOAT, 1);
        network.fit(batch);
        long seen = averages.imagesSeen();
        network.clone().fit(batch);
        assertEquals(seen, averages.imagesSeen());
        network.fit(batch);
        assertEquals(2 * seen, averages.imagesSeen());
    }
}
