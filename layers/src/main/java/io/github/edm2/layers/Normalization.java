package io.github.edm2.layers;

import io.github.edm2.layers.plan.Prepared;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.common.util.ArrayUtil;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.Op;
import org.nd4j.linalg.api.ops.impl.scalar.ScalarMax;
import org.nd4j.linalg.api.ops.impl.transforms.floating.Sqrt;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Division by the root mean square (arXiv:2312.02696, Eq. 47):
 *
 * <pre>normalize(x) = x / (1e-4 + sqrt(k/n) ||x||)</pre>
 *
 * with n elements in x and k norms, so that n/k elements share a norm. Weights, pixels and
 * attention vectors are all normalized by this. Plans have all of them as rows.
 */
final class Normalization {

    /** Added to the root mean square, so that zero stays zero. */
    static final double EPSILON = 1e-4;

    /** Keeps the gradient of the norm of an all-zero vector at zero instead of 0/0. */
    static final double TINY = 1e-30;

    private Normalization() {}

    /**
     * SameDiff face.
     *
     * @param x any shape, static along {@code dims}
     * @param vectorLength the product of the sizes of {@code dims}
     * @param dims the axes that share a norm
     * @return x divided by (1e-4 + its root mean square over dims), in x's shape
     */
    static SDVariable normalize(SameDiff sd, SDVariable x, long vectorLength, int... dims) {
        // By the reciprocal: the gradient of divide is wrong for a divisor of one element (M2.1).
        // Norms of one element by their magnitude: norm2 over axes of size 1 fails (M2.1).
        SDVariable norm = vectorLength == 1 ? sd.math().abs(x) : sd.norm2(x, true, dims);
        SDVariable rms = norm.mul(1 / Math.sqrt(vectorLength));
        return x.mul(sd.math().reciprocal(rms.add(EPSILON)));
    }

    /**
     * Root mean square of every row, made once to be run many times.
     *
     * @param rows [rows, vector]
     * @param squares of the rows' shape, overwritten
     * @param rms receives [rows, 1]
     */
    static Runnable rmsOfRows(INDArray rows, INDArray squares, INDArray rms) {
        return Prepared.sequence(
                sumsOfProducts(rows, rows, squares, rms),
                Prepared.multiply(rms, 1.0 / rows.size(1), rms),
                Prepared.of((Op) new Sqrt(rms, rms)));
    }

    /** sums [rows, 1] = for every row the sum of a b; products, of their shape, is overwritten. */
    static Runnable sumsOfProducts(INDArray a, INDArray b, INDArray products, INDArray sums) {
        INDArray ones = Nd4j.ones(a.dataType(), a.size(1), 1);
        return Prepared.sequence(
                Prepared.multiply(a, b, products),
                Prepared.matmul(products, ones, sums, false, false));
    }

    /**
     * Normalization of every row, made once to be run many times.
     *
     * @param x [rows, vector]
     * @param epsilon {@link #EPSILON}, divided by what the numbers of x are still to be multiplied
     *     by
     * @param y receives each row divided by (epsilon + its root mean square); not x
     * @param divisor receives what it was divided by, [rows, 1]
     */
    static Runnable ofRows(INDArray x, double epsilon, INDArray y, INDArray divisor) {
        return Prepared.sequence(
                rmsOfRows(x, y, divisor),
                Prepared.add(divisor, epsilon, divisor),
                Prepared.divide(x, divisor, y));
    }

    /**
     * The gradient of {@link #ofRows}: with d = rms + epsilon and K numbers in a row, dx = g / d -
     * y (g.y) / (K rms).
     *
     * @param y the result of the forward pass
     * @param divisor d
     * @param g the gradient of y, [rows, vector]
     * @param dx receives the gradient of x; may be g
     * @param temporary of y's shape, overwritten
     * @param column [rows, 1], overwritten
     * @param rms [rows, 1], overwritten
     */
    static Runnable gradientOfRows(
            INDArray y,
            INDArray divisor,
            double epsilon,
            INDArray g,
            INDArray dx,
            INDArray temporary,
            INDArray column,
            INDArray rms) {
        return Prepared.sequence(
                sumsOfProducts(g, y, temporary, column),
                Prepared.add(divisor, -epsilon, rms),
                Prepared.of((Op) new ScalarMax(rms, null, rms, TINY)),
                Prepared.divide(column, rms, column),
                Prepared.multiply(column, 1.0 / y.size(1), column),
                Prepared.multiply(y, column, temporary),
                Prepared.divide(g, divisor, dx),
                Prepared.axpy(-1, temporary, dx, dx));
    }

    /** Elements that share a norm when x is normalized over all axes but the first. */
    static long fanIn(long... shape) {
        return ArrayUtil.prodLong(shape) / shape[0];
    }
}
