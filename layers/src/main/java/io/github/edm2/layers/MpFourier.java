package io.github.edm2.layers;

import io.github.edm2.layers.plan.Cost;
import io.github.edm2.layers.plan.Planner;
import io.github.edm2.layers.plan.Prepared;
import io.github.edm2.layers.plan.Slot;
import io.github.edm2.layers.plan.Value;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import lombok.Data;
import lombok.EqualsAndHashCode;
import lombok.NoArgsConstructor;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
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
public class MpFourier extends FunctionLayer implements InSameDiff {

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
        Value x = planner.whole(inputs[0]);
        long[] shape = {x.batch(), frequencies.length};
        INDArray row = row(frequencies, planner.type());
        Slot angles = new Slot(shape);
        Slot y = new Slot(shape);
        planner.add(
                List.of(x.slot()),
                List.of(),
                List.of(y, angles),
                false,
                () ->
                        Prepared.sequence(
                                Prepared.multiply(x.slot().array(), row, y.array()),
                                Prepared.add(
                                        y.array(), row(phases, planner.type()), angles.array()),
                                Prepared.of((Op) new Cos(angles.array(), y.array()))));
        Value value = new Value(y, shape, x.differentiable(), Math.sqrt(2));
        Slot slope = new Slot(shape);
        planner.tape()
                .push(
                        value,
                        x,
                        -1,
                        List.of(angles),
                        List.of(slope),
                        false,
                        (g, dx) ->
                                Prepared.sequence(
                                        Prepared.of((Op) new Sin(angles.array(), slope.array())),
                                        Prepared.multiply(g.array(), slope.array(), slope.array()),
                                        Prepared.matmul(
                                                slope.array(), row, dx.array(), false, true)));
        return value;
    }

    /** Cosine and three products. */
    @Override
    public Cost cost(InputType output, InputType... inputs) {
        return Cost.perElement(4, output);
    }

    @Override
    public SDVariable define(Part part, SDVariable... x) {
        return mpFourier(
                part.sd(),
                x[0],
                part.row("_frequencies", frequencies),
                part.row("_phases", phases));
    }

    @Override
    protected Runtime runtime(NeuralNetConfiguration conf, DataType dataType) {
        return new io.github.edm2.layers.runtime.MpFourier(conf, dataType);
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
