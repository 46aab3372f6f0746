package io.github.edm2.layers;

import io.github.edm2.layers.plan.Prepared;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.deeplearning4j.nn.api.Layer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.Op;
import org.nd4j.linalg.api.ops.impl.scalar.ScalarMax;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * The weight of an {@link MpWeightLayer} that may change between runs (arXiv:2312.02696, Eq. 47 and
 * 66), w = normalize(W) gain / sqrt(N). With the stored weight W of N numbers in a row, root mean
 * square rms and d = rms + 1e-4, what the layer gives is
 *
 * <pre>y = s q,  q = x W,  s = gain / (sqrt(N) d)</pre>
 *
 * so that W itself is multiplied by, and its norm becomes one factor per output channel, which
 * others can take along. With Q = dL/dq = s dL/dy, the gradient of W is
 *
 * <pre>
 * dW = D - W t / (N rms d),  D = Qᵀ x,  t = sum over a row of D W = sum over the outputs of Q q
 * </pre>
 *
 * of whose two forms of t the one with fewer numbers is taken, and that of the learned gain is the
 * sum over the channels of s / gain times the outputs' sum of q dL/dy.
 *
 * <p>For one thread at a time.
 */
final class PreparedWeight {

    private final INDArray weight;
    private final INDArray rows;
    private final INDArray gradient;
    private final INDArray gradientRows;
    private final INDArray gain;
    private final INDArray gainGradient;
    private final boolean forced;
    private final BooleanSupplier evaluating;

    /** Gives the gain outside of training; null where it is the learned one. */
    private final Supplier<INDArray> gainOfEvaluation;

    private double factor;

    private final INDArray rms;
    private final INDArray divisor;
    private final INDArray withoutGain;
    private final INDArray scale;
    private final INDArray projection;
    private final INDArray sums;
    private INDArray scratch;

    /**
     * @param layer at run time, configured by an {@link MpWeightLayer}
     * @param weightGradient receives the gradient of the weight, in its shape; null if it is not
     *     wanted
     * @param gainGradient receives the gradient of the learned gain; null where there is none
     * @param evaluating whether a run is none of training
     */
    PreparedWeight(
            Layer layer,
            INDArray weightGradient,
            INDArray gainGradient,
            BooleanSupplier evaluating) {
        MpWeightLayer conf = (MpWeightLayer) layer.conf().getLayer();
        weight = layer.getParam(MpWeightLayer.WEIGHT_KEY);
        long fanIn = Normalization.fanIn(weight.shape());
        rows = weight.reshape('c', weight.size(0), fanIn);
        gradient = weightGradient;
        gradientRows = gradient == null ? null : gradient.reshape('c', rows.shape());
        gain = conf.learnedGain ? layer.getParam(MpWeightLayer.GAIN_KEY).reshape(1, 1) : null;
        gainOfEvaluation =
                conf.learnedGain && conf.halfPrecisionGain
                        ? () -> MpWeightLayer.effectiveGain(layer)
                        : null;
        this.evaluating = evaluating;
        this.gainGradient = gainGradient == null ? null : gainGradient.reshape(1, 1);
        forced = conf.forcedNormalization;
        factor = conf.gain / Math.sqrt(fanIn);
        rms = column();
        divisor = column();
        withoutGain = column();
        scale = gain == null ? withoutGain : column();
        projection = column();
        sums = column();
    }

    private INDArray column() {
        return Nd4j.create(weight.dataType(), rows.size(0), 1);
    }

    /**
     * Multiplies the outputs by a constant. To be called before any operation is made.
     *
     * @param constant not 0
     */
    void fold(double constant) {
        factor *= constant;
    }

    /** Working memory for all operations that follow; may be shared among weights. */
    void useScratch(INDArray vector) {
        scratch = vector.reshape(vector.length());
    }

    /** The stored weight, first axis = output rows. */
    INDArray weight() {
        return weight;
    }

    /** The stored weight as [rows, N]. */
    INDArray rows() {
        return rows;
    }

    /** Where D goes, in the weight's shape. */
    INDArray gradient() {
        return gradient;
    }

    /** Where D goes, as [rows, N]. */
    INDArray gradientRows() {
        return gradientRows;
    }

    /** s as [1, rows]. */
    INDArray scale() {
        return asRow(scale);
    }

    /** t as [1, rows], to be set before {@link #project}(true). */
    INDArray sums() {
        return asRow(sums);
    }

