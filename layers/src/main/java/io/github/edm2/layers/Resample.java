package io.github.edm2.layers;

import io.github.edm2.layers.plan.Cost;
import io.github.edm2.layers.plan.Planner;
import io.github.edm2.layers.plan.Prepared;
import io.github.edm2.layers.plan.Slot;
import io.github.edm2.layers.plan.Value;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
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
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv2DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.DeConv2DConfig;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Halves or doubles height and width (arXiv:2312.02696, Fig. 21). With a filter f of even length
 * and the kernel outer(f, f) / sum(f)²: {@link Direction#DOWN} is the convolution of every channel
 * with stride 2 and padding (length - 1) / 2; {@link Direction#UP} is its transpose times 4. The
 * default filter [1, 1] averages 2x2 pixels, and doubles them.
 *
 * <p>For one thread at a time, as all layers of DL4J.
 */
@Data
@NoArgsConstructor
@EqualsAndHashCode(callSuper = true)
public class Resample extends ImageFunctionLayer implements InSameDiff {

    /** Which way. */
    public enum Direction {
        /** [batch, channels, 2h, 2w] to [batch, channels, h, w]. */
        DOWN,
        /** [batch, channels, h, w] to [batch, channels, 2h, 2w]. */
        UP
    }

    private static final int OIYX = 1;
    private static final int NHWC = 1;

    private Direction direction;
    private double[] filter;

    protected Resample(Builder builder) {
        super(builder);
        this.direction = builder.direction;
        this.filter = builder.filter;
    }

    /**
     * SameDiff face.
     *
     * @param x [batch, channels, height, width]
     * @param shape the shape of x, the batch being ignored
     * @param filter of even length
     */
    public static SDVariable resample(
            SameDiff sd, SDVariable x, long[] shape, Direction direction, double... filter) {
        int length = checkFilter(filter).length;
        int padding = (length - 1) / 2;
        // Channels count as examples, so that one kernel [length, length, 1, 1] serves all.
        SDVariable planes = sd.reshape(x, -1, 1, shape[2], shape[3]);
        INDArray kernel = kernel(filter, DataType.DOUBLE).permute(2, 3, 1, 0).dup('c');
        SDVariable result;
        long height;
        long width;
        if (direction == Direction.DOWN) {
            Conv2DConfig config =
                    Conv2DConfig.builder()
                            .kH(length)
                            .kW(length)
                            .sH(2)
                            .sW(2)
                            .pH(padding)
                            .pW(padding)
                            .dataFormat(Conv2DConfig.NCHW)
                            .build();
            result = sd.cnn().conv2d(planes, sd.constant(kernel.castTo(x.dataType())), config);
            height = shape[2] / 2;
            width = shape[3] / 2;
        } else {
            DeConv2DConfig config =
                    DeConv2DConfig.builder()
                            .kH(length)
                            .kW(length)
                            .sH(2)
                            .sW(2)
                            .pH(padding)
                            .pW(padding)
                            .dataFormat(DeConv2DConfig.NCHW)
                            .build();
            kernel = kernel.mul(4).castTo(x.dataType());
            result = sd.cnn().deconv2d(planes, sd.constant(kernel), config);
            height = shape[2] * 2;
            width = shape[3] * 2;
        }
        return sd.reshape(result, -1, shape[1], height, width);
    }

    private static double[] checkFilter(double[] filter) {
        if (filter.length == 0 || filter.length % 2 != 0) {
            throw new IllegalArgumentException(
                    "resample filter must have an even length, got %d; use for instance 1, 1 or 1, 3, 3, 1"
                            .formatted(filter.length));
        }
        double sum = Arrays.stream(filter).sum();
        if (!Double.isFinite(sum) || sum == 0) {
            throw new IllegalArgumentException(
                    "resample filter must have a finite sum other than 0, got %s; use for instance 1, 1 or 1, 3, 3, 1"
                            .formatted(Arrays.toString(filter)));
        }
        return filter;
    }

    /** outer(f, f) / sum(f)² as [1, 1, length, length]. */
    private static INDArray kernel(double[] filter, DataType type) {
        int length = filter.length;
        double sum = Arrays.stream(filter).sum();
        double[] outer = new double[length * length];
        for (int i = 0; i < outer.length; i++) {
            outer[i] = filter[i / length] * filter[i % length] / (sum * sum);
        }
        try (MemoryWorkspace ignored = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            return Nd4j.createFromArray(outer).reshape('c', 1, 1, length, length).castTo(type);
        }
    }

    @Override
    public Value plan(Planner planner, String name, Value... inputs) {
        Value x = inputs[0].plain();
        boolean down = direction == Direction.DOWN;
        long[] shape = x.shape().clone();
        for (int axis = 2; axis < 4; axis++) {
            shape[axis] = down ? shape[axis] / 2 : shape[axis] * 2;
        }
        Slot y = new Slot(shape[0] * shape[2] * shape[3], shape[1]);
        planner.add(
                x.slot(),
                y,
                () ->
                        channelsLast(
                                Planner.images(x.slot(), x.shape()),
                                Planner.images(y, shape),
                                direction,
                                filter));
        Value value = new Value(y, shape, x.differentiable(), x.pending());
        planner.tape()
                .push(
                        value,
                        x,
                        down ? 1.0 / 4 : 4,
                        List.of(),
                        List.of(),
                        false,
                        (g, dx) ->
                                channelsLast(
                                        Planner.images(g, shape),
                                        Planner.images(dx, x.shape()),
                                        down ? Direction.UP : Direction.DOWN,
                                        filter));
        return value;
    }

    /** Products with the numbers of the filter that meet a pixel. */
    @Override
    public Cost cost(InputType output, InputType... inputs) {
        int taps = filter.length * filter.length;
        return Cost.perElement(direction == Direction.DOWN ? taps : Math.max(1, taps / 4), output);
    }

    @Override
    public String operationName() {
        return "Resample " + direction.name().toLowerCase(Locale.ROOT);
    }

    @Override
    public SDVariable define(Part part, SDVariable... x) {
        return resample(part.sd(), x[0], part.shape(0), direction, filter);
    }

    @Override
    protected Runtime runtime(NeuralNetConfiguration conf, DataType dataType) {
        return new io.github.edm2.layers.runtime.Resample(conf, dataType);
    }

    /**
     * The same with channels last, on given arrays, made once to be run many times. The gradient of
     * one direction is the other, times 4 for UP and divided by 4 for DOWN.
     *
     * @param x [batch, height, width, channels]
     * @param y receives the result
     * @param filter of even length
     */
    static Runnable channelsLast(INDArray x, INDArray y, Direction direction, double... filter) {
        checkFilter(filter);
        if (filter.length == 2 && filter[0] == filter[1]) {
            return direction == Direction.DOWN ? pooling(x, y) : doubling(x, y);
        }
        INDArray from = x.permute(0, 3, 1, 2);
        INDArray planes = Nd4j.createUninitialized(x.dataType(), from.shape());
        INDArray result =
                Nd4j.createUninitialized(x.dataType(), y.size(0), y.size(3), y.size(1), y.size(2));
        Runnable operation = planes(planes, result, direction, filter);
        return Prepared.sequence(
                () -> planes.assign(from), operation, () -> y.assign(result.permute(0, 2, 3, 1)));
    }

    private static Runnable pooling(INDArray x, INDArray y) {
        return Prepared.of(
                DynamicCustomOp.builder("avgpool2d")
                        .addInputs(x)
                        .addOutputs(y)
                        .addIntegerArguments(2, 2, 2, 2, 0, 0, 1, 1, 0, 0, NHWC)
                        .build());
    }

    /** By a product with ones: ND4J's own (M2.1, CPU) takes twenty times as long. */
    private static Runnable doubling(INDArray x, INDArray y) {
        long rows = x.size(0) * x.size(1);
        long columns = x.size(2);
        long channels = x.size(3);
        return Prepared.multiply(
                x.reshape('c', rows, 1, columns, 1, channels),
                Nd4j.ones(x.dataType(), 1, 2, 1, 2, 1),
                y.reshape('c', rows, 2, columns, 2, channels));
    }

    private static Runnable planes(INDArray x, INDArray y, Direction direction, double... filter) {
        if (direction == Direction.UP) {
            INDArray scaled = filter.length == 2 ? x.ulike() : null;
            return () -> transposed(x, y, scaled, filter);
        }
        return Prepared.of(
                convolution("conv2d", filter.length)
                        .addInputs(planes(x), kernel(filter, x.dataType()))
                        .addOutputs(planes(y))
                        .build());
    }

    /**
     * The transposed convolution, times 4. A kernel of 2x2 does not overlap with itself, so that
     * each of its numbers gives every second pixel of every second row: (M2.1, CPU) thirty times as
     * fast as the gradient of a convolution.
     *
     * @param scaled of y's shape, overwritten; null where the filter is longer than 2
     */
    private static void transposed(INDArray y, INDArray x, INDArray scaled, double... filter) {
        if (scaled == null) {
            INDArray planes = planes(x);
            Nd4j.exec(
                    convolution("conv2d_input_bp", filter.length)
                            .addInputs(
                                    Nd4j.createFromArray(planes.shape()),
                                    kernel(filter, y.dataType()),
                                    planes(y))
                            .addOutputs(planes)
                            .build());
            x.muli(4);
            return;
        }
        INDArray rows = x.reshape('c', x.size(0) * x.size(1) * y.size(2), 2, y.size(3), 2);
        INDArray from = scaled.reshape('c', rows.size(0), y.size(3));
        double sum = filter[0] + filter[1];
        double done = Double.NaN;
        for (int i = 0; i < 2; i++) {
            for (int j = 0; j < 2; j++) {
                double number = 4 * filter[i] * filter[j] / (sum * sum);
                if (number != done) {
                    y.mul(number, scaled);
                    done = number;
                }
                rows.get(
                                NDArrayIndex.all(),
                                NDArrayIndex.point(i),
                                NDArrayIndex.all(),
                                NDArrayIndex.point(j))
                        .assign(from);
            }
        }
    }

    /** Channels count as examples, so that one kernel serves all. */
    private static INDArray planes(INDArray x) {
        return x.reshape('c', x.size(0) * x.size(1), 1, x.size(2), x.size(3));
    }

    private static DynamicCustomOp.DynamicCustomOpsBuilder convolution(String name, int length) {
        int padding = (length - 1) / 2;
        return DynamicCustomOp.builder(name)
                .addIntegerArguments(length, length, 2, 2, padding, padding, 1, 1, 0, 0, OIYX);
    }

    @Override
    protected void checkInput(INDArray x) {
        super.checkInput(x);
        if (direction == Direction.DOWN && (x.size(2) % 2 != 0 || x.size(3) % 2 != 0)) {
            throw new DL4JInvalidInputException(
                    "%s halves height and width, which must be even, got the shape %s; pad the images before it"
                            .formatted(description(), Arrays.toString(x.shape())));
        }
    }

    @Override
    public InputType getOutputType(int layerIndex, InputType inputType) {
        InputType.InputTypeConvolutional in = images(inputType);
        if (direction == Direction.UP) {
            return InputType.convolutional(
                    in.getHeight() * 2, in.getWidth() * 2, in.getChannels(), in.getFormat());
        }
        if (in.getHeight() % 2 != 0 || in.getWidth() % 2 != 0) {
            throw new IllegalStateException(
                    "%s halves height and width, which must be even, got %s; pad the images before it"
                            .formatted(description(), in));
        }
        return InputType.convolutional(
                in.getHeight() / 2, in.getWidth() / 2, in.getChannels(), in.getFormat());
    }

    @Override
    protected long trainingElements(InputType inputType) {
        return 0;
    }

    /** Builder. */
    @SuppressWarnings("unchecked") // DL4J declares build() as <E extends Layer> E build()
    public static class Builder extends FunctionLayer.Builder<Builder> {
        private final Direction direction;
        private double[] filter = {1, 1};

        /**
         * @param direction which way to resample
         * @throws IllegalArgumentException if null
         */
        public Builder(Direction direction) {
            if (direction == null) {
                throw new IllegalArgumentException("direction must be UP or DOWN, got null");
            }
            this.direction = direction;
        }

        /**
         * One-dimensional filter; default [1, 1].
         *
         * @throws IllegalArgumentException if its length is odd or zero or its sum is zero
         */
        public Builder filter(double... filter) {
            this.filter = checkFilter(filter).clone();
            return this;
        }

        @Override
        public Resample build() {
            return new Resample(this);
        }
    }
}
