package io.github.edm2.models.unet;

import io.github.edm2.layers.Clip;
import io.github.edm2.layers.CosineAttention;
import io.github.edm2.layers.Modulation;
import io.github.edm2.layers.MpConcat;
import io.github.edm2.layers.MpFourier;
import io.github.edm2.layers.MpSilu;
import io.github.edm2.layers.MpSum;
import io.github.edm2.layers.MpWeightLayer;
import io.github.edm2.layers.Normalization;
import io.github.edm2.layers.OpenMp;
import io.github.edm2.layers.Prepared;
import io.github.edm2.layers.PreparedWeight;
import io.github.edm2.layers.Resample;
import io.github.edm2.layers.WinogradConvolution;
import io.github.edm2.models.diffusion.DenoisingLoss;
import io.github.edm2.models.unet.Traced.Product;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.api.ops.Op;
import org.nd4j.linalg.api.ops.impl.transforms.strict.Cos;
import org.nd4j.linalg.api.ops.random.impl.DropOutInverted;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * The operations of a {@link PreparedNetwork} for one size of batch: a forward pass, and in reverse
 * the gradients of its steps. Images are [batch height width, channels]. Weights are multiplied by
 * as they are stored; their norms, and the scalar factors of SiLU, sums and clipping, become one
 * factor per channel behind each product (see {@link PreparedWeight}).
 */
final class TrainingPlan implements Assembler<Traced> {

    private static final int NHWC = 1;
    private static final int OIYX = 1;

    private final NetworkOptions options;
    private final ComputationGraph graph;
    private final long batch;
    private final OperationPlan plan;
    private final DenoisingLoss loss;

    private final Tape tape;

    private final List<PreparedWeight> weights = new ArrayList<>();

    private final Traced image;
    private final Traced noise;
    private final Traced labels;
    private Traced f;
    private Traced logVariance;
    private final List<Runnable> forward;
    private final List<Runnable> backward;
    private final INDArray imageChannels;

    /** What weights and convolutions work in, one after the other. */
    private final INDArray memory;

    private long longestMemory;

    TrainingPlan(NetworkOptions options, ComputationGraph graph, long batch) {
        this.options = options;
        this.graph = graph;
        this.batch = batch;
        plan = new OperationPlan(graph.params().dataType());
        tape = new Tape(plan);
        loss = new DenoisingLoss(options.getSigmaData());
        int size = options.getImgResolution();
        image = new Traced(new Slot(rows(size), options.getImgChannels() + 1), false);
        noise = new Traced(new Slot(batch, 1), false);
        labels =
                options.getLabelDim() > 0
                        ? new Traced(new Slot(batch, options.getLabelDim()), false)
                        : null;
        new Network<>(options, this).assemble();
        int forwardSteps = plan.size();
        Slot df = new Slot(f.slot.shape);
        Slot du = new Slot(logVariance.slot.shape);
        tape.accumulate(f, df, 1);
        tape.accumulate(logVariance, du, 1);
        tape.unwind();
        long largest = weights.stream().mapToLong(PreparedWeight::length).max().orElseThrow();
        memory =
                Nd4j.createUninitialized(
                        graph.params().dataType(), Math.max(largest, longestMemory));
        weights.forEach(weight -> weight.useScratch(memory));
        List<Slot> given =
                Stream.of(image, noise, labels)
                        .filter(Objects::nonNull)
                        .map(traced -> traced.slot)
                        .collect(Collectors.toCollection(ArrayList::new));
        given.add(df);
        given.add(du);
        List<Runnable> all = plan.compile(given, List.of(f.slot, logVariance.slot));
        forward = all.subList(0, forwardSteps);
        backward = all.subList(forwardSteps, all.size());
        image.slot.array.assign(1);
        imageChannels =
                images(image.slot, size)
                        .get(
                                NDArrayIndex.all(),
                                NDArrayIndex.all(),
                                NDArrayIndex.all(),
                                NDArrayIndex.interval(0, options.getImgChannels()));
    }

