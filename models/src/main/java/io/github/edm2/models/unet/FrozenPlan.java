package io.github.edm2.models.unet;

import io.github.edm2.layers.Clip;
import io.github.edm2.layers.CosineAttention;
import io.github.edm2.layers.MpConcat;
import io.github.edm2.layers.MpFourier;
import io.github.edm2.layers.MpSilu;
import io.github.edm2.layers.MpSum;
import io.github.edm2.layers.Normalization;
import io.github.edm2.layers.PatchConvolution;
import io.github.edm2.layers.Prepared;
import io.github.edm2.layers.Resample;
import io.github.edm2.layers.WinogradConvolution;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.api.ops.impl.transforms.pairwise.arithmetic.Axpy;
import org.nd4j.linalg.api.ops.impl.transforms.strict.Cos;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * The operations of a {@link FrozenNetwork} for one size of batch. Images are [batch, height,
 * width, channels], in which convolutions, sums over channels, and products with one number per
 * channel are faster than in the graph's order (M2.1, CPU). Scalar factors of SiLU and sums are
 * folded into the weights before or behind them.
 */
final class FrozenPlan implements Assembler<Slot> {

    /** What SiLU takes in a pass less than other factors; what gives it values negates them. */
    private static final double NEGATED = -1;

    private final FrozenNetwork network;
    private final NetworkOptions options;
    private final long batch;
    private final int threads;
    private final OperationPlan plan;
    private final List<Runnable> operations;

    private final Slot image;
    private final Slot labels;
    private final Slot noise;
    private Slot result;
    private double sigma;

    /** What the convolutions work in, one after the other. */
    private INDArray memory;

    private long longestMemory;

    /** By resolution and channels. */
    private final Map<List<Long>, INDArray> patchesBySize = new HashMap<>();

    /**
     * @param threads that will compute it
     */
    FrozenPlan(FrozenNetwork network, long batch, int threads) {
        this.network = network;
        this.options = network.options();
        this.batch = batch;
        this.threads = threads;
        plan = new OperationPlan(network.type());
        int size = options.getImgResolution();
        image = new Slot(batch, size, size, options.getImgChannels());
        labels = options.getLabelDim() > 0 ? new Slot(batch, options.getLabelDim()) : null;
        noise = new Slot(batch, 1);
        new Network<>(options, this).assemble();
        try (MemoryWorkspace ignored = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            plan.keepOnlyWhatIsNeededFor(result);
            memory = Nd4j.createUninitialized(network.type(), longestMemory);
            operations =
                    plan.compile(
                            Stream.of(image, labels, noise).filter(Objects::nonNull).toList(),
                            List.of(result));
        }
    }

    /**
     * Computes D(x; sigma).
     *
     * @param denoised receives it, in x's shape
     */
    void run(INDArray x, double noiseLevel, INDArray oneHot, INDArray denoised) {
        sigma = noiseLevel;
        image.array.assign(x.permute(0, 2, 3, 1));
        noise.array.assign(Math.log(noiseLevel) / 4);
        if (labels != null) {
            if (oneHot == null) {
                labels.array.assign(0);
            } else {
                labels.array.assign(oneHot);
            }
        }
        operations.forEach(Runnable::run);
        denoised.assign(result.array.permute(0, 3, 1, 2));
    }

    private Tensor<Slot> step(
            Tensor<Slot> like,
            Slot output,
            boolean inPlace,
            List<Slot> inputs,
            List<Slot> temporaries,
            Supplier<Runnable> operation) {
        plan.add(inputs, temporaries, List.of(output), inPlace, operation);
        return new Tensor<>(output, like.channels(), like.resolution());
    }

    private Slot images(int channels, int resolution) {
        return new Slot(batch, resolution, resolution, channels);
    }

    @Override
    public Tensor<Slot> image() {
        return new Tensor<>(image, options.getImgChannels(), options.getImgResolution());
    }

    @Override
    public Tensor<Slot> sigma() {
        return new Tensor<>(noise, 1, 0);
    }

