package dev.mimic.kernels.svf;

import dev.mimic.kernels.matrix.Matrix;

/**
 * The factors of a weight {@code W [out, in] ≈ U diag(sigma) Vᵀ}, as they lie in a factors file. sigma is not here: it
 * comes folded into each row's scale, and so do the scales of factors of bytes.
 *
 * @param u [out, rank]
 * @param v [in, rank]; {@code Vᵀ} [rank, in] where it is stored so
 * @param transposed whether {@code v} is {@code Vᵀ}
 */
public record SvfFactors(Matrix u, Matrix v, boolean transposed) {
    public SvfFactors {
        int rank = transposed ? v.rows() : v.cols();
        if (u.cols() != rank) {
            throw new IllegalArgumentException(
                    "SvfFactors: U has rank " + u.cols() + ", V has rank " + rank + ", expected the same");
        }
    }

    /** U [out, rank] and V [in, rank]. */
    public SvfFactors(Matrix u, Matrix v) {
        this(u, v, false);
    }

    public int rank() {
        return u.cols();
    }

    /** Elements of y. */
    public int out() {
        return u.rows();
    }

    /** Elements of x. */
    public int in() {
        return transposed ? v.cols() : v.rows();
    }
}