    /**
     * Computes the gradients of all parameters, summed over the batch, into the graph's.
     *
     * @param x noisy images [batch, channels, height, width]
     * @param sigma [batch, 1]
     * @param oneHot labels [batch, classes]; null for a network without
     * @param clean in x's shape
     * @return the loss, averaged over the batch
     */
    double run(INDArray x, INDArray sigma, INDArray oneHot, INDArray clean) {
        imageChannels.assign(loss.scaledInput(x, sigma).permute(0, 2, 3, 1));
        noise.slot.array.assign(loss.noiseCondition(sigma));
        if (labels != null) {
            labels.slot.array.assign(oneHot);
        }
        forward.forEach(Runnable::run);
        INDArray output = images(f.slot, options.getImgResolution()).permute(0, 3, 1, 2).dup('c');
        DenoisingLoss.Result result = loss.of(output, logVariance.slot.array, x, sigma, clean);
        images(f.gradient, options.getImgResolution()).assign(result.df().permute(0, 2, 3, 1));
        logVariance.gradient.array.assign(result.du());
        backward.forEach(Runnable::run);
        return result.average();
    }

    private long rows(int resolution) {
        return resolution == 0 ? batch : batch * resolution * resolution;
    }

    /** [batch, height, width, channels]. */
    private INDArray images(Slot slot, int resolution) {
        return slot.array.reshape('c', batch, resolution, resolution, slot.shape[1]);
    }

    /** [batch, pixels, channels]. */
    private INDArray pixels(Slot slot) {
        return slot.array.reshape('c', batch, slot.shape[0] / batch, slot.shape[1]);
    }

    private static Tensor<Traced> like(Tensor<Traced> x, Traced value) {
        return new Tensor<>(value, x.channels(), x.resolution());
    }

    private static Traced traced(Slot slot, double pending) {
        Traced value = new Traced(slot, true);
        value.pending = pending;
        return value;
    }

    @Override
    public Tensor<Traced> image() {
        return new Tensor<>(image, options.getImgChannels(), options.getImgResolution());
    }

    @Override
    public Tensor<Traced> sigma() {
        return new Tensor<>(noise, 1, 0);
    }

    @Override
    public Tensor<Traced> label() {
        return new Tensor<>(labels, options.getLabelDim(), 0);
    }

    @Override
    public Tensor<Traced> convolution(
            String name, Tensor<Traced> x, int out, int kernel, boolean learnedGain) {
        return product(name, x, out, kernel, learnedGain);
    }

    @Override
    public Tensor<Traced> linear(
            String name, Tensor<Traced> x, int out, double gain, boolean learnedGain) {
        return product(name, x, out, 1, learnedGain);
    }

    private Tensor<Traced> product(
            String name, Tensor<Traced> x, int out, int kernel, boolean learnedGain) {
        Traced in = plain(x.value());
        PreparedWeight weight = weight(name);
        weight.fold(in.pending);
        long rows = rows(x.resolution());
        Slot q = new Slot(rows, out);
        long fanIn = (long) x.channels() * kernel * kernel;
        Product product = new Product(weight, q, learnedGain || rows < fanIn);
        WinogradConvolution filtering = filtering(kernel, x, out);
        plan.add(
                List.of(in.slot),
                List.of(),
                List.of(q),
                false,
                () ->
                        Prepared.sequence(
                                weight.forward(),
                                kernel == 1
                                        ? Prepared.matmul(
                                                in.slot.array, weight.rows(), q.array, false, true)
                                        : convolution(
                                                in.slot, weight, q, x.resolution(), filtering)));
        tape.push(() -> productGradient(in, product, kernel, x.resolution(), filtering));
        Traced y = traced(q, 1);
        y.product = product;
        return new Tensor<>(y, out, x.resolution());
    }

    private PreparedWeight weight(String name) {
        Layer layer = graph.getLayer(name);
        Map<String, INDArray> gradients =
                layer.conf()
                        .getLayer()
                        .initializer()
                        .getGradientsFromFlattened(layer.conf(), layer.getGradientsViewArray());
        PreparedWeight weight =
                new PreparedWeight(
                        layer,
                        gradients.get(MpWeightLayer.WEIGHT_KEY),
                        gradients.get(MpWeightLayer.GAIN_KEY));
        weights.add(weight);
        return weight;
    }

    private WinogradConvolution filtering(int kernel, Tensor<Traced> x, int out) {
        int size = x.resolution();
        if (kernel != WinogradConvolution.KERNEL
                || !WinogradConvolution.faster(batch, size, x.channels(), out, OpenMp.threads())) {
            return null;
        }
        WinogradConvolution filtering = new WinogradConvolution(batch, size, x.channels(), out);
        longestMemory = Math.max(longestMemory, filtering.memoryLengthWithWeight());
        return filtering;
    }

