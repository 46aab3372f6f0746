package io.github.edm2.layers;

import io.github.edm2.layers.plan.Cost;
import io.github.edm2.layers.plan.Planner;
import io.github.edm2.layers.plan.Prepared;
import io.github.edm2.layers.plan.Slot;
import io.github.edm2.layers.plan.Value;
import java.util.List;
import lombok.Data;
import lombok.EqualsAndHashCode;
import lombok.NoArgsConstructor;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.CustomOp;
import org.nd4j.linalg.api.ops.impl.transforms.custom.SoftMax;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Cosine self-attention over all pixels (arXiv:2312.02696, Fig. 21), between its two 1x1
 * convolutions. Input [batch, 3 channels, height, width]: with d = channels / heads, the input
 * channels are [heads, d, (query, key, value)], the three interleaved inside each head. All vectors
 * are normalized over d; w = softmax(qᵀ k / sqrt(d)); output v wᵀ as [batch, channels, height,
 * width].
 *
 * <p>For one thread at a time, as all layers of DL4J.
 */
@Data
@NoArgsConstructor
@EqualsAndHashCode(callSuper = true)
public class CosineAttention extends ImageFunctionLayer implements InSameDiff {

    private int heads;

    protected CosineAttention(Builder builder) {
        super(builder);
        this.heads = builder.heads;
    }

    /**
     * SameDiff face.
     *
     * @param x [batch, 3 channels, height, width]
     * @param shape the shape of x, the batch being ignored
     */
    public static SDVariable attention(SameDiff sd, SDVariable x, long[] shape, int heads) {
        long d = shape[1] / 3 / heads;
        long pixels = shape[2] * shape[3];
        SDVariable qkv = sd.reshape(x, -1, d, 3, pixels);
        SDVariable[] parts = sd.split(Normalization.normalize(sd, qkv, d, 1), 3, 2);
        SDVariable q = sd.squeeze(parts[0], 2);
        SDVariable k = sd.squeeze(parts[1], 2);
        SDVariable v = sd.squeeze(parts[2], 2);
        SDVariable logits = sd.mmul(q, k, true, false, false).mul(1 / Math.sqrt(d));
        SDVariable weights = sd.nn().softmax(logits, 2);
        return sd.reshape(
                sd.mmul(v, weights, false, true, false), -1, shape[1] / 3, shape[2], shape[3]);
    }

    @Override
    public Value plan(Planner planner, String name, Value... inputs) {
        Value x = planner.whole(inputs[0]);
        long batch = x.batch();
        long pixels = x.pixels();
        long channels = x.channels() / 3;
        long d = channels / heads;
        long groups = batch * heads;
        long[] shape = x.shape().clone();
        shape[1] = channels;
        Slot y = new Slot(x.rows(), channels);
        Slot vectors = new Slot(3, batch, heads, pixels, d);
        Slot normalized = new Slot(3, groups, pixels, d);
        Slot divisor = new Slot(3 * groups * pixels, 1);
        Slot attention = new Slot(groups, pixels, pixels);
        Slot result = new Slot(groups, pixels, d);
        boolean arranged = x instanceof ConstantProduct && x.exclusive();
        if (arranged) {
            ((ConstantProduct) x).arrangeForHeads(heads);
        }
        planner.add(
                List.of(x.slot()),
                List.of(vectors),
                List.of(y, normalized, divisor, attention, result),
                false,
                () ->
                        operation(
                                arranged
                                        ? x.slot().array().reshape('c', batch, pixels, 3, heads, d)
                                        : queriesKeysValues(x.slot(), batch),
                                y.array().reshape('c', batch, pixels, heads, d),
                                vectors.array(),
                                normalized.array(),
                                divisor.array(),
                                attention.array(),
                                result.array()));
        Value value = new Value(y, shape, x.differentiable(), 1);
        Slot byGroup = new Slot(result.shape());
        Slot product = new Slot(result.shape());
        Slot dattention = new Slot(attention.shape());
        Slot dvectors = new Slot(normalized.shape());
        Slot temporary = new Slot(normalized.shape());
        Slot column = new Slot(divisor.shape());
        Slot rms = new Slot(divisor.shape());
        planner.tape()
                .push(
                        value,
                        x,
                        1,
                        List.of(normalized, divisor, attention, result),
                        List.of(byGroup, product, dattention, dvectors, temporary, column, rms),
                        false,
                        (g, dx) ->
                                gradient(
                                        normalized.array(),
                                        divisor.array(),
                                        attention.array(),
                                        result.array(),
                                        g.array().reshape('c', batch, pixels, heads, d),
                                        queriesKeysValues(dx, batch),
                                        byGroup.array(),
                                        product.array(),
                                        dattention.array(),
                                        dvectors.array(),
                                        temporary.array(),
                                        column.array(),
                                        rms.array()));
        return value;
    }

