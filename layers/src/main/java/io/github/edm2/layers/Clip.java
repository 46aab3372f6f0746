package io.github.edm2.layers;

import io.github.edm2.layers.plan.Planner;
import io.github.edm2.layers.plan.Prepared;
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
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.Op;
import org.nd4j.linalg.api.ops.impl.transforms.gradient.HardTanhDerivative;
import org.nd4j.linalg.api.ops.impl.transforms.strict.HardTanh;

/**
 * Clips activations to [-limit, limit]; the gradient passes where nothing was clipped
 * (arXiv:2312.02696, appendix B.1: a safeguard for half precision). Any shape.
 *
 * <p>For one thread at a time, as all layers of DL4J.
 */
@Data
@NoArgsConstructor
@EqualsAndHashCode(callSuper = true)
public class Clip extends FunctionLayer implements InSameDiff {

    private double limit;

    protected Clip(Builder builder) {
        super(builder);
        this.limit = builder.limit;
    }

    /** SameDiff face, any shape. */
    public static SDVariable clip(SameDiff sd, SDVariable x, double limit) {
        return sd.math().clipByValue(x, -limit, limit);
    }

    /** Into a value that can be multiplied where it is made, the division by the limit is put. */
    @Override
    public Value plan(Planner planner, String name, Value... inputs) {
        if (limit == Double.POSITIVE_INFINITY) {
            return inputs[0];
        }
        Value x = inputs[0];
        boolean folded = x.fold(x.pending() / limit);
        Value in = x.plain();
        double factor = folded ? 1 : in.pending() / limit;
        Slot unit = factor == 1 ? in.slot() : new Slot(in.slot().shape());
        if (factor != 1) {
            planner.add(
                    List.of(in.slot()),
                    List.of(),
                    List.of(unit),
                    true,
                    () -> Prepared.multiply(in.slot().array(), factor, unit.array()));
        }
        Slot y = new Slot(unit.shape());
        planner.add(unit, y, () -> unit(unit.array(), y.array()));
        Value value = planner.like(in, y, limit);
        Slot inside = new Slot(unit.shape());
        planner.tape()
                .push(
                        value,
                        in,
                        factor,
                        List.of(unit),
                        List.of(inside),
                        true,
                        (g, dx) ->
                                unitGradient(unit.array(), g.array(), dx.array(), inside.array()));
        return value;
    }

    @Override
    public boolean isElementwise() {
        return true;
    }

    @Override
    public SDVariable define(Part part, SDVariable... x) {
        return limit == Double.POSITIVE_INFINITY ? x[0] : clip(part.sd(), x[0], limit);
    }

    @Override
    protected Runtime runtime(NeuralNetConfiguration conf, DataType dataType) {
        return new io.github.edm2.layers.runtime.Clip(conf, dataType);
    }

    /**
     * Clips to [-1, 1] in one pass, made once to be run many times: for numbers that were divided
     * by the limit before, along with something else.
     *
     * @param x any shape
     * @param y receives the result; may be x
     */
    static Runnable unit(INDArray x, INDArray y) {
        return Prepared.of((Op) new HardTanh(x, y));
    }

    /**
     * The gradient of {@link #unit}.
     *
     * @param x before clipping
     * @param dx receives the gradient of x; may be g
     * @param inside of x's shape, overwritten
     */
    @SuppressWarnings("deprecation") // hardtanh_bp, which is to be used, takes 80 times as long
    static Runnable unitGradient(INDArray x, INDArray g, INDArray dx, INDArray inside) {
        return Prepared.sequence(
                Prepared.of((Op) new HardTanhDerivative(x, inside)),
                Prepared.multiply(g, inside, dx));
    }

    @Override
    protected long trainingElements(InputType inputType) {
        return 2 * inputType.arrayElementsPerExample();
    }

    /** Builder. */
    @SuppressWarnings("unchecked") // DL4J declares build() as <E extends Layer> E build()
    public static class Builder extends FunctionLayer.Builder<Builder> {
        private double limit = 256;

        /**
         * Largest magnitude that passes unchanged; default 256.
         *
         * @throws IllegalArgumentException if not positive
         */
        public Builder limit(double limit) {
            if (!(limit > 0)) {
                throw new IllegalArgumentException(
                        "limit must be greater than 0, got %s; for no clipping leave the layer out"
                                .formatted(limit));
            }
            this.limit = limit;
            return this;
        }

        @Override
        public Clip build() {
            return new Clip(this);
        }
    }
}
