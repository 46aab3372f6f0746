package io.github.edm2.layers;

import io.github.edm2.layers.plan.Planner;
import io.github.edm2.layers.plan.Value;
import java.util.Arrays;
import lombok.Data;
import lombok.EqualsAndHashCode;
import lombok.NoArgsConstructor;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Magnitude-preserving linear layer (arXiv:2312.02696, Eq. 47): x wᵀ without bias. Input [batch,
 * nIn], output [batch, nOut], weight [nOut, nIn].
 *
 * <p>For one thread at a time, as all layers of DL4J.
 */
@Data
@NoArgsConstructor
@EqualsAndHashCode(callSuper = true)
public class MpLinear extends MpWeightLayer {

    protected MpLinear(Builder builder) {
        super(builder);
    }

    /**
     * SameDiff face.
     *
     * @param x [batch, in]
     * @param weight [out, in], the stored weight
     * @param shape the shape of {@code weight}
     * @param gain a constant or scalar variable; null for 1
     */
    public static SDVariable mpLinear(
            SameDiff sd, SDVariable x, SDVariable weight, long[] shape, SDVariable gain) {
        SDVariable w = MpConvolution.normalizedWeight(sd, weight, shape, gain);
        return sd.mmul(x, w, false, true, false);
    }

    @Override
    public Value plan(Planner planner, String name, Value... inputs) {
        Value x = inputs[0];
        return MpProduct.plan(this, planner, name, x, new MatrixProduct(), x.batch(), nOut);
    }

    @Override
    protected SDVariable product(SameDiff sd, SDVariable x, SDVariable weight, SDVariable learned) {
        return mpLinear(sd, x, weight, weightShape(), learned);
    }

    @Override
    protected Runtime runtime(NeuralNetConfiguration conf, DataType dataType) {
        return new io.github.edm2.layers.runtime.MpLinear(conf, dataType);
    }

    @Override
    protected long[] weightShape() {
        return new long[] {nOut, nIn};
    }

    @Override
    protected void checkInput(INDArray x) {
        if (x.rank() != 2 || x.size(1) != nIn) {
            throw new DL4JInvalidInputException(
                    "%s needs an input [batch, %d], got the shape %s; set nIn or the network's input types accordingly"
                            .formatted(description(), nIn, Arrays.toString(x.shape())));
        }
    }

    /** Builder. */
    @SuppressWarnings("unchecked") // DL4J declares build() as <E extends Layer> E build()
    public static class Builder extends MpWeightLayer.Builder<Builder> {
        @Override
        public MpLinear build() {
            return new MpLinear(this);
        }
    }
}
