package io.github.edm2.layers;

import io.github.edm2.layers.plan.Prepared;
import java.util.ArrayList;
import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Products of many matrices, group by group. On the CPU (M2.1), large ones are multiplied one after
 * another: on two processors ND4J's product of all at once, which starts threads of its own beside
 * those of BLAS, takes twice as long.
 */
final class GroupProduct implements Runnable {

    /** Multiplications in a group that are worth a call of their own. */
    private static final long LARGE = 1 << 20;

    private final List<Runnable> products = new ArrayList<>();

    /**
     * out = factor op(a) op(b), made once to be run many times.
     *
     * @param a [groups, rows, inner], transposed [groups, inner, rows]
     * @param b [groups, inner, columns], transposed [groups, columns, inner]
     * @param out [groups, rows, columns], receives the products
     */
    GroupProduct(
            INDArray a,
            INDArray b,
            INDArray out,
            boolean transposeA,
            boolean transposeB,
            double factor) {
        long inner = a.size(transposeA ? 1 : 2);
        boolean alone =
                Nd4j.getEnvironment().isCPU() && out.length() / out.size(0) * inner >= LARGE;
        if (!alone) {
            products.add(Prepared.matmul(a, b, out, transposeA, transposeB, factor, 0));
            return;
        }
        for (long group = 0; group < out.size(0); group++) {
            products.add(
                    Prepared.matmul(
                            a.slice(group),
                            b.slice(group),
                            out.slice(group),
                            transposeA,
                            transposeB,
                            factor,
                            0));
        }
    }

    @Override
    public void run() {
        products.forEach(Runnable::run);
    }
}
