package io.github.edm2.layers.plan;

import org.deeplearning4j.nn.api.Layer;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A layer that runs as DL4J has it. */
record ForeignLayer(Layer layer, boolean training) implements Foreign {

    @Override
    public INDArray forward(INDArray... inputs) {
        layer.setInput(inputs[0], ForeignVertex.WORKSPACES);
        return layer.activate(training, ForeignVertex.WORKSPACES);
    }

    @Override
    public INDArray[] backward(INDArray epsilon) {
        return new INDArray[] {
            layer.backpropGradient(epsilon, ForeignVertex.WORKSPACES).getSecond()
        };
    }
}