    private Runnable convolution(
            Slot x, PreparedWeight weight, Slot q, int resolution, WinogradConvolution filtering) {
        INDArray from = images(x, resolution);
        INDArray to = images(q, resolution);
        return filtering != null
                ? filtering.forwardOfWeight(from, weight.weight(), to, memory)
                : Prepared.of(
                        convolution("conv2d", weight)
                                .addInputs(from, weight.weight())
                                .addOutputs(to)
                                .build());
    }

    private static DynamicCustomOp.DynamicCustomOpsBuilder convolution(
            String name, PreparedWeight weight) {
        int kernel = (int) weight.weight().size(2);
        int padding = kernel / 2;
        return DynamicCustomOp.builder(name)
                .addIntegerArguments(kernel, kernel, 1, 1, padding, padding, 1, 1, 0, NHWC, OIYX);
    }

    private void productGradient(
            Traced in, Product product, int kernel, int resolution, WinogradConvolution filtering) {
        PreparedWeight weight = product.weight;
        Slot g = product.gradient;
        Slot x = in.slot;
        boolean known = product.sumsFromOutput || product.sumsGiven;
        // The gradient of a convolution is computed with that of its weight, wanted or not.
        Slot dx = in.differentiable || kernel > 1 ? new Slot(x.shape) : null;
        plan.add(
                List.of(g, x),
                List.of(),
                dx == null ? List.of() : List.of(dx),
                false,
                () -> {
                    Runnable products =
                            kernel == 1
                                    ? matrixGradient(x, weight, g, dx)
                                    : convolutionGradient(
                                            images(x, resolution),
                                            weight,
                                            images(g, resolution),
                                            images(dx, resolution),
                                            filtering);
                    return Prepared.sequence(products, weight.project(known));
                });
        if (dx != null) {
            tape.accumulate(in, dx, 1);
        }
    }

    private Runnable convolutionGradient(
            INDArray x,
            PreparedWeight weight,
            INDArray g,
            INDArray dx,
            WinogradConvolution filtering) {
        return filtering != null
                ? filtering.gradient(x, weight.weight(), g, dx, weight.gradient(), memory)
                : Prepared.of(
                        convolution("conv2d_bp", weight)
                                .addInputs(x, weight.weight(), g)
                                .addOutputs(dx, weight.gradient())
                                .build());
    }

    private static Runnable matrixGradient(Slot x, PreparedWeight weight, Slot g, Slot dx) {
        Runnable dw = Prepared.matmul(g.array, x.array, weight.gradientRows(), true, false);
        return dx == null
                ? dw
                : Prepared.sequence(
                        dw, Prepared.matmul(g.array, weight.rows(), dx.array, false, false));
    }

    /** A product times its factors per channel; other values as they are. */
    private Traced plain(Traced value) {
        if (value.product == null) {
            return value;
        }
        if (value.multiplied == null) {
            Product product = value.product;
            Slot y = new Slot(product.q.shape);
            plan.add(
                    List.of(product.q),
                    List.of(),
                    List.of(y),
                    false,
                    () -> Prepared.multiply(product.q.array, product.weight.scale(), y.array));
            Traced multiplied = traced(y, 1);
            tape.push(() -> receive(product, multiplied.gradient, multiplied.factor));
            value.multiplied = multiplied;
        }
        return value.multiplied;
    }

    /** The gradient of a product with its factors: factor times g. */
    private void receive(Product product, Slot g, double factor) {
        Slot q = product.q;
        Slot scaled = new Slot(q.shape);
        boolean sums = product.sumsFromOutput;
        Slot products = new Slot(q.shape);
        plan.add(
                sums ? List.of(g, q) : List.of(g),
                sums ? List.of(products) : List.of(),
                List.of(scaled),
                false,
                () ->
                        product.weight.outputGradient(
                                sums ? q.array : null,
                                g.array,
                                factor,
                                scaled.array,
                                products.array));
        product.gradient = scaled;
    }

    @Override
    public Tensor<Traced> convolutionOfDropout(
            String name, Tensor<Traced> x, int out, int kernel, double dropout) {
        Traced in = plain(x.value());
        Slot mask = new Slot(in.slot.shape);
        Slot y = new Slot(in.slot.shape);
        plan.add(
                List.of(in.slot),
                List.of(),
                List.of(y, mask),
                false,
                () -> {
                    DropOutInverted draw = new DropOutInverted(mask.array, mask.array, 1 - dropout);
                    return Prepared.sequence(
                            () -> mask.array.assign(1),
                            () -> Nd4j.getExecutioner().exec(draw, Nd4j.getRandom()),
                            Prepared.multiply(in.slot.array, mask.array, y.array));
                });
        Traced dropped = traced(y, in.pending);
        tape.push(
                dropped,
                in,
                1,
                List.of(mask),
                List.of(),
                true,
                (g, dx) -> Prepared.multiply(g.array, mask.array, dx.array));
        return product(name, like(x, dropped), out, kernel, false);
    }

