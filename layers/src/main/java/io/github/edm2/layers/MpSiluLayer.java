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
import org.nd4j.linalg.api.buffer.DataType;

/**
 * Magnitude-preserving SiLU as a layer; {@link MpSilu} has the formula. Any shape.
 *
 * <p>For one thread at a time, as all layers of DL4J.
 */
@Data
@NoArgsConstructor
@EqualsAndHashCode(callSuper = true)
public class MpSiluLayer extends FunctionLayer implements InSameDiff {

    protected MpSiluLayer(Builder builder) {
        super(builder);
    }

    @Override
    public Value plan(Planner planner, String name, Value... inputs) {
        Value x = inputs[0].plain();
        Slot y = new Slot(x.slot().shape());
        if (!planner.training()) {
            Slot temporary = new Slot(x.slot().shape());
            planner.add(
                    List.of(x.slot()),
                    List.of(temporary),
                    List.of(y),
                    true,
                    () -> MpSilu.silu(x.slot().array(), x.pending(), y.array(), temporary.array()));
            return planner.like(x, y, x.pending() / MpSilu.MAGNITUDE);
        }
        Slot sigmoid = new Slot(x.slot().shape());
        planner.add(
                List.of(x.slot()),
                List.of(),
                List.of(y, sigmoid),
                true,
                () ->
                        MpSilu.siluAndSigmoid(
                                x.slot().array(), x.pending(), y.array(), sigmoid.array()));
        Value value = planner.like(x, y, x.pending() / MpSilu.MAGNITUDE);
        Slot temporary = new Slot(x.slot().shape());
        planner.tape()
                .push(
                        value,
                        x,
                        1,
                        List.of(y, sigmoid),
                        List.of(temporary),
                        true,
                        (g, dx) ->
                                MpSilu.siluGradient(
                                        y.array(),
                                        sigmoid.array(),
                                        x.pending(),
                                        g.array(),
                                        dx.array(),
                                        temporary.array()));
        return value;
    }

    @Override
    public boolean isElementwise() {
        return true;
    }

    /** SiLU and division. */
    @Override
    public Cost cost(InputType output, InputType... inputs) {
        return Cost.perElement(2, output);
    }

    @Override
    public SDVariable define(Part part, SDVariable... x) {
        return MpSilu.mpSilu(part.sd(), x[0]);
    }

    @Override
    protected Runtime runtime(NeuralNetConfiguration conf, DataType dataType) {
        return new io.github.edm2.layers.runtime.MpSiluLayer(conf, dataType);
    }

    @Override
    protected long trainingElements(InputType inputType) {
        return 2 * inputType.arrayElementsPerExample();
    }

    /** Builder; there is nothing to set but the name. */
    @SuppressWarnings("unchecked") // DL4J declares build() as <E extends Layer> E build()
    public static class Builder extends FunctionLayer.Builder<Builder> {
        @Override
        public MpSiluLayer build() {
            return new MpSiluLayer(this);
        }
    }
}
