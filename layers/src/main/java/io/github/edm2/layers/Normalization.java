package io.github.edm2.layers;

import io.github.edm2.layers.plan.Prepared;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.common.util.ArrayUtil;
import org.nd4j.linalg.api.buffer.DataType;
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
 * attention vectors are all normalized by this. The DL4J face sees pixels and attention vectors as
 * [outer, vector, inner] and normalizes along the middle axis; {@link MpWeight} has the weights.
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
     * Sum along the middle axis, as a product with ones: ND4J's reductions (M2.1, CPU) take two to
     * five times as long.
     *
     * @param x [outer, vector, inner]
     * @param ones [outer, 1, vector], all 1
     * @param sum receives [outer, 1, inner]
     */
    private static void sum(INDArray x, INDArray ones, INDArray sum) {
        new GroupProduct(ones, x, sum, false, false, 1).run();
    }

    /**
     * Root mean square along the middle axis.
     *
     * @param squares of x's shape, overwritten
     */
    private static void rms(INDArray x, INDArray squares, INDArray ones, INDArray rms) {
        x.mul(x, squares);
        sum(squares, ones, rms);
        root(rms, x.size(1));
    }

    private static void root(INDArray sums, long count) {
        sums.divi(count);
        Nd4j.exec(new Sqrt(sums, sums));
    }

    /**
     * Root mean square of every row.
     *
     * @param rows [rows, vector]
     * @param squares of the rows' shape, overwritten
     * @param ones [vector, 1], all 1
     * @param rms receives [rows, 1]
     */
    static void rowRms(INDArray rows, INDArray squares, INDArray ones, INDArray rms) {
        rows.mul(rows, squares);
        Nd4j.matmul(squares, ones, rms, false, false, false);
        root(rms, rows.size(1));
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

    /**
     * Forward pass with what the backward pass needs.
     *
     * @param x [outer, vector, inner]
     * @param yPlace where y goes
     * @param rmsPlace where rms goes
     * @return {y, rms}: y in x's shape and rms [outer, 1, inner]
     */
    static INDArray[] forward(
            INDArray x, ArrayType yPlace, ArrayType rmsPlace, LayerWorkspaceMgr workspaces) {
        INDArray rms =
                workspaces.createUninitialized(rmsPlace, x.dataType(), x.size(0), 1, x.size(2));
        INDArray y = workspaces.createUninitialized(yPlace, x.dataType(), x.shape(), 'c');
        rms(x, y, ones(x, ArrayType.FF_WORKING_MEM, workspaces), rms);
        INDArray divisor =
                rms.add(
                        EPSILON,
                        workspaces.createUninitialized(
                                ArrayType.FF_WORKING_MEM, rms.dataType(), rms.shape(), 'c'));
        x.div(divisor, y);
        return new INDArray[] {y, rms};
    }

    private static INDArray ones(INDArray x, ArrayType place, LayerWorkspaceMgr workspaces) {
        return workspaces
                .createUninitialized(place, x.dataType(), x.size(0), 1, x.size(1))
                .assign(1);
    }

    /**
     * Backward pass: with y = x/d, d = rms + 1e-4 and K = vector length, dx = (g - x (g.x) / (K rms
     * d)) / d. It takes x rather than y because the next layer's dropout may overwrite y.
     *
     * @param x [outer, vector, inner]
     * @param rms [outer, 1, inner] of the forward pass
     * @param g the gradient of y
     * @param dx receives the gradient of x; may be {@code g}, not {@code x}
     */
    static void backward(
            INDArray x, INDArray rms, INDArray g, INDArray dx, LayerWorkspaceMgr workspaces) {
        INDArray product = temporary(workspaces, x.dataType(), x.shape());
        INDArray column = temporary(workspaces, x.dataType(), rms.shape());
        INDArray divisor = temporary(workspaces, x.dataType(), rms.shape());
        g.mul(x, product);
        sum(product, ones(x, ArrayType.BP_WORKING_MEM, workspaces), column);
        rms.add(EPSILON, divisor);
        column.divi(divisor);
        Nd4j.exec(new ScalarMax(rms, null, divisor, TINY));
        column.divi(divisor).divi(x.size(1));
        x.mul(column, product);
        g.sub(product, dx);
        rms.add(EPSILON, divisor);
        dx.divi(divisor);
    }

    private static INDArray temporary(LayerWorkspaceMgr workspaces, DataType type, long... shape) {
        return workspaces.createUninitialized(ArrayType.BP_WORKING_MEM, type, shape, 'c');
    }

    /** Elements that share a norm when x is normalized over all axes but the first. */
    static long fanIn(long... shape) {
        return ArrayUtil.prodLong(shape) / shape[0];
    }
}