    @Override
    public Tensor<Traced> silu(String name, Tensor<Traced> x) {
        Traced in = plain(x.value());
        Slot y = new Slot(in.slot.shape);
        Slot r = new Slot(in.slot.shape);
        plan.add(
                List.of(in.slot),
                List.of(),
                List.of(y, r),
                true,
                () -> MpSilu.siluAndSigmoid(in.slot.array, in.pending, y.array, r.array));
        Traced value = traced(y, in.pending / MpSilu.MAGNITUDE);
        Slot temporary = new Slot(in.slot.shape);
        tape.push(
                value,
                in,
                1,
                List.of(y, r),
                List.of(temporary),
                true,
                (g, dx) ->
                        MpSilu.siluGradient(
                                y.array, r.array, in.pending, g.array, dx.array, temporary.array));
        return like(x, value);
    }

    /** The first term may be any value, the second only a product that nobody else takes. */
    @Override
    public Tensor<Traced> sum(String name, Tensor<Traced> a, Tensor<Traced> b, double t) {
        // A product that somebody else takes too must not have this sum's factor in its weight.
        Traced first = a.value().multiplied == null ? a.value() : a.value().multiplied;
        Product firstProduct = first.product;
        Product second = b.value().product;
        second.weight.fold(MpSum.secondFactor(t));
        if (firstProduct != null) {
            firstProduct.weight.fold(MpSum.firstFactor(t));
        }
        Traced.Sum sum = new Traced.Sum(firstProduct, second, MpSum.firstFactor(t) * first.pending);
        Slot y = new Slot(second.q.shape);
        Slot term = new Slot(second.q.shape);
        plan.add(
                List.of(second.q, first.slot),
                firstProduct == null ? List.of() : List.of(term),
                List.of(y),
                true,
                () -> {
                    Runnable scaled =
                            Prepared.multiply(second.q.array, second.weight.scale(), y.array);
                    return firstProduct == null
                            ? Prepared.sequence(
                                    scaled,
                                    Prepared.axpy(
                                            sum.firstFactor, first.slot.array, y.array, y.array))
                            : Prepared.sequence(
                                    scaled,
                                    Prepared.multiply(
                                            firstProduct.q.array,
                                            firstProduct.weight.scale(),
                                            term.array),
                                    Prepared.axpy(1, term.array, y.array, y.array));
                });
        Traced value = traced(y, 1);
        value.sum = sum;
        tape.push(
                () -> {
                    receive(second, value.gradient, value.factor);
                    if (firstProduct == null) {
                        tape.accumulate(first, value.gradient, value.factor * sum.firstFactor);
                    } else {
                        receive(firstProduct, value.gradient, value.factor);
                    }
                });
        return like(a, value);
    }

    @Override
    public Tensor<Traced> concat(String name, Tensor<Traced> a, Tensor<Traced> b, double t) {
        Traced first = plain(a.value());
        Traced second = plain(b.value());
        int na = a.channels();
        int nb = b.channels();
        double factorA = MpConcat.factor(1 - t, na, nb, t) * first.pending;
        double factorB = MpConcat.factor(t, nb, na, t) * second.pending;
        Slot y = new Slot(rows(a.resolution()), na + nb);
        plan.add(
                List.of(first.slot, second.slot),
                List.of(),
                List.of(y),
                false,
                () ->
                        MpConcat.operation(
                                first.slot.array, second.slot.array, y.array, factorA, factorB));
        Traced value = traced(y, 1);
        tape.push(
                () -> {
                    Slot g = value.gradient;
                    Slot da = new Slot(first.slot.shape);
                    Slot db = new Slot(second.slot.shape);
                    plan.add(
                            List.of(g),
                            List.of(),
                            List.of(da, db),
                            false,
                            () -> MpConcat.split(g.array, da.array, db.array));
                    tape.accumulate(first, da, value.factor * factorA);
                    tape.accumulate(second, db, value.factor * factorB);
                });
        return new Tensor<>(value, na + nb, a.resolution());
    }

