package io.github.edm2.models;

import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;

/** DL4J's two ways to ask for the loss agree, before and after training. */
class NetworkScoreTest {

    @ParameterizedTest
    @EnumSource(
            value = WorkspaceMode.class,
            names = {"ENABLED", "NONE"})
    void meanScoreOfTheExamplesIsTheScore(WorkspaceMode workspaces) {
        ComputationGraph graph =
                TinyNetwork.builder(DataType.DOUBLE, 0).workspaceMode(workspaces).build().init();
        MultiDataSet batch = TinyNetwork.batch(DataType.DOUBLE, 5);
        for (int step = 0; step < 2; step++) {
            INDArray examples = graph.scoreExamples(batch, false);
            Assertions.assertEquals(TinyNetwork.BATCH, examples.length());
            double mean = examples.meanNumber().doubleValue();
            Assertions.assertEquals(1, mean / graph.score(batch, false), 1e-12);
            graph.fit(batch);
        }
    }
}