    /** [pixels, (heads, d, 3)] as a view [batch, pixels, 3, heads, d]. */
    private INDArray queriesKeysValues(Slot qkv, long batch) {
        long[] shape = qkv.shape();
        return qkv.array()
                .reshape('c', batch, shape[0] / batch, heads, shape[1] / 3 / heads, 3)
                .permute(0, 1, 4, 2, 3);
    }

    /** Two products of all pairs of pixels; normalization and softmax. */
    @Override
    public Cost cost(InputType output, InputType... inputs) {
        long pixels = Cost.pixels(output);
        long pairs = pixels * pixels;
        long channels = output.arrayElementsPerExample() / pixels;
        return new Cost(
                2 * pairs * channels, 2 * inputs[0].arrayElementsPerExample() + heads * pairs);
    }

    @Override
    public SDVariable define(Part part, SDVariable... x) {
        return attention(part.sd(), x[0], part.shape(0), heads);
    }

    @Override
    protected Runtime runtime(NeuralNetConfiguration conf, DataType dataType) {
        return new io.github.edm2.layers.runtime.CosineAttention(conf, dataType);
    }

    /**
     * The same on given arrays with pixels before channels, made once to be run many times. Groups
     * are batch times heads.
     *
     * @param qkv [batch, pixels, (query, key, value), heads, d]
     * @param out [batch, pixels, heads, d], receives the result
     * @param vectors [3, batch, heads, pixels, d], overwritten, as are the next four
     * @param normalized [3, groups, pixels, d]
     * @param divisor [3 groups pixels, 1]
     * @param weights [groups, pixels, pixels]
     * @param result [groups, pixels, d]
     */
    static Runnable operation(
            INDArray qkv,
            INDArray out,
            INDArray vectors,
            INDArray normalized,
            INDArray divisor,
            INDArray weights,
            INDArray result) {
        long d = result.size(2);
        INDArray byGroup = byGroup(qkv);
        INDArray byPixel = byPixel(result, out);
        return Prepared.sequence(
                Prepared.copy(byGroup, vectors),
                Normalization.ofRows(
                        rows(vectors, d), Normalization.EPSILON, rows(normalized, d), divisor),
                new GroupProduct(
                        normalized.slice(0),
                        normalized.slice(1),
                        weights,
                        false,
                        true,
                        1 / Math.sqrt(d)),
                Prepared.of((CustomOp) new SoftMax(weights, weights, 2)),
                new GroupProduct(weights, normalized.slice(2), result, false, false, 1),
                Prepared.copy(byPixel, out));
    }