    @Override
    public Tensor<Slot> label() {
        return new Tensor<>(labels, options.getLabelDim(), 0);
    }

    @Override
    public Tensor<Slot> convolution(
            String name, Tensor<Slot> x, int out, int kernel, boolean learnedGain) {
        Slot in = x.value();
        Slot y = images(out, x.resolution());
        WinogradConvolution filtering =
                kernel == WinogradConvolution.KERNEL
                        ? network.filtering(name, batch, x.resolution(), x.channels(), out, threads)
                        : null;
        if (filtering != null) {
            longestMemory = Math.max(longestMemory, filtering.memoryLength());
        }
        return step(
                new Tensor<>(y, out, x.resolution()),
                y,
                false,
                List.of(in),
                List.of(),
                () -> {
                    double factor = in.pending * y.folded;
                    if (filtering != null) {
                        INDArray weight = network.transformedWeight(name, factor, filtering);
                        return filtering.forward(in.array, weight, y.array, memory);
                    }
                    if (kernel == PatchConvolution.KERNEL
                            && PatchConvolution.faster(batch, x.resolution(), x.channels(), out)) {
                        return patches(name, factor, in.array, y.array);
                    }
                    INDArray weight = network.weight(name, factor, y.heads);
                    return kernel == 1
                            ? product(in, x.channels(), weight, y)
                            : convolution(in.array, weight, y.array, kernel);
                });
    }

    private Runnable patches(String name, double factor, INDArray x, INDArray y) {
        int size = (int) x.size(1);
        PatchConvolution convolution = new PatchConvolution(batch, size, x.size(3), y.size(3));
        INDArray patches =
                patchesBySize.computeIfAbsent(
                        List.of((long) size, x.size(3)),
                        key -> Nd4j.zeros(network.type(), convolution.patchesLength()));
        return convolution.forward(x, network.weightOfPatches(name, factor), y, patches);
    }

    private static Runnable convolution(INDArray x, INDArray weight, INDArray y, int kernel) {
        int padding = kernel / 2;
        DynamicCustomOp convolution =
                DynamicCustomOp.builder("conv2d")
                        .addIntegerArguments(
                                kernel, kernel, 1, 1, padding, padding, 1, 1, 0, NHWC, OIYX)
                        .addInputs(x, weight)
                        .addOutputs(y)
                        .build();
        return Prepared.of(convolution);
    }

    /** Every pixel's, or example's, channels times a matrix. */
    private static Runnable product(Slot x, long channels, INDArray weight, Slot y) {
        return Prepared.matmul(
                rows(x.array, channels), weight, rows(y.array, weight.size(1)), false, false);
    }

    private static final int NHWC = 1;

    /** Weights as the graph has them: other orders take (M2.1, CPU) up to twice as long. */
    private static final int OIYX = 1;

    @Override
    public Tensor<Slot> convolutionOfDropout(
            String name, Tensor<Slot> x, int out, int kernel, double dropout) {
        return convolution(name, x, out, kernel, false);
    }

    @Override
    public Tensor<Slot> linear(
            String name, Tensor<Slot> x, int out, double gain, boolean learnedGain) {
        Slot in = x.value();
        Slot y = new Slot(batch, out);
        return step(
                new Tensor<>(y, out, 0),
                y,
                false,
                List.of(in),
                List.of(),
                () -> product(in, x.channels(), network.weight(name, in.pending * y.folded, 0), y));
    }

    @Override
    public Tensor<Slot> silu(String name, Tensor<Slot> x) {
        Slot in = x.value();
        Slot y = new Slot(in.shape);
        y.pending = in.pending / MpSilu.MAGNITUDE;
        Slot temporary = new Slot(in.shape);
        return step(
                x,
                y,
                true,
                List.of(in),
                List.of(temporary),
                () -> MpSilu.silu(in.array, in.pending, y.array, temporary.array));
    }

