package dev.mimic.kernels.svd;

/** The elementary reflector that maps a vector to a multiple of its first unit vector. */
record Householder(double tau, double beta) {
    /** Squares below have lost digits: 2^-1022 is the least normal number, 2^-53 the rounding. */
    private static final double TINY = 0x1p-960;

    /**
     * Makes {@code H = I - tau v vᵀ} with {@code H x = beta e_0} and puts v, v[0] = 1, in the place of x. A vector that
     * is already such a multiple gives tau = 0 (LAPACK dlarfg).
     *
     * @param x [length] from {@code offset}; overwritten by v
     */
    static Householder make(DoubleKernels kernels, double[] x, int offset, int length) {
        double alpha = x[offset];
        double rest = length > 1 ? kernels.dot(x, offset + 1, x, offset + 1, length - 1) : 0;
        if (alpha * alpha + rest < TINY && !zero(x, offset, length)) {
            return ofTiny(kernels, x, offset, length);
        }
        x[offset] = 1;
        if (rest == 0) {
            return new Householder(0, alpha);
        }
        double beta = -Math.copySign(Math.sqrt(alpha * alpha + rest), alpha);
        double scale = 1 / (alpha - beta);
        for (int i = 1; i < length; i++) {
            x[offset + i] *= scale;
        }
        return new Householder((beta - alpha) / beta, beta);
    }

    private static boolean zero(double[] x, int offset, int length) {
        for (int i = 0; i < length; i++) {
            if (x[offset + i] != 0) {
                return false;
            }
        }
        return true;
    }

    /** Brings the vector to a size whose square has all its digits. */
    private static Householder ofTiny(DoubleKernels kernels, double[] x, int offset, int length) {
        double largest = 0;
        for (int i = 0; i < length; i++) {
            largest = Math.max(largest, Math.abs(x[offset + i]));
        }
        int exponent = Math.getExponent(largest);
        for (int i = 0; i < length; i++) {
            x[offset + i] = Math.scalb(x[offset + i], -exponent);
        }
        Householder scaled = make(kernels, x, offset, length);
        return new Householder(scaled.tau(), Math.scalb(scaled.beta(), exponent));
    }
}
