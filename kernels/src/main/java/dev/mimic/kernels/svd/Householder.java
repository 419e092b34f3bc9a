package dev.mimic.kernels.svd;

/** The elementary reflector that maps a vector to a multiple of its first unit vector. */
record Householder(double tau, double beta) {
    /**
     * Makes {@code H = I - tau v vᵀ} with {@code H x = beta e_0} and puts v, v[0] = 1, in the place of x. A vector that
     * is already such a multiple gives tau = 0 (LAPACK dlarfg).
     *
     * @param x [length] from {@code offset}; overwritten by v
     */
    static Householder make(DoubleKernels kernels, double[] x, int offset, int length) {
        double alpha = x[offset];
        double rest = length > 1 ? kernels.dot(x, offset + 1, x, offset + 1, length - 1) : 0;
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
}