    @Override
    public Tensor<Slot> sum(String name, Tensor<Slot> a, Tensor<Slot> b, double t) {
        Slot first = a.value();
        Slot second = b.value();
        Slot y = new Slot(first.shape);
        second.folded *= MpSum.secondFactor(t);
        y.term = second;
        return step(
                a,
                y,
                true,
                List.of(second, first),
                List.of(),
                () ->
                        Prepared.axpy(
                                MpSum.firstFactor(t) * first.pending * y.folded,
                                first.array,
                                second.array,
                                y.array));
    }

    @Override
    public Tensor<Slot> concat(String name, Tensor<Slot> a, Tensor<Slot> b, double t) {
        int na = a.channels();
        int nb = b.channels();
        Slot first = a.value();
        Slot second = b.value();
        Slot y = images(na + nb, a.resolution());
        y.pending = NEGATED;
        return step(
                new Tensor<>(y, na + nb, a.resolution()),
                y,
                false,
                List.of(first, second),
                List.of(),
                () ->
                        MpConcat.operation(
                                rows(first.array, na),
                                rows(second.array, nb),
                                rows(y.array, na + nb),
                                MpConcat.factor(1 - t, na, nb, t) * first.pending * NEGATED,
                                MpConcat.factor(t, nb, na, t) * second.pending * NEGATED));
    }

    /** [pixels or examples, channels]. */
    private static INDArray rows(INDArray array, long channels) {
        return array.reshape('c', array.length() / channels, channels);
    }

    private static INDArray channels(INDArray x, int from, int to) {
        return x.get(
                NDArrayIndex.all(),
                NDArrayIndex.all(),
                NDArrayIndex.all(),
                NDArrayIndex.interval(from, to));
    }

    @Override
    public Tensor<Slot> modulate(String name, Tensor<Slot> x, Tensor<Slot> c) {
        Slot in = x.value();
        Slot factor = c.value();
        Slot y = new Slot(in.shape);
        y.pending = NEGATED;
        Slot plusOne = new Slot(batch, 1, x.channels());
        long pixels = (long) x.resolution() * x.resolution();
        return step(
                x,
                y,
                false,
                List.of(in, factor),
                List.of(plusOne),
                () -> {
                    INDArray flat = plusOne.array.reshape(batch, x.channels());
                    INDArray from = in.array.reshape(batch, pixels, x.channels());
                    INDArray to = y.array.reshape(batch, pixels, x.channels());
                    return Prepared.sequence(
                            Prepared.subtractFrom(NEGATED, factor.array, flat),
                            Prepared.multiply(from, plusOne.array, to));
                });
    }

    @Override
    public Tensor<Slot> pixelNorm(String name, Tensor<Slot> x) {
        Slot in = x.value();
        Slot y = new Slot(in.shape);
        long rows = batch * x.resolution() * x.resolution();
        Slot divisor = new Slot(rows, 1);
        return step(
                x,
                y,
                false,
                List.of(in),
                List.of(divisor),
                () ->
                        Normalization.ofRows(
                                rows(in.array, x.channels()),
                                Normalization.EPSILON / in.pending,
                                rows(y.array, x.channels()),
                                divisor.array));
    }

    @Override
    public Tensor<Slot> resample(
            String name, Tensor<Slot> x, Resample.Direction direction, double[] filter) {
        boolean down = direction == Resample.Direction.DOWN;
        int resolution = down ? x.resolution() / 2 : x.resolution() * 2;
        Slot in = x.value();
        Slot y = images(x.channels(), resolution);
        y.pending = in.pending;
        return step(
                new Tensor<>(y, x.channels(), resolution),
                y,
                false,
                List.of(in),
                List.of(),
                () -> Resample.channelsLast(in.array, y.array, direction, filter));
    }

