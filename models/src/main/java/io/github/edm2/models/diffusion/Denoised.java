package io.github.edm2.models.diffusion;

import io.github.edm2.layers.FunctionVertex;
import io.github.edm2.layers.InSameDiff;
import io.github.edm2.layers.plan.Cost;
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
 * D = c_skip x + c_out F, the denoised image. Inputs, in this order, F and x [batch, channels,
 * height, width] and sigma [batch, 1].
 *
 * <p>For one thread at a time, as all vertices of DL4J.
 */
public final class Denoised extends FunctionVertex implements InSameDiff {

    private final double sigmaData;

    /**
     * @param sigmaData standard deviation of the data, greater than 0
     */
    public Denoised(@JsonProperty("sigmaData") double sigmaData) {
        this.sigmaData = Preconditioning.checkSigmaData(sigmaData);
    }

    /** Standard deviation of the data. */
    public double getSigmaData() {
        return sigmaData;
    }

    /** SameDiff face. */
    public static SDVariable denoised(
            SameDiff sd, SDVariable f, SDVariable x, SDVariable sigma, double sigmaData) {
        return Preconditioning.denoised(sd, f, x, sigma, sigmaData);
    }

    @Override
    public Value plan(Planner planner, String name, Value... inputs) {
        Value f = inputs[0].plain();
        Value x = planner.whole(inputs[1]);
        Value sigma = planner.whole(inputs[2]);
        Slot y = new Slot(f.slot().shape());
        Slot out = new Slot(sigma.slot().shape());
        Slot skip = new Slot(sigma.slot().shape());
        Slot skipped = new Slot(f.slot().shape());
        planner.add(
                List.of(f.slot(), x.slot(), sigma.slot()),
                List.of(skipped),
                List.of(y, out, skip),
                false,
                () ->
                        Prepared.sequence(
                                Preconditioning.variance(sigma.slot(), sigmaData, skip),
                                Prepared.of((Op) new Sqrt(skip.array(), out.array())),
                                Prepared.divideInto(
                                        sigmaData * f.pending(), out.array(), out.array()),
                                Prepared.multiply(out.array(), sigma.slot().array(), out.array()),
                                Prepared.divideInto(
                                        sigmaData * sigmaData, skip.array(), skip.array()),
                                Preconditioning.multiply(f.slot(), out, y),
                                Preconditioning.multiply(x.slot(), skip, skipped),
                                Prepared.axpy(1, skipped.array(), y.array(), y.array())));
        boolean differentiable = f.differentiable() || x.differentiable();
        Value value = new Value(y, f.shape(), differentiable, 1);
        planner.tape()
                .push(
                        value,
                        x,
                        1,
                        List.of(skip),
                        List.of(),
                        false,
                        (g, dx) -> Preconditioning.multiply(g, skip, dx));
        planner.tape()
                .push(
                        value,
                        f,
                        1,
                        List.of(out),
                        List.of(),
                        false,
                        (g, df) -> Preconditioning.multiply(g, out, df));
        return value;
    }

    /** Two products and their sum. */
    @Override
    public Cost cost(InputType output, InputType... inputs) {
        return Cost.perElement(3, output);
    }

    @Override
    public SDVariable define(Part part, SDVariable... x) {
        return denoised(part.sd(), x[0], x[1], x[2], sigmaData);
    }

    @Override
    protected Runtime runtime(ComputationGraph graph, String name, int index, DataType dataType) {
        return new io.github.edm2.models.runtime.Denoised(this, graph, name, index, dataType);
    }

    @Override
    protected int inputs() {
        return 3;
    }

    @Override
    public InputType getOutputType(int layerIndex, InputType... vertexInputs) {
        return vertexInputs[0];
    }

    @Override
    public Denoised clone() {
        return new Denoised(sigmaData);
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof Denoised other && other.sigmaData == sigmaData;
    }

    @Override
    public int hashCode() {
        return Double.hashCode(sigmaData);
    }
}
