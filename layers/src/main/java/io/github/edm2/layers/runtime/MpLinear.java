package io.github.edm2.layers.runtime;

import io.github.edm2.layers.MpWeightLayer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.nd4j.linalg.api.buffer.DataType;

/** {@link io.github.edm2.layers.MpLinear} at run time. For one thread at a time. */
public final class MpLinear extends MpWeightLayer.Runtime {

    /**
     * @param conf holds the layer's configuration
     * @param dataType of the network
     */
    public MpLinear(NeuralNetConfiguration conf, DataType dataType) {
        super(conf, dataType);
    }
}
