package dev.mimic.kernels.lowrank;

import dev.mimic.kernels.matrix.Matrix;

/**
 * A low-rank change of a weight [out, in], {@code scale · B A} (Hu et al. 2021), never multiplied out.
 *
 * @param a A, [rank, in]
 * @param b the transpose of B, [rank, out]: its rows are as long as those of A, which suits the vector loops
 * @param scale what multiplies the product, alpha / rank in most files
 */
public record LowRankPair(Matrix a, Matrix b, float scale) {
    public LowRankPair {
        if (a.rows() != b.rows()) {
            throw new IllegalArgumentException("LowRankPair: a is [" + a.rows() + ", " + a.cols() + "], b is ["
                    + b.rows() + ", " + b.cols() + "], expected the same number of rows");
        }
    }

    /** Rows of A, columns of B. */
    public int rank() {
        return a.rows();
    }

    /** Elements of x. */
    public int in() {
        return a.cols();
    }

    /** Elements of y. */
    public int out() {
        return b.cols();
    }
}