    /** Both are products that nobody else takes. */
    @Override
    public Tensor<Traced> modulate(String name, Tensor<Traced> x, Tensor<Traced> c) {
        Product in = x.value().product;
        Product by = c.value().product;
        in.sumsFromOutput = false;
        in.sumsGiven = true;
        Slot y = new Slot(in.q.shape);
        Slot factor = new Slot(by.q.shape);
        plan.add(
                List.of(in.q, by.q),
                List.of(),
                List.of(y, factor),
                false,
                () ->
                        Modulation.operation(
                                pixels(in.q),
                                in.weight.scale(),
                                by.q.array,
                                by.weight.scale(),
                                pixels(y),
                                factor.array));
        Traced value = traced(y, 1);
        tape.push(
                () -> {
                    Slot g = value.gradient;
                    Slot dx = new Slot(in.q.shape);
                    Slot dc = new Slot(by.q.shape);
                    Slot products = new Slot(in.q.shape);
                    Slot dfactor = new Slot(by.q.shape);
                    Slot scaled = new Slot(by.q.shape);
                    plan.add(
                            List.of(g, in.q, factor),
                            List.of(products, dfactor, scaled),
                            List.of(dx, dc),
                            false,
                            () ->
                                    Modulation.gradient(
                                            pixels(in.q),
                                            in.weight.scale(),
                                            factor.array,
                                            pixels(g),
                                            value.factor,
                                            pixels(dx),
                                            in.weight.sums(),
                                            dc.array,
                                            pixels(products),
                                            dfactor.array,
                                            scaled.array));
                    in.gradient = dx;
                    receive(by, dc, 1);
                });
        return like(x, value);
    }

    @Override
    public Tensor<Traced> pixelNorm(String name, Tensor<Traced> x) {
        Traced in = plain(x.value());
        double epsilon = Normalization.EPSILON / in.pending;
        long rows = rows(x.resolution());
        Slot y = new Slot(in.slot.shape);
        Slot divisor = new Slot(rows, 1);
        plan.add(
                List.of(in.slot),
                List.of(),
                List.of(y, divisor),
                false,
                () -> Normalization.ofRows(in.slot.array, epsilon, y.array, divisor.array));
        Traced value = traced(y, 1);
        Slot temporary = new Slot(in.slot.shape);
        Slot column = new Slot(rows, 1);
        Slot rms = new Slot(rows, 1);
        tape.push(
                value,
                in,
                1,
                List.of(y, divisor),
                List.of(temporary, column, rms),
                true,
                (g, dx) ->
                        Normalization.gradientOfRows(
                                y.array,
                                divisor.array,
                                epsilon,
                                g.array,
                                dx.array,
                                temporary.array,
                                column.array,
                                rms.array));
        return like(x, value);
    }

    @Override
    public Tensor<Traced> resample(
            String name, Tensor<Traced> x, Resample.Direction direction, double[] filter) {
        boolean down = direction == Resample.Direction.DOWN;
        int resolution = down ? x.resolution() / 2 : x.resolution() * 2;
        Traced in = plain(x.value());
        Slot y = new Slot(rows(resolution), x.channels());
        plan.add(
                List.of(in.slot),
                List.of(),
                List.of(y),
                false,
                () ->
                        Resample.channelsLast(
                                images(in.slot, x.resolution()),
                                images(y, resolution),
                                direction,
                                filter));
        Traced value = traced(y, in.pending);
        tape.push(
                value,
                in,
                down ? 1.0 / 4 : 4,
                List.of(),
                List.of(),
                false,
                (g, dx) ->
                        Resample.channelsLast(
                                images(g, resolution),
                                images(dx, x.resolution()),
                                down ? Resample.Direction.UP : Resample.Direction.DOWN,
                                filter));
        return new Tensor<>(value, x.channels(), resolution);
    }