    /**
     * The gradient of {@link #operation}. With g = dL/dv', v' being the result: dlogits = w (g vT -
     * sum over d of g v').
     *
     * @param normalized as the forward pass left it, like the next three
     * @param gradient [batch, pixels, heads, d], of the forward pass's out
     * @param dqkv [batch, pixels, (query, key, value), heads, d], receives the gradient of qkv
     * @param g of result's shape, overwritten
     * @param product of result's shape, overwritten
     * @param dweights of the weights' shape, overwritten
     * @param dvectors of normalized's shape, overwritten
     * @param temporary of normalized's shape, overwritten
     * @param column of the divisor's shape, overwritten
     * @param rms of the divisor's shape, overwritten
     */
    static Runnable gradient(
            INDArray normalized,
            INDArray divisor,
            INDArray weights,
            INDArray result,
            INDArray gradient,
            INDArray dqkv,
            INDArray g,
            INDArray product,
            INDArray dweights,
            INDArray dvectors,
            INDArray temporary,
            INDArray column,
            INDArray rms) {
        long d = result.size(2);
        long pixels = result.size(1);
        double scale = 1 / Math.sqrt(d);
        INDArray byPixel = byPixel(g, gradient);
        INDArray byGroup = byGroup(dqkv);
        INDArray ofGroups = dvectors.reshape('c', byGroup.shape());
        INDArray sums =
                column.reshape(column.length())
                        .get(NDArrayIndex.interval(0, result.size(0) * pixels))
                        .reshape('c', result.size(0) * pixels, 1);
        INDArray rows = rows(dweights, pixels);
        return Prepared.sequence(
                Prepared.copy(gradient, byPixel),
                Normalization.sumsOfProducts(rows(g, d), rows(result, d), rows(product, d), sums),
                new GroupProduct(weights, g, dvectors.slice(2), true, false, 1),
                new GroupProduct(g, normalized.slice(2), dweights, false, true, 1),
                Prepared.subtract(rows, sums, rows),
                Prepared.multiply(dweights, weights, dweights),
                new GroupProduct(
                        dweights, normalized.slice(1), dvectors.slice(0), false, false, scale),
                new GroupProduct(
                        dweights, normalized.slice(0), dvectors.slice(1), true, false, scale),
                Normalization.gradientOfRows(
                        rows(normalized, d),
                        divisor,
                        Normalization.EPSILON,
                        rows(dvectors, d),
                        rows(dvectors, d),
                        rows(temporary, d),
                        column,
                        rms),
                Prepared.copy(ofGroups, byGroup));
    }

    private static INDArray rows(INDArray x, long length) {
        return x.reshape('c', x.length() / length, length);
    }

    /** [batch, pixels, 3, heads, d] as a view [3, batch, heads, pixels, d]. */
    private static INDArray byGroup(INDArray qkv) {
        return qkv.permute(2, 0, 3, 1, 4);
    }

    /**
     * [groups, pixels, d] as a view [batch, pixels, heads, d], the shape of the second argument.
     */
    private static INDArray byPixel(INDArray result, INDArray out) {
        return result.reshape('c', out.size(0), out.size(2), out.size(1), out.size(3))
                .permute(0, 2, 1, 3);
    }

    @Override
    protected void checkInput(INDArray x) {
        super.checkInput(x);
        if (x.size(1) % (3L * heads) != 0) {
            throw new DL4JInvalidInputException(
                    "%s needs a multiple of 3 * %d heads channels, got an input of %d; a 1x1 convolution before it makes query, key and value"
                            .formatted(description(), heads, x.size(1)));
        }
    }

    @Override
    public InputType getOutputType(int layerIndex, InputType inputType) {
        InputType.InputTypeConvolutional in = images(inputType);
        if (in.getChannels() % (3L * heads) != 0) {
            throw new IllegalStateException(
                    "%s needs a multiple of 3 * %d heads channels, got %s; a 1x1 convolution before it makes query, key and value"
                            .formatted(description(), heads, in));
        }
        return InputType.convolutional(
                in.getHeight(), in.getWidth(), in.getChannels() / 3, in.getFormat());
    }

    @Override
    protected long trainingElements(InputType inputType) {
        InputType.InputTypeConvolutional in = images(inputType);
        long pixels = in.getHeight() * in.getWidth();
        return 4 * inputType.arrayElementsPerExample() + 3 * heads * pixels * pixels;
    }

    /** Builder. */
    @SuppressWarnings("unchecked") // DL4J declares build() as <E extends Layer> E build()
    public static class Builder extends FunctionLayer.Builder<Builder> {
        private final int heads;

        /**
         * @param heads number of attention heads
         * @throws IllegalArgumentException if less than 1
         */
        public Builder(int heads) {
            if (heads < 1) {
                throw new IllegalArgumentException(
                        "heads must be at least 1, got %d; EDM2 has one per 64 channels"
                                .formatted(heads));
            }
            this.heads = heads;
        }

        @Override
        public CosineAttention build() {
            return new CosineAttention(this);
        }
    }
}
