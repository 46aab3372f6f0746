package io.github.edm2.layers;

import io.github.edm2.layers.plan.Prepared;
import io.github.edm2.layers.plan.Slot;

/** Every pixel's, or example's, channels times a matrix. */
final class MatrixProduct implements MpProduct.Multiplication {

    @Override
    public Runnable forward(Slot x, PreparedWeight weight, Slot q) {
        return Prepared.matmul(x.array(), weight.rows(), q.array(), false, true);
    }

    @Override
    public Runnable gradient(Slot x, PreparedWeight weight, Slot g, Slot dx) {
        Runnable dw = Prepared.matmul(g.array(), x.array(), weight.gradientRows(), true, false);
        return dx == null
                ? dw
                : Prepared.sequence(
                        dw, Prepared.matmul(g.array(), weight.rows(), dx.array(), false, false));
    }

    @Override
    public boolean alwaysGivesInputGradient() {
        return false;
    }
}