    @Override
    public Tensor<Slot> attention(String name, Tensor<Slot> x, int heads) {
        int channels = x.channels() / 3;
        long groups = batch * heads;
        long d = channels / heads;
        long pixels = (long) x.resolution() * x.resolution();
        Slot in = x.value();
        Slot y = images(channels, x.resolution());
        in.heads = heads;
        Slot vectors = new Slot(3, batch, heads, pixels, d);
        Slot normalized = new Slot(3, groups, pixels, d);
        Slot divisor = new Slot(3 * groups * pixels, 1);
        Slot weights = new Slot(groups, pixels, pixels);
        Slot product = new Slot(groups, pixels, d);
        return step(
                new Tensor<>(y, channels, x.resolution()),
                y,
                false,
                List.of(in),
                List.of(vectors, normalized, divisor, weights, product),
                () ->
                        CosineAttention.operation(
                                in.array.reshape(batch, pixels, 3, heads, d),
                                y.array.reshape(batch, pixels, heads, d),
                                vectors.array,
                                normalized.array,
                                divisor.array,
                                weights.array,
                                product.array));
    }

    /**
     * As a hard hyperbolic tangent of the sum before it, into which the division by the limit is
     * folded: one pass.
     */
    @Override
    public Tensor<Slot> clip(String name, Tensor<Slot> x, double limit) {
        Slot in = x.value();
        in.folded /= limit;
        in.term.folded /= limit;
        Slot y = new Slot(in.shape);
        y.pending = limit;
        return step(x, y, false, List.of(in), List.of(), () -> Clip.unit(in.array, y.array));
    }

    @Override
    public Tensor<Slot> fourier(String name, Tensor<Slot> x, int channels) {
        Slot in = x.value();
        Slot y = new Slot(batch, channels);
        return step(
                new Tensor<>(y, channels, 0),
                y,
                false,
                List.of(in),
                List.of(),
                () -> {
                    MpFourier features = network.features(name);
                    INDArray frequencies = row(features.getFrequencies());
                    INDArray phases = row(features.getPhases());
                    return () -> {
                        in.array.mul(frequencies, y.array).addi(phases);
                        Nd4j.exec(new Cos(y.array, y.array));
                        y.array.muli(Math.sqrt(2));
                    };
                });
    }

    private INDArray row(float[] values) {
        return Nd4j.createFromArray(values).reshape(1, values.length).castTo(network.type());
    }

    @Override
    public Tensor<Slot> withOnes(String name, Tensor<Slot> x) {
        Slot in = x.value();
        Slot y = images(x.channels() + 1, x.resolution());
        return step(
                new Tensor<>(y, x.channels() + 1, x.resolution()),
                y,
                false,
                List.of(in),
                List.of(),
                () -> {
                    INDArray front = channels(y.array, 0, x.channels());
                    INDArray ones = channels(y.array, x.channels(), x.channels() + 1);
                    return () -> {
                        front.assign(in.array);
                        ones.assign(1);
                    };
                });
    }

    @Override
    public Tensor<Slot> scaledInput(String name, Tensor<Slot> x, Tensor<Slot> level) {
        Slot in = x.value();
        Slot y = new Slot(in.shape);
        return step(
                x,
                y,
                false,
                List.of(in),
                List.of(),
                () -> () -> in.array.mul(1 / Math.sqrt(variance()), y.array));
    }

    private double variance() {
        return sigma * sigma + options.getSigmaData() * options.getSigmaData();
    }

    /** Already c_noise, which {@link #run} sets. */
    @Override
    public Tensor<Slot> noiseCondition(String name, Tensor<Slot> level) {
        return level;
    }

    @Override
    public Tensor<Slot> denoised(String name, Tensor<Slot> f, Tensor<Slot> x, Tensor<Slot> level) {
        Slot raw = f.value();
        Slot in = x.value();
        Slot y = new Slot(raw.shape);
        double sd = options.getSigmaData();
        return step(
                f,
                y,
                true,
                List.of(raw, in),
                List.of(),
                () ->
                        () -> {
                            raw.array.mul(sigma * sd / Math.sqrt(variance()), y.array);
                            Nd4j.exec(new Axpy(in.array, y.array, y.array, sd * sd / variance()));
                        });
    }

    @Override
    public void outputs(Tensor<Slot> denoised, Tensor<Slot> logVariance, Tensor<Slot> level) {
        result = denoised.value();
    }
}
