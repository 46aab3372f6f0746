package io.github.edm2.layers.runtime;

import io.github.edm2.layers.FunctionLayer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.nd4j.linalg.api.buffer.DataType;

/** {@link io.github.edm2.layers.Clip} at run time. For one thread at a time. */
public final class Clip extends FunctionLayer.Runtime {

    /**
     * @param conf holds the layer's configuration
     * @param dataType of the network
     */
    public Clip(NeuralNetConfiguration conf, DataType dataType) {
        super(conf, dataType);
    }
}
