package io.github.edm2.models.metrics;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Fréchet (Inception) distance of Heusel et al., "GANs Trained by a Two Time-Scale Update Rule
 * Converge to a Local Nash Equilibrium" (arXiv:1706.08500): with means m and covariances S of the
 * features of two sets of images,
 *
 * <pre>
 * |m1 - m2|² + tr(S1 + S2 - 2 (S1 S2)^(1/2)),
 * </pre>
 *
 * the squared Wasserstein distance of normal distributions with these (Dowson and Landau, 1982).
 *
 * <p>No root of a matrix is needed. With S = F F^T from the eigenvectors of each covariance, the
 * eigenvalues of S1 S2 are the squares of the singular values of F1^T F2, so that the trace of the
 * root is the sum of these. F leaves out eigenvalues that cannot be told from 0 in double
 * precision, for the root of a rounding error of 1e-17 would be 3e-9, a thousand times over where
 * there are fewer images than dimensions.
 */
public final class FrechetDistance {

    /** Distance of 1 to the next larger double. */
    private static final double EPSILON = Math.ulp(1.0);

    /**
     * More than rounding in single precision makes negative, relative to the largest eigenvalue.
     */
    private static final double NEGATIVE = 1e-3;

    private FrechetDistance() {}

    /**
     * The distance, in whichever order; 0 for equal statistics, up to rounding.
     *
     * @param a statistics of one set
     * @param b statistics of another by the same network
     * @throws IllegalArgumentException if their dimensions differ, or a covariance has negative
     *     eigenvalues
     */
    public static double between(FeatureStatistics a, FeatureStatistics b) {
        a.requireSameDimensions(b);
        INDArray step = a.mean().sub(b.mean());
        double means = step.muli(step).sumNumber().doubleValue();
        double traces = trace(a.covariance()) + trace(b.covariance());
        INDArray factorA = factor(a.covariance());
        INDArray factorB = factor(b.covariance());
        double root = sumOfSingularValues(factorA, factorB);
        return Math.max(0, means + traces - 2 * root);
    }

    private static double trace(INDArray matrix) {
        return Nd4j.diag(matrix).sumNumber().doubleValue();
    }

    /** F [d, rank] with F F^T the covariance. */
    private static INDArray factor(INDArray covariance) {
        INDArray vectors = covariance.dup('f');
        double[] values = Lapack.eigenvectors(vectors);
        int d = values.length;
        double largest = values[d - 1];
        if (values[0] < -NEGATIVE * largest) {
            throw new IllegalArgumentException(
                    "A covariance has no negative eigenvalues, got %.3g (the largest is %.3g); make the statistics again"
                            .formatted(values[0], largest));
        }
        int first = 0;
        while (first < d - 1 && values[first] <= d * EPSILON * largest) {
            first++;
        }
        double[] roots = new double[d - first];
        for (int i = first; i < d; i++) {
            roots[i - first] = Math.sqrt(Math.max(0, values[i]));
        }
        INDArray kept = vectors.get(NDArrayIndex.all(), NDArrayIndex.interval(first, d));
        return kept.mulRowVector(Nd4j.createFromArray(roots));
    }

    private static double sumOfSingularValues(INDArray a, INDArray b) {
        INDArray product = Nd4j.create(DataType.DOUBLE, new long[] {a.size(1), b.size(1)}, 'f');
        Nd4j.gemm(a, b, product, true, false, 1, 0);
        double sum = 0;
        for (double value : Lapack.singularValues(product)) {
            sum += value;
        }
        return sum;
    }
}
