package dev.mimic.kernels.svd;

/**
 * The eigenvalues of {@code diag(d) + rho z zᵀ}: the roots of {@code 1/rho + Σ_i z_i² / (d_i - lambda) = 0}, one between
 * each two neighbours of d and one above the last. A root is held as its nearer pole and the distance from it, so that
 * every d_i - lambda keeps its digits (Gu and Eisenstat 1995); found by interpolation with two poles (Li 1993, LAPACK
 * dlaed4), held in a bracket.
 */
final class SecularEquation {
    private static final double ROUNDING = 0x1p-53;

    /** Interpolations after which only halving is left; 10 are many. */
    private static final int INTERPOLATIONS = 60;

    /** Halvings from one end of a double's range to the other, and then some. */
    private static final int MAX_STEPS = 2400;

    private final DoubleKernels kernels;
    private final double[] d;
    private final double[] z;
    private final int size;
    private final double rho;
    private final double inverse;
    private final double[] origin;
    private final double[] shift;

    /**
     * States it.
     *
     * @param d [size], strictly ascending; kept
     * @param z [size], none zero; kept
     * @param rho positive
     */
    SecularEquation(DoubleKernels kernels, double[] d, double[] z, int size, double rho) {
        this.kernels = kernels;
        this.d = d;
        this.z = z;
        this.size = size;
        this.rho = rho;
        inverse = 1 / rho;
        origin = new double[size];
        shift = new double[size];
    }

    /** The pole that root j is measured from. */
    double origin(int j) {
        return origin[j];
    }

    /** Distance of root j from its pole. */
    double shift(int j) {
        return shift[j];
    }

    /** Root j. */
    double root(int j) {
        return origin[j] + shift[j];
    }

    /**
     * Finds a root. Different roots may be found by different threads.
     *
     * @param sums [stripCols] of scratch
     */
    void solve(int j, double[] sums) {
        if (size == 1) {
            origin[0] = d[0];
            shift[0] = rho * z[0] * z[0];
            return;
        }
        if (j < size - 1) {
            inner(j, sums);
        } else {
            last(sums);
        }
    }

    /** Guesses by the two poles beside the root, the others as they are in the middle. */
    private void inner(int j, double[] sums) {
        double gap = d[j + 1] - d[j];
        double middle = gap / 2;
        kernels.poles(0, j, d, z, d[j], middle, sums);
        double c = inverse + sums[0];
        kernels.poles(j + 2, size, d, z, d[j], middle, sums);
        c += sums[0];
        double below = z[j] * z[j];
        double above = z[j + 1] * z[j + 1];
        if (c + (above - below) / middle >= 0) {
            double a = c * gap + below + above;
            double b = below * gap;
            double root = Math.sqrt(Math.abs(a * a - 4 * b * c));
            origin[j] = d[j];
            iterate(j, j, 0, middle, a > 0 ? 2 * b / (a + root) : (a - root) / (2 * c), sums);
        } else {
            double a = c * gap - below - above;
            double b = above * gap;
            double root = Math.sqrt(Math.abs(a * a + 4 * b * c));
            origin[j] = d[j + 1];
            iterate(j, j, -middle, 0, a < 0 ? 2 * b / (a - root) : -(a + root) / (2 * c), sums);
        }
    }

    private void last(double[] sums) {
        int n = size - 1;
        double norm = kernels.dot(z, 0, z, 0, size);
        double most = rho * norm * (1 + size * 0x1p-52);
        double middle = most / 2;
        double gap = d[n] - d[n - 1];
        kernels.poles(0, n - 1, d, z, d[n], middle, sums);
        double c = inverse + sums[0];
        double below = z[n - 1] * z[n - 1];
        double above = z[n] * z[n];
        boolean high = c - below / (gap + middle) - above / middle <= 0;
        double a = -c * gap + below + above;
        double b = above * gap;
        double root = Math.sqrt(Math.abs(a * a + 4 * b * c));
        double guess = a < 0 ? 2 * b / (root - a) : (a + root) / (2 * c);
        origin[n] = d[n];
        iterate(n, n - 1, high ? middle : 0, high ? most : middle, guess, sums);
    }

    /**
     * Finds root j between {@code low} and {@code high} from its pole.
     *
     * @param left the poles left and left + 1 carry the interpolation
     */
    private void iterate(int j, int left, double low, double high, double guess, double[] sums) {
        double x = guess > low && guess < high ? guess : (low + high) / 2;
        boolean fixedWeight = left == j;
        double before = 0;
        for (int step = 0; step < MAX_STEPS; step++) {
            kernels.poles(0, left + 1, d, z, origin[j], x, sums);
            double psi = sums[0];
            double psiSlope = sums[1];
            kernels.poles(left + 1, size, d, z, origin[j], x, sums);
            double phi = sums[0];
            double slope = psiSlope + sums[1];
            double w = inverse + psi + phi;
            double error = 8 * (Math.abs(psi) + Math.abs(phi)) + 3 * inverse + Math.abs(x) * slope;
            if (Math.abs(w) <= ROUNDING * error) {
                shift[j] = x;
                return;
            }
            if (w < 0) {
                low = x;
            } else {
                high = x;
            }
            if (step > 0 && left == j && Math.abs(w) > Math.abs(before) / 10) {
                fixedWeight = !fixedWeight;
            }
            before = w;
            double next = (low + high) / 2;
            if (step < INTERPOLATIONS) {
                double deltaLeft = (d[left] - origin[j]) - x;
                double deltaRight = (d[left + 1] - origin[j]) - x;
                double c;
                if (!fixedWeight) {
                    c = w - deltaLeft * psiSlope - deltaRight * sums[1];
                } else if (origin[j] == d[left]) {
                    double weight = z[left] / deltaLeft;
                    c = w - deltaRight * slope + (d[left + 1] - d[left]) * weight * weight;
                } else {
                    double weight = z[left + 1] / deltaRight;
                    c = w - deltaLeft * slope - (d[left + 1] - d[left]) * weight * weight;
                }
                double eta = step(deltaLeft, deltaRight, w, slope, c, left == j);
                double to = x + (w * eta < 0 ? eta : -w / slope);
                next = to > low && to < high ? to : (x + (w < 0 ? high : low)) / 2;
            }
            if (next == x || (next <= low && next >= high)) {
                shift[j] = x;
                return;
            }
            x = next;
        }
        throw new ArithmeticException("svd: no convergence at root " + j + " of " + size);
    }

    /** The root nearest to 0 of {@code c + s/(deltaLeft - eta) + t/(deltaRight - eta)}, s and t by value and slope. */
    private static double step(double left, double right, double w, double slope, double c, boolean between) {
        double a = (left + right) * w - left * right * slope;
        double b = left * right * w;
        if (!between) {
            c = Math.abs(c);
        }
        if (c == 0) {
            return b / a;
        }
        double root = Math.sqrt(Math.abs(a * a - 4 * b * c));
        if (between) {
            return a <= 0 ? (a - root) / (2 * c) : 2 * b / (a + root);
        }
        return a >= 0 ? (a + root) / (2 * c) : 2 * b / (a - root);
    }
}
