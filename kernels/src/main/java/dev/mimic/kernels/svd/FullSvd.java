package dev.mimic.kernels.svd;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.matrix.Matrix;

/**
 * The whole decomposition of a matrix of any shape and rank, computed in double precision: singular values good to 1e-7
 * of the largest, bound only by the rounding of the result to floats. The result does not depend on the number of
 * threads. It takes 8 bytes an element of W and three times that of a square of the shorter side.
 */
public final class FullSvd {
    private final DoubleKernels kernels;
    private final WorkerPool pool;

    /** Makes it; kernels and pool are borrowed. */
    public FullSvd(DoubleKernels kernels, WorkerPool pool) {
        this.kernels = kernels;
        this.pool = pool;
    }

    /**
     * Decomposes.
     *
     * @param w [rows, cols]; read only
     * @return all min(rows, cols) singular values and their vectors
     * @throws IllegalArgumentException if an element is not finite (names it) or W is empty
     */
    public Svd decompose(Matrix w) {
        boolean wide = w.cols() > w.rows();
        int height = Math.max(w.rows(), w.cols());
        int width = Math.min(w.rows(), w.cols());
        double[] a = DoubleMatrix.tall("svd", pool, w);
        GramSvd.Factors factors = new GramSvd(kernels, pool).decompose(a, height, width);
        Assembly assembly = new Assembly(kernels, pool, factors, height, width);
        return wide
                ? assembly.svd(w.rows(), w.cols(), assembly.right(), assembly.left())
                : assembly.svd(w.rows(), w.cols(), assembly.left(), assembly.right());
    }
}