    @Override
    public Tensor<Traced> attention(String name, Tensor<Traced> x, int heads) {
        int channels = x.channels() / 3;
        long d = channels / heads;
        long pixels = (long) x.resolution() * x.resolution();
        long groups = batch * heads;
        Traced in = plain(x.value());
        Slot y = new Slot(rows(x.resolution()), channels);
        Slot vectors = new Slot(3, batch, heads, pixels, d);
        Slot normalized = new Slot(3, groups, pixels, d);
        Slot divisor = new Slot(3 * groups * pixels, 1);
        Slot attention = new Slot(groups, pixels, pixels);
        Slot result = new Slot(groups, pixels, d);
        plan.add(
                List.of(in.slot),
                List.of(vectors),
                List.of(y, normalized, divisor, attention, result),
                false,
                () ->
                        CosineAttention.operation(
                                queriesKeysValues(in.slot, heads),
                                y.array.reshape('c', batch, pixels, heads, d),
                                vectors.array,
                                normalized.array,
                                divisor.array,
                                attention.array,
                                result.array));
        Traced value = traced(y, 1);
        Slot byGroup = new Slot(result.shape);
        Slot product = new Slot(result.shape);
        Slot dattention = new Slot(attention.shape);
        Slot dvectors = new Slot(normalized.shape);
        Slot temporary = new Slot(normalized.shape);
        Slot column = new Slot(divisor.shape);
        Slot rms = new Slot(divisor.shape);
        tape.push(
                value,
                in,
                1,
                List.of(normalized, divisor, attention, result),
                List.of(byGroup, product, dattention, dvectors, temporary, column, rms),
                false,
                (g, dx) ->
                        CosineAttention.gradient(
                                normalized.array,
                                divisor.array,
                                attention.array,
                                result.array,
                                g.array.reshape('c', batch, pixels, heads, d),
                                queriesKeysValues(dx, heads),
                                byGroup.array,
                                product.array,
                                dattention.array,
                                dvectors.array,
                                temporary.array,
                                column.array,
                                rms.array));
        return new Tensor<>(value, channels, x.resolution());
    }

    /** [pixels, (heads, d, 3)] as a view [batch, pixels, 3, heads, d]. */
    private INDArray queriesKeysValues(Slot qkv, int heads) {
        return qkv.array
                .reshape('c', batch, qkv.shape[0] / batch, heads, qkv.shape[1] / 3 / heads, 3)
                .permute(0, 1, 4, 2, 3);
    }

    /** Of a sum, into which the division by the limit is folded. */
    @Override
    public Tensor<Traced> clip(String name, Tensor<Traced> x, double limit) {
        Traced in = x.value();
        in.sum.fold(1 / limit);
        in.pending = limit;
        Slot y = new Slot(in.slot.shape);
        plan.add(
                List.of(in.slot),
                List.of(),
                List.of(y),
                false,
                () -> Clip.unit(in.slot.array, y.array));
        Traced value = traced(y, limit);
        Slot inside = new Slot(in.slot.shape);
        tape.push(
                value,
                in,
                1,
                List.of(in.slot),
                List.of(inside),
                true,
                (g, dx) -> Clip.unitGradient(in.slot.array, g.array, dx.array, inside.array));
        return like(x, value);
    }

    @Override
    public Tensor<Traced> fourier(String name, Tensor<Traced> x, int channels) {
        MpFourier features = (MpFourier) graph.getLayer(name).conf().getLayer();
        Slot in = x.value().slot;
        Slot y = new Slot(batch, channels);
        plan.add(
                List.of(in),
                List.of(),
                List.of(y),
                false,
                () ->
                        Prepared.sequence(
                                Prepared.multiply(
                                        in.array, row(features.getFrequencies()), y.array),
                                Prepared.add(y.array, row(features.getPhases()), y.array),
                                Prepared.of((Op) new Cos(y.array, y.array))));
        Traced value = new Traced(y, false);
        value.pending = Math.sqrt(2);
        return new Tensor<>(value, channels, 0);
    }

    private INDArray row(float[] values) {
        return Nd4j.createFromArray(values)
                .reshape(1, values.length)
                .castTo(graph.params().dataType());
    }

    /** The image's last channel is 1 all the time. */
    @Override
    public Tensor<Traced> withOnes(String name, Tensor<Traced> x) {
        return new Tensor<>(x.value(), x.channels() + 1, x.resolution());
    }

    /** Already c_in x, which {@link #run} sets. */
    @Override
    public Tensor<Traced> scaledInput(String name, Tensor<Traced> x, Tensor<Traced> level) {
        return x;
    }

    /** Already c_noise, which {@link #run} sets. */
    @Override
    public Tensor<Traced> noiseCondition(String name, Tensor<Traced> level) {
        return level;
    }

    /** Left to {@link DenoisingLoss}. */
    @Override
    public Tensor<Traced> denoised(
            String name, Tensor<Traced> raw, Tensor<Traced> x, Tensor<Traced> level) {
        f = plain(raw.value());
        return like(raw, f);
    }

    @Override
    public void outputs(Tensor<Traced> denoised, Tensor<Traced> u, Tensor<Traced> level) {
        logVariance = plain(u.value());
    }
}
