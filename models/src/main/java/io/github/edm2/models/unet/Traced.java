package io.github.edm2.models.unet;

import io.github.edm2.layers.PreparedWeight;

/**
 * A value of a {@link TrainingPlan}: its numbers, what they must still be multiplied by, and the
 * gradient of the loss with respect to the numbers.
 */
final class Traced {

    /** What a weight gives before its factors per channel, and the gradient of that. */
    static final class Product {
        final PreparedWeight weight;
        final Slot q;

        /** Whether the sums that the weight's gradient needs are taken from q. */
        boolean sumsFromOutput;

        /** Whether somebody else sets these sums. */
        boolean sumsGiven;

        Slot gradient;

        Product(PreparedWeight weight, Slot q, boolean sumsFromOutput) {
            this.weight = weight;
            this.q = q;
            this.sumsFromOutput = sumsFromOutput;
        }
    }

    /** A sum, to which a constant factor can be added where it is made. */
    static final class Sum {
        final Product firstProduct;
        final Product second;
        double firstFactor;

        Sum(Product firstProduct, Product second, double firstFactor) {
            this.firstProduct = firstProduct;
            this.second = second;
            this.firstFactor = firstFactor;
        }

        void fold(double factor) {
            second.weight.fold(factor);
            if (firstProduct != null) {
                firstProduct.weight.fold(factor);
            }
            firstFactor *= factor;
        }
    }

    /** The numbers; of a product, those before the factors per channel. */
    final Slot slot;

    /** Whether a gradient is wanted. */
    final boolean differentiable;

    /** What the numbers must still be multiplied by. */
    double pending = 1;

    /** Of a product whose factors per channel are still to be multiplied with; else null. */
    Product product;

    /** The product's value with its factors, once somebody wanted it. */
    Traced multiplied;

    /** Of a sum; else null. */
    Sum sum;

    /** {@link #factor} times this is the gradient with respect to the numbers; null until known. */
    Slot gradient;

    double factor;

    Traced(Slot slot, boolean differentiable) {
        this.slot = slot;
        this.differentiable = differentiable;
    }
}
