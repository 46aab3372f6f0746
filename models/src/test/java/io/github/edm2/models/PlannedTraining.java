package io.github.edm2.models;

import io.github.edm2.layers.plan.Training;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.dataset.MultiDataSet;

/** The gradients of an EDM2 network by its plan. */
public final class PlannedTraining {

    private final ComputationGraph graph;
    private final Training training;

    public PlannedTraining(ComputationGraph graph) {
        this.graph = graph;
        training = new Training(graph);
    }

    /** Fails if the graph has no plan. */
    public Gradient computeGradientAndScore(MultiDataSet batch) {
        graph.setInputs(batch.getFeatures());
        return training.computeGradientAndScore(
                        batch.getFeatures(), batch.getLabels(0), batch.getFeatures(1))
                .orElseThrow();
    }
}
