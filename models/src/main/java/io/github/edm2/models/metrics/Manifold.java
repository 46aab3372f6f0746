package io.github.edm2.models.metrics;

import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * How real and generated images share the manifold of features, which balls around the features
 * stand for: the ball of a vector reaches to its k-th nearest neighbour in its own set.
 *
 * <p>Precision and recall are those of Kynkäänniemi et al., "Improved Precision and Recall Metric
 * for Assessing Generative Models" (arXiv:1904.06991), density and coverage those of Naeem et al.,
 * "Reliable Fidelity and Diversity Metrics for Generative Models" (arXiv:2002.09797).
 *
 * <p>A vector is not its own neighbour, but an equal one in its set is: k + 1 equal vectors have
 * balls of radius 0. A vector on the surface of a ball, up to the rounding of double precision, is
 * inside (the papers disagree on it; it matters for duplicates only).
 *
 * @param precision share of generated images inside the ball of any real one
 * @param recall share of real images inside the ball of any generated one
 * @param density number of balls of real images that a generated one is inside of, on average,
 *     divided by k; more than 1 where generated images crowd together at the densest places
 * @param coverage share of real images whose ball has a generated image in it
 */
public record Manifold(double precision, double recall, double density, double coverage) {

    /** The number of neighbours for density and coverage in their paper. */
    public static final int NEIGHBOURS = 5;

    /** The number of neighbours for precision and recall in their paper. */
    public static final int PRECISION_NEIGHBOURS = 3;

    /**
     * Compares two sets by one number of neighbours, {@value #NEIGHBOURS}.
     *
     * @param real features [n, d]
     * @param generated features [m, d]
     * @throws IllegalArgumentException as for the other method
     */
    public static Manifold of(INDArray real, INDArray generated) {
        return of(real, generated, NEIGHBOURS, NEIGHBOURS);
    }

    /**
     * Compares two sets. Takes the time of (n + m)² d / 2 multiplications, and memory for a few
     * blocks of vectors and of distances.
     *
     * @param real features [n, d]
     * @param generated features [m, d]
     * @param precisionNeighbours k of precision and recall, from 1 to one less than the number of
     *     images in the smaller set
     * @param densityNeighbours k of density and coverage, likewise
     * @throws IllegalArgumentException if features are too few or not finite, or their shapes or
     *     the numbers of neighbours do not fit
     */
    public static Manifold of(
            INDArray real, INDArray generated, int precisionNeighbours, int densityNeighbours) {
        Features x = new Features(real, "Real features", 2);
        Features y = new Features(generated, "Generated features", 2);
        Features.requireSameDimensions(x, y);
        for (int k : new int[] {precisionNeighbours, densityNeighbours}) {
            if (k < 1) {
                throw new IllegalArgumentException(
                        "The number of neighbours must be at least 1, got " + k);
            }
            if (k >= Math.min(x.count(), y.count())) {
                throw new IllegalArgumentException(
                        "Balls that reach to neighbour %d need at least %d images in each set, got %d real and %d generated"
                                .formatted(k, k + 1L, x.count(), y.count()));
            }
        }
        Balls balls = new Balls(x, y, precisionNeighbours, densityNeighbours);
        DistanceBlocks.forEach(x, y, balls::add);
        return balls.manifold();
    }

    /** Who is inside of whose ball. */
    private static final class Balls {

        private final double[] real;
        private final double[] realForDensity;
        private final double[] generated;
        private final int densityNeighbours;

        private final boolean[] precise;
        private final boolean[] recalled;
        private final boolean[] covered;
        private long inside;

        Balls(Features x, Features y, int precisionNeighbours, int densityNeighbours) {
            double[][] radii =
                    DistanceBlocks.squaredRadii(x, precisionNeighbours, densityNeighbours);
            real = radii[0];
            realForDensity = radii[1];
            generated = DistanceBlocks.squaredRadii(y, precisionNeighbours)[0];
            this.densityNeighbours = densityNeighbours;
            precise = new boolean[y.count()];
            recalled = new boolean[x.count()];
            covered = new boolean[x.count()];
        }

        void add(DistanceBlocks.Block block) {
            for (int column = 0; column < block.columns; column++) {
                int j = block.firstColumn + column;
                for (int row = 0; row < block.rows; row++) {
                    int i = block.firstRow + row;
                    double squared = block.squared(row, column);
                    precise[j] |= squared <= real[i];
                    recalled[i] |= squared <= generated[j];
                    if (squared <= realForDensity[i]) {
                        covered[i] = true;
                        inside++;
                    }
                }
            }
        }

        Manifold manifold() {
            double density = (double) inside / densityNeighbours / precise.length;
            return new Manifold(share(precise), share(recalled), density, share(covered));
        }

        private static double share(boolean[] which) {
            int count = 0;
            for (boolean one : which) {
                count += one ? 1 : 0;
            }
            return (double) count / which.length;
        }
    }
}
