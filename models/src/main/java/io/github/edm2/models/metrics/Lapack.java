package io.github.edm2.models.metrics;

import static org.bytedeco.openblas.global.openblas.LAPACKE_dgesdd;
import static org.bytedeco.openblas.global.openblas.LAPACKE_dsyevd;
import static org.bytedeco.openblas.global.openblas.LAPACK_COL_MAJOR;

import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import org.nd4j.linalg.api.concurrency.AffinityManager.Location;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Decompositions in double by LAPACK, from the OpenBLAS that ND4J computes with on a CPU.
 *
 * <p>ND4J's own call (M2.1, {@code Nd4j.getBlasWrapper().syev}) is right, but takes the QR
 * iteration: the eigenvectors of 2,048 dimensions took 22 s where divide and conquer took 5.6 s
 * (two busy cores). With a CUDA backend, too, the matrix is decomposed on the host.
 */
final class Lapack {

    private Lapack() {}

    /**
     * Eigenvectors of a symmetric matrix, by divide and conquer.
     *
     * @param matrix DOUBLE [d, d] in column-major order, no view; receives the vectors as columns
     * @return the eigenvalues in ascending order
     */
    static double[] eigenvectors(INDArray matrix) {
        int d = matrix.rows();
        double[] values = new double[d];
        byte vectors = 'V';
        byte lower = 'L';
        int failed =
                LAPACKE_dsyevd(
                        LAPACK_COL_MAJOR,
                        vectors,
                        lower,
                        d,
                        elements(matrix),
                        d,
                        DoubleBuffer.wrap(values));
        requireConverged(failed);
        Nd4j.getAffinityManager().tagLocation(matrix, Location.HOST);
        return values;
    }

    /**
     * Singular values.
     *
     * @param matrix DOUBLE in column-major order, no view; destroyed
     * @return as many as it has rows or columns, whichever are fewer
     */
    static double[] singularValues(INDArray matrix) {
        int rows = matrix.rows();
        int columns = matrix.columns();
        double[] values = new double[Math.min(rows, columns)];
        byte noVectors = (byte) 'N';
        DoubleBuffer none = DoubleBuffer.allocate(1);
        int failed =
                LAPACKE_dgesdd(
                        LAPACK_COL_MAJOR,
                        noVectors,
                        rows,
                        columns,
                        elements(matrix),
                        rows,
                        DoubleBuffer.wrap(values),
                        none,
                        rows,
                        none,
                        values.length);
        requireConverged(failed);
        return values;
    }

    private static DoubleBuffer elements(INDArray matrix) {
        Nd4j.getAffinityManager().ensureLocation(matrix, Location.HOST);
        return matrix.data().asNio().order(ByteOrder.nativeOrder()).asDoubleBuffer();
    }

    private static void requireConverged(int failed) {
        if (failed != 0) {
            throw new IllegalStateException(
                    "LAPACK does not decompose the covariance (code %d)".formatted(failed));
        }
    }
}
