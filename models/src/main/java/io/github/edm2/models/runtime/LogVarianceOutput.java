package io.github.edm2.models.runtime;

import io.github.edm2.models.diffusion.DiffusionOutput;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * {@link io.github.edm2.models.diffusion.LogVarianceOutput} at run time. For one thread at a time.
 */
public final class LogVarianceOutput extends DiffusionOutput.Runtime {

    /**
     * @param conf holds the layer's configuration
     * @param dataType of the network
     */
    public LogVarianceOutput(NeuralNetConfiguration conf, DataType dataType) {
        super(conf, dataType);
    }
}
