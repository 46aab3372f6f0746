package io.github.edm2.layers.plan;

import org.deeplearning4j.nn.graph.vertex.GraphVertex;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A vertex without a layer that runs as DL4J has it. */
record ForeignVertex(GraphVertex vertex, boolean training) implements Foreign {

    static final LayerWorkspaceMgr WORKSPACES = LayerWorkspaceMgr.noWorkspaces();

    @Override
    public INDArray forward(INDArray... inputs) {
        for (int i = 0; i < inputs.length; i++) {
            vertex.setInput(i, inputs[i], WORKSPACES);
        }
        return vertex.doForward(training, WORKSPACES);
    }

    @Override
    public INDArray[] backward(INDArray epsilon) {
        vertex.setEpsilon(epsilon);
        return vertex.doBackward(false, WORKSPACES).getSecond();
    }
}
