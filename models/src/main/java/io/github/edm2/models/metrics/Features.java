package io.github.edm2.models.metrics;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Feature vectors [n, d], known to be finite, given out in double a few at a time. */
final class Features {

    /** Vectors in a block: products of blocks are large enough for BLAS, and 8 MB. */
    static final int BLOCK = 1024;

    private final INDArray vectors;

    /**
     * @param vectors [n, d] of floats or doubles
     * @param what they are, for messages
     * @param least number of vectors that is enough
     * @throws IllegalArgumentException if they are too few, of another shape, or not all finite
     */
    Features(INDArray vectors, String what, int least) {
        this(vectors, what, least, 0);
    }

    /**
     * @param first how many images came before, for messages that say which image
     */
    Features(INDArray vectors, String what, int least, long first) {
        if (vectors.rank() != 2 || !vectors.dataType().isFPType()) {
            throw new IllegalArgumentException(
                    "%s must be floating-point numbers of shape [vectors, dimensions], got %s"
                            .formatted(what, vectors.shapeInfoToString()));
        }
        if (vectors.size(0) < least) {
            throw new IllegalArgumentException(
                    "%s must be of at least %d images, got %d"
                            .formatted(what, least, vectors.size(0)));
        }
        this.vectors = vectors;
        for (int begin = 0; begin < count(); begin += BLOCK) {
            try (INDArray block = block(begin)) {
                requireFinite(block, first + begin, what);
            }
        }
    }

    private static void requireFinite(INDArray block, long begin, String what) {
        INDArray elements = block.reshape(block.length());
        if (Double.isFinite(Nd4j.getBlasWrapper().dot(elements, elements))) {
            return;
        }
        double[] lengths = squaredLengths(block);
        int bad = 0;
        while (Double.isFinite(lengths[bad])) {
            bad++;
        }
        throw new IllegalArgumentException(
                "%s must be finite numbers whose squares are finite, those of image %d (counted from 0) are not; leave it out or look at the network that gave them"
                        .formatted(what, begin + bad));
    }

    /** How many vectors there are. */
    int count() {
        return Math.toIntExact(vectors.size(0));
    }

    /** Elements of each vector. */
    int dimensions() {
        return Math.toIntExact(vectors.size(1));
    }

    /**
     * A copy of the vectors from a given one on.
     *
     * @return DOUBLE [at most BLOCK, d] in row-major order
     */
    INDArray block(int begin) {
        int end = Math.min(begin + BLOCK, count());
        return copy(vectors.get(NDArrayIndex.interval(begin, end), NDArrayIndex.all()));
    }

    /** Copies the vectors from one to before another. */
    void copy(int begin, int end, INDArray target) {
        target.assign(vectors.get(NDArrayIndex.interval(begin, end), NDArrayIndex.all()));
    }

    /**
     * A copy of some vectors.
     *
     * @return DOUBLE [which.length, d] in row-major order
     */
    INDArray rows(int[] which) {
        return copy(Nd4j.pullRows(vectors, 1, which));
    }

    private static INDArray copy(INDArray rows) {
        return Nd4j.createUninitialized(DataType.DOUBLE, rows.shape()).assign(rows);
    }

    /** Sum of the squares of each vector [n, d]. */
    static double[] squaredLengths(INDArray block) {
        return block.mul(block).sum(1).toDoubleVector();
    }

    /**
     * Checks that two sets can be compared.
     *
     * @throws IllegalArgumentException if their vectors have other lengths
     */
    static void requireSameDimensions(Features real, Features generated) {
        if (real.dimensions() != generated.dimensions()) {
            throw new IllegalArgumentException(
                    "Real and generated features must be of one network, got vectors of %d and %d elements"
                            .formatted(real.dimensions(), generated.dimensions()));
        }
    }
}
