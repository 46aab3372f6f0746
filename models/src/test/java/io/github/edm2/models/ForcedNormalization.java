package io.github.edm2.models;

import io.github.edm2.layers.MpWeightLayer;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.graph.ComputationGraph;

/** Forced weight normalization, which changes parameters before each training step. */
public final class ForcedNormalization {

    private ForcedNormalization() {}

    /** Leaves the parameters of all layers as they are, as numbers to compare with need it. */
    public static void switchOff(ComputationGraph graph) {
        for (Layer layer : graph.getLayers()) {
            if (layer.conf().getLayer() instanceof MpWeightLayer weights) {
                weights.setForcedNormalization(false);
            }
        }
    }
}
