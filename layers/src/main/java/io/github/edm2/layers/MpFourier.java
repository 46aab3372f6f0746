package io.github.edm2.layers;

import io.github.edm2.layers.plan.NotPlannedException;
import io.github.edm2.layers.plan.Planned;
import io.github.edm2.layers.plan.Planner;
import io.github.edm2.layers.plan.Prepared;
import io.github.edm2.layers.plan.Slot;
import io.github.edm2.layers.plan.Value;
import java.util.Arrays;
import java.util.Random;
import lombok.Data;
import lombok.EqualsAndHashCode;
import lombok.NoArgsConstructor;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.Op;
import org.nd4j.linalg.api.ops.impl.transforms.strict.Cos;
import org.nd4j.linalg.api.ops.impl.transforms.strict.Sin;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Magnitude-preserving Fourier features of a scalar (arXiv:2312.02696, Eq. 75): sqrt(2) cos(x
 * frequencies + phases). Input [batch, 1], output [batch, channels]. Frequencies and phases are
 * constants of the configuration, in radians; they are stored with it and never trained.
 *
 * <p>For one thread at a time, as all layers of DL4J.
 */
@Data
@NoArgsConstructor
@EqualsAndHashCode(callSuper = true)
public class MpFourier extends FunctionLayer implements Planned {

    private float[] frequencies;
    private float[] phases;

    protected MpFourier(Builder builder) {
        super(builder);
        this.frequencies = builder.frequencies;
        this.phases = builder.phases;
    }

    /**
     * SameDiff face.
     *
     * @param x [batch, 1]
     * @param frequencies constant [1, channels]
     * @param phases constant [1, channels]
     */
    public static SDVariable mpFourier(
            SameDiff sd, SDVariable x, SDVariable frequencies, SDVariable phases) {
        return sd.math().cos(x.mul(frequencies).add(phases)).mul(Math.sqrt(2));
    }

    @Override
    public Value plan(Planner planner, String name, Value... inputs) {
        Value x = inputs[0];
        if (x.differentiable() || x.pending() != 1) {
            throw new NotPlannedException("\"%s\" has a trained input".formatted(name));
        }
        Slot y = new Slot(x.batch(), frequencies.length);
        planner.add(
                x.slot(),
                y,
                () ->
                        Prepared.sequence(
                                Prepared.multiply(
                                        x.slot().array(),
                                        row(frequencies, planner.type()),
                                        y.array()),
                                Prepared.add(y.array(), row(phases, planner.type()), y.array()),
                                Prepared.of((Op) new Cos(y.array(), y.array()))));
        return new Value(y, new long[] {x.batch(), frequencies.length}, false, Math.sqrt(2));
    }

    @Override
    protected Runtime runtime(NeuralNetConfiguration conf, DataType dataType) {
        return new io.github.edm2.layers.runtime.MpFourier(conf, dataType);
    }

    @Override
    protected INDArray[] forward(INDArray x, boolean training, LayerWorkspaceMgr workspaces) {
        INDArray y =
                angles(
                        x,
                        workspaces.createUninitialized(
                                ArrayType.ACTIVATIONS,
                                x.dataType(),
                                x.size(0),
                                frequencies.length));
        Nd4j.exec(new Cos(y, y));
        return new INDArray[] {y.muli(Math.sqrt(2))};
    }

    @Override
    protected INDArray backward(
            INDArray x, INDArray[] saved, INDArray epsilon, LayerWorkspaceMgr workspaces) {
        INDArray g =
                angles(
                        x,
                        workspaces.createUninitialized(
                                ArrayType.BP_WORKING_MEM,
                                x.dataType(),
                                x.size(0),
                                frequencies.length));
        Nd4j.exec(new Sin(g, g));
        g.muli(row(frequencies, x.dataType())).muli(epsilon).muli(-Math.sqrt(2));
        INDArray dx =
                workspaces.createUninitialized(
                        ArrayType.ACTIVATION_GRAD, x.dataType(), x.size(0), 1);
        return g.sum(dx, true, 1);
    }

    private INDArray angles(INDArray x, INDArray result) {
        x.mul(row(frequencies, x.dataType()), result);
        return result.addi(row(phases, x.dataType()));
    }

    private static INDArray row(float[] values, DataType type) {
        try (MemoryWorkspace ignored = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            return Nd4j.createFromArray(values).reshape(1, values.length).castTo(type);
        }
    }

    @Override
    protected void checkInput(INDArray x) {
        if (x.rank() != 2 || x.size(1) != 1) {
            throw new DL4JInvalidInputException(
                    "%s needs a scalar per example, [batch, 1], got the shape %s; reshape it"
                            .formatted(description(), Arrays.toString(x.shape())));
        }
    }

    @Override
    public InputType getOutputType(int layerIndex, InputType inputType) {
        if (inputType instanceof InputType.InputTypeFeedForward ff && ff.getSize() == 1) {
            return InputType.feedForward(frequencies.length);
        }
        throw new IllegalStateException(
                "%s needs a scalar per example, InputType.feedForward(1), got %s; set it with setInputTypes"
                        .formatted(description(), inputType));
    }

    @Override
    protected long trainingElements(InputType inputType) {
        return frequencies.length;
    }

    /** Builder. */
    @SuppressWarnings("unchecked") // DL4J declares build() as <E extends Layer> E build()
    public static class Builder extends FunctionLayer.Builder<Builder> {
        private float[] frequencies;
        private float[] phases;

        /**
         * Random features: frequencies 2 pi N(0,1) bandwidth, phases 2 pi U(0,1).
         *
         * @param channels number of features
         * @param bandwidth standard deviation of the frequencies in cycles per unit of input
         * @param seed the same seed gives the same features
         * @throws IllegalArgumentException if channels or bandwidth are not positive
         */
        public Builder random(int channels, double bandwidth, long seed) {
            if (channels < 1 || !(bandwidth > 0 && bandwidth < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException(
                        "channels must be at least 1 and bandwidth greater than 0, got %d and %s; EDM2's bandwidth is 1"
                                .formatted(channels, bandwidth));
            }
            Random random = new Random(seed);
            frequencies = new float[channels];
            phases = new float[channels];
            for (int i = 0; i < channels; i++) {
                frequencies[i] = (float) (2 * Math.PI * random.nextGaussian() * bandwidth);
            }
            for (int i = 0; i < channels; i++) {
                phases[i] = (float) (2 * Math.PI * random.nextDouble());
            }
            return this;
        }

        /**
         * Given features, for instance of a trained network.
         *
         * @param frequencies radians per unit of input
         * @param phases radians
         * @throws IllegalArgumentException if they are empty or differ in length
         */
        public Builder features(float[] frequencies, float[] phases) {
            if (frequencies.length != phases.length || phases.length == 0) {
                throw new IllegalArgumentException(
                        "frequencies and phases must have the same length, at least 1, got %d and %d; take both from the same layer"
                                .formatted(frequencies.length, phases.length));
            }
            this.frequencies = frequencies.clone();
            this.phases = phases.clone();
            return this;
        }

        @Override
        public MpFourier build() {
            if (frequencies == null) {
                throw new IllegalArgumentException(
                        "frequencies and phases must be set, got none; call random(channels, bandwidth, seed) or features(frequencies, phases)");
            }
            return new MpFourier(this);
        }
    }
}
