package io.github.edm2.layers;

/**
 * Minimal filtering F(4, 3) (S. Winograd, Arithmetic Complexity of Computations, 1980): four
 * outputs y of a filter w of three taps come from six inputs x by six products instead of twelve,
 *
 * <pre>y = Aᵀ ((G w) ∘ (Bᵀ x))</pre>
 *
 * G and Aᵀ evaluate polynomials at five points and infinity, and Bᵀ holds the coefficients of their
 * Lagrange basis. With these points, errors of rounding are two to three times those of the plain
 * sum; with 0, 1, -1, 2, -2 they are more than three times as large.
 */
final class MinimalFiltering {

    static final int OUTPUTS = 4;
    static final int TAPS = 3;
    static final int COMPONENTS = OUTPUTS + TAPS - 1;

    private static final double[] POINTS = {0, 2.0 / 3, -2.0 / 3, 1.5, -1.5};

    private MinimalFiltering() {}

    /** Aᵀ: a component's factor in an output. */
    static double output(int component, int output) {
        return power(component, output, OUTPUTS);
    }

    /** G: a tap's factor in a component. */
    static double kernel(int component, int tap) {
        return power(component, tap, TAPS);
    }

    /** A point's power; of infinity, the highest coefficient. */
    private static double power(int component, int exponent, int terms) {
        if (component == POINTS.length) {
            return exponent == terms - 1 ? 1 : 0;
        }
        return Math.pow(POINTS[component], exponent);
    }

    /**
     * A row of Bᵀ: the inputs' factors in a component. Coefficients of the Lagrange polynomial of a
     * point; of infinity, of the polynomial with all points as roots.
     */
    static double[] input(int component) {
        double[] polynomial = new double[COMPONENTS];
        polynomial[0] = 1;
        for (int j = 0; j < POINTS.length; j++) {
            if (j != component) {
                double scale = component == POINTS.length ? 1 : 1 / (POINTS[component] - POINTS[j]);
                for (int k = COMPONENTS - 1; k >= 0; k--) {
                    double lower = k == 0 ? 0 : polynomial[k - 1];
                    polynomial[k] = (lower - POINTS[j] * polynomial[k]) * scale;
                }
            }
        }
        return polynomial;
    }
}
