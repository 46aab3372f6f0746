package io.github.edm2.layers;

import io.github.edm2.layers.plan.NotPlannedException;
import io.github.edm2.layers.plan.Planner;
import io.github.edm2.layers.plan.Prepared;
import io.github.edm2.layers.plan.Slot;
import io.github.edm2.layers.plan.Value;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.Layer;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What a weight gives before its factors per channel, q of {@link PreparedWeight}. Whoever takes it
 * may multiply by the factors along with something else, or takes {@link #plain}.
 */
final class MpProduct extends Value {

    /** How inputs are multiplied by a weight. */
    interface Multiplication {

        /** q from x. */
        Runnable forward(Slot x, PreparedWeight weight, Slot q);

        /**
         * @param g the gradient of q
         * @param dx receives the gradient of x; null where it is not wanted
         */
        Runnable gradient(Slot x, PreparedWeight weight, Slot g, Slot dx);

        /** Whether the gradient of x is always computed, wanted or not. */
        boolean alwaysGivesInputGradient();
    }

    private final Planner planner;
    private final PreparedWeight weight;

    /** Whether the sums that the weight's gradient needs are taken from q. */
    private boolean sumsFromOutput;

    /** Whether somebody else sets these sums. */
    private boolean sumsGiven;

    private Slot gradient;
    private Value plain;

    private MpProduct(Planner planner, PreparedWeight weight, Slot q, long... shape) {
        super(q, shape, planner.training(), 1);
        this.planner = planner;
        this.weight = weight;
        foldable(weight::fold);
    }

    /**
     * Adds the product of a layer to a plan.
     *
     * @param shape of the layer's output
     */
    static Value plan(
            MpWeightLayer conf,
            Planner planner,
            String name,
            Value input,
            Multiplication multiplication,
            long... shape) {
        if (input.channels() != conf.getNIn()) {
            throw new NotPlannedException("\"%s\" takes another input".formatted(name));
        }
        if (!planner.training()) {
            int kernel = conf instanceof MpConvolution convolution ? convolution.getKernel() : 1;
            return ConstantProduct.plan(planner, name, input, kernel, shape);
        }
        Value x = input.plain();
        Layer layer = planner.layer(name);
        Map<String, INDArray> gradients = planner.gradients(name);
        PreparedWeight weight =
                new PreparedWeight(
                        layer,
                        gradients.get(MpWeightLayer.WEIGHT_KEY),
                        gradients.get(MpWeightLayer.GAIN_KEY),
                        planner::evaluating);
        weight.fold(x.pending());
        planner.needScratch(weight.length());
        Slot q = new Slot(x.rows(), conf.getNOut());
        MpProduct product = new MpProduct(planner, weight, q, shape);
        product.sumsFromOutput = conf.isLearnedGain() || x.rows() < weight.rows().size(1);
        planner.add(
                x.slot(),
                q,
                () -> {
                    weight.useScratch(planner.scratch());
                    return Prepared.sequence(
                            weight.forward(), multiplication.forward(x.slot(), weight, q));
                });
        planner.tape().push(() -> product.weightGradient(x, multiplication));
        return product;
    }

    private void weightGradient(Value x, Multiplication multiplication) {
        Slot g = gradient;
        if (g == null) {
            throw new NotPlannedException("the loss does not depend on a weight");
        }
        boolean known = sumsFromOutput || sumsGiven;
        Slot dx =
                x.differentiable() || multiplication.alwaysGivesInputGradient()
                        ? new Slot(x.slot().shape())
                        : null;
        planner.add(
                List.of(g, x.slot()),
                List.of(),
                dx == null ? List.of() : List.of(dx),
                false,
                () ->
                        Prepared.sequence(
                                multiplication.gradient(x.slot(), weight, g, dx),
                                weight.project(known)));
        if (dx != null) {
            planner.tape().accumulate(x, dx, 1);
        }
    }

    /** s, [1, channels]. */
    INDArray scale() {
        return weight.scale();
    }

    /**
     * Takes over the sums that the weight's gradient needs (see {@link PreparedWeight#sums}).
     *
     * @return receives, at each run, the sum over all rows of q times its gradient, [1, channels]
     */
    INDArray giveSums() {
        return weight.sums();
    }

    /** Says that whoever takes the product gives the sums. */
    void sumsAreGiven() {
        sumsFromOutput = false;
        sumsGiven = true;
    }

    /** Sets the gradient of q. */
    void setGradient(Slot dq) {
        gradient = dq;
    }

    @Override
    public Value plain() {
        if (plain == null) {
            Slot y = new Slot(slot().shape());
            planner.add(slot(), y, () -> Prepared.multiply(slot().array(), scale(), y.array()));
            Value value = new Value(y, shape(), differentiable(), 1);
            planner.tape().push(() -> receive(value.gradientOrFail(), value.factor()));
            plain = value;
        }
        return plain;
    }

    /** Takes the gradient of the product with its factors: factor times g. */
    void receive(Slot g, double factor) {
        Slot q = slot();
        Slot scaled = new Slot(q.shape());
        Slot products = new Slot(q.shape());
        planner.add(
                sumsFromOutput ? List.of(g, q) : List.of(g),
                sumsFromOutput ? List.of(products) : List.of(),
                List.of(scaled),
                false,
                () ->
                        weight.outputGradient(
                                sumsFromOutput ? q.array() : null,
                                g.array(),
                                factor,
                                scaled.array(),
                                products.array()));
        gradient = scaled;
    }
}
