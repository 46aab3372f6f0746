package io.github.edm2.models.metrics;

import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.util.Arrays;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.concurrency.AffinityManager.Location;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Squared Euclidean distances |x|² + |y|² - 2 x . y of the vectors of two sets, a block at a time,
 * so that memory does not grow with the number of pairs.
 */
final class DistanceBlocks {

    /**
     * More than the rounding of a squared distance, as a fraction of the squares of both lengths.
     */
    static final double ROUNDING = 1e-12;

    private DistanceBlocks() {}

    /** The distances of some vectors of the one set to some of the other. */
    static final class Block {

        final int firstRow;
        final int rows;
        final int firstColumn;
        final int columns;
        private final double[] squared;

        private Block(int firstRow, int firstColumn, Part a, Part b) {
            this.firstRow = firstRow;
            this.rows = a.squaredLengths.length;
            this.firstColumn = firstColumn;
            this.columns = b.squaredLengths.length;
            this.squared = new double[rows * columns];
            try (INDArray products =
                    Nd4j.createUninitialized(DataType.DOUBLE, new long[] {rows, columns}, 'f')) {
                Nd4j.gemm(a.vectors, b.vectors, products, false, true, 1, 0);
                elements(products).get(squared);
            }
            for (int column = 0; column < columns; column++) {
                for (int row = 0; row < rows; row++) {
                    int i = column * rows + row;
                    double sum = a.squaredLengths[row] + b.squaredLengths[column];
                    squared[i] = Math.max(0, sum - 2 * squared[i]);
                }
            }
        }

        /** Column after column. */
        private static DoubleBuffer elements(INDArray products) {
            Nd4j.getAffinityManager().ensureLocation(products, Location.HOST);
            return products.data().asNio().order(ByteOrder.nativeOrder()).asDoubleBuffer();
        }

        /** Squared distance of vectors by their numbers inside the block. */
        double squared(int row, int column) {
            return squared[column * rows + row];
        }
    }

    /** Uses one block. */
    interface User {
        void use(Block block);
    }

    private record Part(INDArray vectors, double[] squaredLengths) implements AutoCloseable {

        static Part of(Features features, int begin) {
            INDArray vectors = features.block(begin);
            return new Part(vectors, Features.squaredLengths(vectors));
        }

        @Override
        public void close() {
            vectors.close();
        }
    }

    /** All distances: rows are vectors of the one set, columns of the other. */
    static void forEach(Features rows, Features columns, User user) {
        for (int row = 0; row < rows.count(); row += Features.BLOCK) {
            try (Part a = Part.of(rows, row)) {
                for (int column = 0; column < columns.count(); column += Features.BLOCK) {
                    try (Part b = Part.of(columns, column)) {
                        user.use(new Block(row, column, a, b));
                    }
                }
            }
        }
    }

    /**
     * The largest squared distance from each vector at which another counts as no farther than its
     * k-th nearest neighbour in its own set, itself not counted.
     *
     * @param neighbours some k, each from 1 to one less than the number of vectors
     * @return for each k, one radius a vector
     */
    static double[][] squaredRadii(Features set, int... neighbours) {
        int most = Arrays.stream(neighbours).max().orElseThrow();
        double[] nearest = new double[set.count() * most];
        double[] squaredLengths = new double[set.count()];
        Arrays.fill(nearest, Double.POSITIVE_INFINITY);
        for (int row = 0; row < set.count(); row += Features.BLOCK) {
            try (Part a = Part.of(set, row)) {
                System.arraycopy(a.squaredLengths, 0, squaredLengths, row, a.squaredLengths.length);
                for (int column = row; column < set.count(); column += Features.BLOCK) {
                    try (Part b = Part.of(set, column)) {
                        offerPairs(new Block(row, column, a, b), nearest, most);
                    }
                }
            }
        }
        double[][] radii = new double[neighbours.length][set.count()];
        for (int n = 0; n < neighbours.length; n++) {
            for (int i = 0; i < set.count(); i++) {
                double radius = nearest[i * most + neighbours[n] - 1];
                // A neighbour's length is at most the vector's own and the radius together.
                radii[n][i] = radius + ROUNDING * (3 * squaredLengths[i] + 2 * radius);
            }
        }
        return radii;
    }

    /** Each pair once: the other half of the distances is the same. */
    private static void offerPairs(Block block, double[] nearest, int k) {
        for (int column = 0; column < block.columns; column++) {
            int j = block.firstColumn + column;
            int rows = Math.min(block.rows, j - block.firstRow);
            for (int row = 0; row < rows; row++) {
                double squared = block.squared(row, column);
                offer(squared, nearest, (block.firstRow + row) * k, k);
                offer(squared, nearest, j * k, k);
            }
        }
    }

    /** Keeps the k smallest in ascending order. */
    private static void offer(double squared, double[] nearest, int begin, int k) {
        int place = begin + k - 1;
        if (squared >= nearest[place]) {
            return;
        }
        while (place > begin && nearest[place - 1] > squared) {
            nearest[place] = nearest[place - 1];
            place--;
        }
        nearest[place] = squared;
    }
}
