package io.github.edm2.tests;

import io.github.edm2.layers.plan.Training;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.dataset.MultiDataSet;

/** The gradients of an EDM2 network by its plan. */
final class PlannedTraining {

    private final ComputationGraph graph;
    private final Training training;

    PlannedTraining(ComputationGraph graph) {
        this.graph = graph;
        training = new Training(graph);
    }

    /** Fails if the graph has no plan. */
    Gradient computeGradientAndScore(MultiDataSet batch) {
        graph.setInputs(batch.getFeatures());
        return training.computeGradientAndScore(
                        batch.getFeatures(), batch.getLabels(0), batch.getFeatures(1))
                .orElseThrow();
    }
}
