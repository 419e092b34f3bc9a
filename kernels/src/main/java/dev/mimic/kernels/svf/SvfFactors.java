package dev.mimic.kernels.svf;

import dev.mimic.kernels.matrix.Matrix;

/**
 * The factors of a weight {@code W [out, in] ≈ U diag(sigma) Vᵀ}, as they lie in a factors file. sigma is not here: it
 * comes folded into each row's scale.
 *
 * @param u [out, rank]
 * @param v [in, rank]
 */
public record SvfFactors(Matrix u, Matrix v) {
    public SvfFactors {
        if (u.cols() != v.cols()) {
            throw new IllegalArgumentException(
                    "SvfFactors: U has rank " + u.cols() + ", V has rank " + v.cols() + ", expected the same");
        }
    }

    public int rank() {
        return u.cols();
    }
}
