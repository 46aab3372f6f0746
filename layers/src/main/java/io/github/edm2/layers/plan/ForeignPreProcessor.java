package io.github.edm2.layers.plan;

import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What DL4J does to the input of a planned layer, for instance to make vectors of images. */
record ForeignPreProcessor(InputPreProcessor preProcessor, int batch) implements Foreign {

    @Override
    public INDArray forward(INDArray... inputs) {
        return preProcessor.preProcess(inputs[0], batch, ForeignVertex.WORKSPACES);
    }

    @Override
    public INDArray[] backward(INDArray epsilon) {
        return new INDArray[] {preProcessor.backprop(epsilon, batch, ForeignVertex.WORKSPACES)};
    }
}
