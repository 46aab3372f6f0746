package io.github.edm2.ema;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.ArrayRealVector;
import org.apache.commons.math3.linear.DecompositionSolver;
import org.apache.commons.math3.linear.QRDecomposition;
import org.apache.commons.math3.linear.RealMatrix;

/**
 * How to combine stored averages into one with another profile: the least-squares fit of the wanted
 * profile by the stored ones (Karras et al., arXiv:2312.02696, section 3.2, Algorithm 3). Depends
 * only on profiles and times, not on weights.
 *
 * <p>Immutable.
 */
public final class PosthocCoefficients {

    private final double[] values;
    private final double predictedError;

    private PosthocCoefficients(double[] values, double predictedError) {
        this.values = values;
        this.predictedError = predictedError;
    }

    /**
     * Coefficients of each target, in double precision.
     *
     * @param stored profiles and times of the stored averages, all different
     * @param targets wanted profiles and times
     * @return one set of coefficients per target; a stored average that is later than a target gets
     *     the coefficient 0
     * @throws IllegalArgumentException if two stored averages have the same profile and time, or
     *     none is as early as a target
     */
    public static List<PosthocCoefficients> solve(List<ProfileAt> stored, List<ProfileAt> targets) {
        if (new HashSet<>(stored).size() < stored.size()) {
            throw new IllegalArgumentException(
                    "stored averages must differ in sigmaRel or image count, got " + stored);
        }
        List<PosthocCoefficients> solutions = new ArrayList<>(targets.size());
        Fit fit = null;
        for (ProfileAt target : targets) {
            if (fit == null || fit.latest != target.imageCount()) {
                fit = new Fit(stored, target.imageCount());
            }
            solutions.add(fit.coefficients(target));
        }
        return List.copyOf(solutions);
    }

    /**
     * Number of stored averages.
     *
     * @return number of coefficients
     */
    public int count() {
        return values.length;
    }

    /**
     * Coefficient of one stored average; all of them sum to 1.
     *
     * @param index position of the average in the list given to {@link #solve}
     * @return its coefficient, 0 if it is not used
     */
    public double get(int index) {
        return values[index];
    }

    /**
     * The coefficient of largest magnitude. Rounding errors of the stored averages are multiplied
     * by about this number.
     *
     * @return its magnitude
     */
    public double largestMagnitude() {
        return Arrays.stream(values).map(Math::abs).max().orElse(0);
    }

    /**
     * Relative L2 distance between the profile that the fit gives (before its coefficients are made
     * to sum to 1) and the wanted one.
     *
     * @return distance divided by the wanted profile's norm, 0 for a perfect fit, at most 1
     */
    public double predictedError() {
        return predictedError;
    }

    /** The normal equations of all averages stored up to one time, factored once. */
    private static final class Fit {

        private final long latest;
        private final int storedCount;
        private final int[] used;
        private final double[] times;
        private final double[] gammas;
        private final double[] norms;
        private final DecompositionSolver solver;

        Fit(List<ProfileAt> stored, long latest) {
            this.latest = latest;
            storedCount = stored.size();
            used =
                    IntStream.range(0, storedCount)
                            .filter(i -> stored.get(i).imageCount() <= latest)
                            .toArray();
            if (used.length == 0) {
                throw new IllegalArgumentException(
                        "no average is stored at or before image " + latest);
            }
            times = Arrays.stream(used).mapToDouble(i -> stored.get(i).imageCount()).toArray();
            gammas =
                    Arrays.stream(used).mapToDouble(i -> stored.get(i).profile().gamma()).toArray();
            int count = used.length;
            norms = new double[count];
            for (int i = 0; i < count; i++) {
                norms[i] =
                        Math.sqrt(ProfileAt.innerProduct(times[i], gammas[i], times[i], gammas[i]));
            }
            RealMatrix gram = new Array2DRowRealMatrix(count, count);
            for (int i = 0; i < count; i++) {
                for (int j = 0; j < count; j++) {
                    gram.setEntry(i, j, cosine(i, times[j], gammas[j], norms[j]));
                }
            }
            // Unit diagonal and QR: half the error of LU on 128 averages, whose condition is 2e5.
            solver = new QRDecomposition(gram).getSolver();
        }

        private double cosine(int i, double time, double gamma, double norm) {
            return ProfileAt.innerProduct(times[i], gammas[i], time, gamma) / (norms[i] * norm);
        }

        PosthocCoefficients coefficients(ProfileAt target) {
            double gamma = target.profile().gamma();
            double norm = Math.sqrt(target.innerProduct(target));
            double[] b = new double[used.length];
            for (int i = 0; i < b.length; i++) {
                b[i] = cosine(i, target.imageCount(), gamma, norm);
            }
            double[] x = solver.solve(new ArrayRealVector(b, false)).toArray();
            double projection = 0;
            double sum = 0;
            for (int i = 0; i < x.length; i++) {
                projection += b[i] * x[i];
                x[i] /= norms[i];
                sum += x[i];
            }
            double[] values = new double[storedCount];
            for (int i = 0; i < x.length; i++) {
                values[used[i]] = x[i] / sum;
            }
            // Rounding can push the projection of a stored profile on itself slightly beyond 1.
            return new PosthocCoefficients(values, Math.sqrt(Math.max(0, 1 - projection)));
        }
    }
}
