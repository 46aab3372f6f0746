package io.github.edm2.models.diffusion;

import io.github.edm2.layers.FunctionVertex;
import io.github.edm2.layers.InSameDiff;
import io.github.edm2.layers.plan.Planner;
import io.github.edm2.layers.plan.Prepared;
import io.github.edm2.layers.plan.Slot;
import io.github.edm2.layers.plan.Value;
import java.util.List;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ops.Op;
import org.nd4j.linalg.api.ops.impl.transforms.floating.Sqrt;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * c_in x, the network's input scaled to unit variance. Inputs x [batch, channels, height, width]
 * and sigma [batch, 1].
 *
 * <p>For one thread at a time, as all vertices of DL4J.
 */
public final class ScaledInput extends FunctionVertex implements InSameDiff {

    private final double sigmaData;

    /**
     * @param sigmaData standard deviation of the data, greater than 0
     */
    public ScaledInput(@JsonProperty("sigmaData") double sigmaData) {
        this.sigmaData = Preconditioning.checkSigmaData(sigmaData);
    }

    /** Standard deviation of the data. */
    public double getSigmaData() {
        return sigmaData;
    }

    /** SameDiff face. */
    public static SDVariable scaledInput(
            SameDiff sd, SDVariable x, SDVariable sigma, double sigmaData) {
        return Preconditioning.scaledInput(sd, x, sigma, sigmaData);
    }

    @Override
    public Value plan(Planner planner, String name, Value... inputs) {
        Value x = inputs[0].plain();
        Value sigma = planner.whole(inputs[1]);
        Slot y = new Slot(x.slot().shape());
        Slot in = new Slot(sigma.slot().shape());
        planner.add(
                List.of(x.slot(), sigma.slot()),
                List.of(),
                List.of(y, in),
                false,
                () ->
                        Prepared.sequence(
                                Preconditioning.variance(sigma.slot(), sigmaData, in),
                                Prepared.of((Op) new Sqrt(in.array(), in.array())),
                                Prepared.divideInto(1, in.array(), in.array()),
                                Preconditioning.multiply(x.slot(), in, y)));
        Value value = planner.like(x, y, x.pending());
        planner.tape()
                .push(
                        value,
                        x,
                        1,
                        List.of(in),
                        List.of(),
                        false,
                        (g, dx) -> Preconditioning.multiply(g, in, dx));
        return value;
    }

    @Override
    public SDVariable define(Part part, SDVariable... x) {
        return scaledInput(part.sd(), x[0], x[1], sigmaData);
    }

    @Override
    protected Runtime runtime(ComputationGraph graph, String name, int index, DataType dataType) {
        return new io.github.edm2.models.runtime.ScaledInput(this, graph, name, index, dataType);
    }

    @Override
    protected int inputs() {
        return 2;
    }

    @Override
    public InputType getOutputType(int layerIndex, InputType... vertexInputs) {
        return vertexInputs[0];
    }

    @Override
    public ScaledInput clone() {
        return new ScaledInput(sigmaData);
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof ScaledInput other && other.sigmaData == sigmaData;
    }

    @Override
    public int hashCode() {
        return Double.hashCode(sigmaData);
    }
}
