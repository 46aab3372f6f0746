package io.github.edm2.layers;

import io.github.edm2.layers.plan.Cost;
import io.github.edm2.layers.plan.Planner;
import io.github.edm2.layers.plan.Slot;
import io.github.edm2.layers.plan.Value;
import java.util.List;
import lombok.Data;
import lombok.EqualsAndHashCode;
import lombok.NoArgsConstructor;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * Pixel normalization (arXiv:2312.02696, Eq. 30): every pixel's feature vector is divided by its
 * root mean square over the channels. Input and output [batch, channels, height, width].
 *
 * <p>For one thread at a time, as all layers of DL4J.
 */
@Data
@NoArgsConstructor
@EqualsAndHashCode(callSuper = true)
public class PixelNorm extends ImageFunctionLayer implements InSameDiff {

    protected PixelNorm(Builder builder) {
        super(builder);
    }

    /**
     * SameDiff face.
     *
     * @param x [batch, channels, height, width]
     * @param channels the size of axis 1
     */
    public static SDVariable pixelNorm(SameDiff sd, SDVariable x, long channels) {
        return Normalization.normalize(sd, x, channels, 1);
    }

    @Override
    public Value plan(Planner planner, String name, Value... inputs) {
        Value x = inputs[0].plain();
        double epsilon = Normalization.EPSILON / Math.abs(x.pending());
        Slot y = new Slot(x.slot().shape());
        Slot divisor = new Slot(x.rows(), 1);
        planner.add(
                List.of(x.slot()),
                List.of(),
                List.of(y, divisor),
                false,
                () -> Normalization.ofRows(x.slot().array(), epsilon, y.array(), divisor.array()));
        Value value = planner.like(x, y, Math.signum(x.pending()));
        Slot temporary = new Slot(x.slot().shape());
        Slot column = new Slot(x.rows(), 1);
        Slot rms = new Slot(x.rows(), 1);
        planner.tape()
                .push(
                        value,
                        x,
                        1,
                        List.of(y, divisor),
                        List.of(temporary, column, rms),
                        true,
                        (g, dx) ->
                                Normalization.gradientOfRows(
                                        y.array(),
                                        divisor.array(),
                                        epsilon,
                                        g.array(),
                                        dx.array(),
                                        temporary.array(),
                                        column.array(),
                                        rms.array()));
        return value;
    }

    /** Norm and division. */
    @Override
    public Cost cost(InputType output, InputType... inputs) {
        return Cost.perElement(2, output);
    }

    @Override
    public SDVariable define(Part part, SDVariable... x) {
        return pixelNorm(part.sd(), x[0], part.channels(0));
    }

    @Override
    protected Runtime runtime(NeuralNetConfiguration conf, DataType dataType) {
        return new io.github.edm2.layers.runtime.PixelNorm(conf, dataType);
    }

    @Override
    protected long trainingElements(InputType inputType) {
        return 2 * inputType.arrayElementsPerExample();
    }

    /** Builder; there is nothing to set but the name. */
    @SuppressWarnings("unchecked") // DL4J declares build() as <E extends Layer> E build()
    public static class Builder extends FunctionLayer.Builder<Builder> {
        @Override
        public PixelNorm build() {
            return new PixelNorm(this);
        }
    }
}