    private static INDArray asRow(INDArray column) {
        return column.reshape('c', 1, column.length());
    }

    private INDArray scratch() {
        return scratch.get(NDArrayIndex.interval(0, rows.length())).reshape('c', rows.shape());
    }

    /** Normalizes W where the layer is to do so (Eq. 66), and sets s. */
    Runnable forward() {
        long fanIn = rows.size(1);
        Runnable norm =
                Prepared.sequence(
                        Normalization.rmsOfRows(rows, scratch(), rms),
                        Prepared.add(rms, Normalization.EPSILON, divisor));
        Runnable normalization =
                forced
                        ? Prepared.sequence(
                                Prepared.divide(rows, divisor, scratch()),
                                Prepared.copy(scratch(), rows),
                                Prepared.divide(rms, divisor, rms),
                                Prepared.add(rms, Normalization.EPSILON, divisor))
                        : Prepared.sequence();
        return Prepared.sequence(
                norm,
                () -> {
                    if (!evaluating.getAsBoolean()) {
                        normalization.run();
                    }
                },
                scaling(),
                Prepared.of((Op) new ScalarMax(rms, null, projection, Normalization.TINY)),
                Prepared.multiply(projection, divisor, projection),
                Prepared.divideInto(1.0 / fanIn, projection, projection));
    }

    /** Sets s. */
    private Runnable scaling() {
        if (gain == null) {
            return Prepared.divideInto(factor, divisor, scale);
        }
        Runnable withGain = Prepared.multiply(withoutGain, gain, scale);
        return Prepared.sequence(
                Prepared.divideInto(factor, divisor, withoutGain),
                () -> {
                    if (gainOfEvaluation != null && evaluating.getAsBoolean()) {
                        withoutGain.mul(gainOfEvaluation.get(), scale);
                    } else {
                        withGain.run();
                    }
                });
    }

    /**
     * The weight that a layer multiplies by outside of training, normalize(W) gain / sqrt(N).
     *
     * @return a new array in the weight's shape
     */
    static INDArray effective(Layer layer) {
        PreparedWeight weight = new PreparedWeight(layer, null, null, () -> true);
        INDArray result = Nd4j.createUninitialized(weight.weight.dataType(), weight.length());
        weight.useScratch(result);
        weight.forward().run();
        Prepared.multiply(weight.rows, weight.scale, weight.scratch()).run();
        return result.reshape('c', weight.weight.shape());
    }

    /**
     * Q from the gradient of the outputs.
     *
     * @param q the outputs before s, [examples, rows], for t and the gradient of the learned gain;
     *     null where {@link #project}(false) is to find t
     * @param dy {@code by} times this is the gradient of the outputs, [examples, rows]
     * @param result receives Q; may be dy
     * @param products of q's shape, overwritten; null with q
     */
    Runnable outputGradient(
            INDArray q, INDArray dy, double by, INDArray result, INDArray products) {
        INDArray scaled = scale().ulike();
        Runnable toQ =
                Prepared.sequence(
                        Prepared.multiply(scale(), by, scaled),
                        Prepared.multiply(dy, scaled, result));
        if (q == null) {
            return toQ;
        }
        Runnable outputs =
                Prepared.sequence(
                        Prepared.multiply(dy, q, products),
                        sumOverRows(products, sums()),
                        Prepared.multiply(sums, by, sums));
        Runnable gains =
                gain == null
                        ? Prepared.sequence()
                        : Prepared.matmul(sums(), withoutGain, gainGradient, false, false);
        return Prepared.sequence(outputs, gains, Prepared.multiply(sums, scale, sums), toQ);
    }

    /** sum [1, columns] = the rows of x added up. */
    static Runnable sumOverRows(INDArray x, INDArray sum) {
        return Prepared.matmul(Nd4j.ones(x.dataType(), 1, x.size(0)), x, sum, false, false);
    }

    /**
     * From D to dW.
     *
     * @param sumsAreSet whether {@link #sums} holds t
     */
    Runnable project(boolean sumsAreSet) {
        Runnable sum =
                sumsAreSet
                        ? Prepared.sequence()
                        : Normalization.sumsOfProducts(gradientRows, rows, scratch(), sums);
        return Prepared.sequence(
                sum,
                Prepared.multiply(sums, projection, sums),
                Prepared.multiply(rows, sums, scratch()),
                Prepared.subtract(gradientRows, scratch(), gradientRows));
    }

    /** Numbers of the weight. */
    long length() {
        return rows.length();
    }
}
