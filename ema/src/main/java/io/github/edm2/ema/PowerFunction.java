package io.github.edm2.ema;

import org.apache.commons.math3.analysis.polynomials.PolynomialFunction;
import org.apache.commons.math3.analysis.solvers.BracketingNthOrderBrentSolver;

/**
 * The power-function profile p(t) proportional to t^gamma on [0, now], identified by its relative
 * standard deviation (Karras et al., arXiv:2312.02696, section 3.1 and Eq. 121-127).
 *
 * @param sigmaRel standard deviation of the profile relative to the training length, in (0, 0.289);
 *     0.05 averages over roughly the last tenth of the training
 */
public record PowerFunction(double sigmaRel) implements EmaProfile {

    /** Relative standard deviation of gamma = 0, the plain mean of all weights seen. */
    private static final double SIGMA_REL_BOUND = 1 / Math.sqrt(12);

    private static final int MAX_EVALUATIONS = 200;

    private static final double ROOT_ACCURACY = 1e-15;

    /**
     * Checks the relative standard deviation.
     *
     * @throws IllegalArgumentException if {@code sigmaRel} is not in (0, 1/sqrt(12))
     */
    public PowerFunction {
        if (!isSigmaRel(sigmaRel)) {
            throw new IllegalArgumentException(
                    "sigmaRel must be in (0, 0.289), got "
                            + sigmaRel
                            + "; larger values would weigh early weights more than late ones");
        }
    }

    /**
     * Whether a number can be a relative standard deviation.
     *
     * @param number any number
     * @return whether it is in (0, 1/sqrt(12))
     */
    public static boolean isSigmaRel(double number) {
        return number > 0 && number < SIGMA_REL_BOUND;
    }

    /**
     * The profile with the given exponent; sigmaRel^2 = (gamma + 1) / ((gamma + 2)^2 (gamma + 3)).
     *
     * @param gamma exponent, positive and finite
     * @return the profile t^gamma
     * @throws IllegalArgumentException if {@code gamma} is not positive and finite
     */
    public static PowerFunction ofGamma(double gamma) {
        if (!(gamma > 0 && gamma < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("gamma must be positive, got " + gamma);
        }
        return new PowerFunction(
                Math.sqrt((gamma + 1) / ((gamma + 3) * (gamma + 2) * (gamma + 2))));
    }

    /**
     * The exponent: the positive root of gamma^3 + 7 gamma^2 + (16 - sigmaRel^-2) gamma + 12 -
     * sigmaRel^-2, which is the formula of {@link #ofGamma} solved for gamma.
     *
     * @return gamma, positive
     */
    public double gamma() {
        double inverseSquare = 1 / (sigmaRel * sigmaRel);
        PolynomialFunction cubic =
                new PolynomialFunction(new double[] {12 - inverseSquare, 16 - inverseSquare, 7, 1});
        // The signs of the coefficients change once, so there is one positive root; the cubic is
        // negative at 0 and positive at 1 / sigmaRel.
        return new BracketingNthOrderBrentSolver(ROOT_ACCURACY, ROOT_ACCURACY, ROOT_ACCURACY, 5)
                .solve(MAX_EVALUATIONS, cubic, 0, 1 / sigmaRel);
    }

    /** {@inheritDoc} Here (1 - elapsed / imageCount)^(gamma + 1). */
    @Override
    public double beta(long imageCount, long elapsed) {
        return Math.pow(1 - (double) elapsed / imageCount, gamma() + 1);
    }

    /**
     * The profile's density, (gamma + 1) t^gamma / now^(gamma + 1) on [0, now] and 0 after it.
     *
     * @param time time of the weights in images, not negative
     * @param now time of the average in images, positive
     * @return weight per image, integrating to 1
     */
    public double response(double time, double now) {
        double gamma = gamma();
        return time <= now ? (gamma + 1) / now * Math.pow(time / now, gamma) : 0;
    }

    @Override
    public String label() {
        return "sigmaRel=" + sigmaRel;
    }
}
