package io.github.edm2.models.diffusion;

import io.github.edm2.layers.FunctionVertex;
import io.github.edm2.layers.InSameDiff;
import io.github.edm2.layers.plan.Cost;
import io.github.edm2.layers.plan.Planner;
import io.github.edm2.layers.plan.Prepared;
import io.github.edm2.layers.plan.Slot;
import io.github.edm2.layers.plan.Value;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ops.Op;
import org.nd4j.linalg.api.ops.impl.transforms.strict.Log;

/**
 * c_noise = ln(sigma) / 4. Input sigma [batch, 1], which gets no gradient; output [batch, 1].
 *
 * <p>For one thread at a time, as all vertices of DL4J.
 */
public final class NoiseCondition extends FunctionVertex implements InSameDiff {

    /** SameDiff face. */
    public static SDVariable noiseCondition(SameDiff sd, SDVariable sigma) {
        return Preconditioning.noise(sd, sigma);
    }

    @Override
    public Value plan(Planner planner, String name, Value... inputs) {
        Value sigma = planner.whole(inputs[0]);
        Slot y = new Slot(sigma.slot().shape());
        planner.add(
                sigma.slot(),
                y,
                () ->
                        Prepared.sequence(
                                Prepared.of((Op) new Log(sigma.slot().array(), y.array())),
                                Prepared.multiply(y.array(), 0.25, y.array())));
        return new Value(y, sigma.shape(), false, 1);
    }

    /** Logarithm and product. */
    @Override
    public Cost cost(InputType output, InputType... inputs) {
        return Cost.perElement(2, output);
    }

    @Override
    public SDVariable define(Part part, SDVariable... x) {
        return noiseCondition(part.sd(), x[0]);
    }

    @Override
    protected Runtime runtime(ComputationGraph graph, String name, int index, DataType dataType) {
        return new io.github.edm2.models.runtime.NoiseCondition(this, graph, name, index, dataType);
    }

    @Override
    protected int inputs() {
        return 1;
    }

    @Override
    public InputType getOutputType(int layerIndex, InputType... vertexInputs) {
        return vertexInputs[0];
    }

    @Override
    public NoiseCondition clone() {
        return new NoiseCondition();
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof NoiseCondition;
    }

    @Override
    public int hashCode() {
        return NoiseCondition.class.hashCode();
    }
}
