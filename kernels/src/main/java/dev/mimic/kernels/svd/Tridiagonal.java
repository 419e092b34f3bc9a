package dev.mimic.kernels.svd;

import dev.mimic.kernels.WorkerPool;
import java.util.Arrays;

/**
 * Reduction of a symmetric matrix to tridiagonal form, {@code A = H T Hᵀ}, by Householder reflectors in blocks (the
 * method of LAPACK's dsytrd: products with the vector read the matrix, its update waits for the end of the block).
 */
final class Tridiagonal {
    private static final int BLOCK = BlockReflector.BLOCK;

    private final DoubleKernels kernels;
    private final WorkerPool pool;
    private final DoubleGemm gemm;
    private final int size;
    private final double[] a;
    private final double[] tau;
    private final double[] w;
    private final double[] diagonal;
    private final double[] offDiagonal;

    /**
     * Reduces a matrix.
     *
     * @param a [size, size], symmetric, both halves set; overwritten and kept: its rows become the reflectors
     */
    Tridiagonal(DoubleKernels kernels, WorkerPool pool, double[] a, int size) {
        this.kernels = kernels;
        this.pool = pool;
        this.gemm = new DoubleGemm(kernels, pool);
        this.size = size;
        this.a = a;
        tau = new double[size];
        w = new double[BLOCK * size];
        diagonal = new double[size];
        offDiagonal = new double[size];
        for (int j0 = 0; j0 < size; j0 += BLOCK) {
            reduceBlock(j0, Math.min(size, j0 + BLOCK));
        }
    }

    /** [size], the diagonal of T. */
    double[] diagonal() {
        return diagonal;
    }

    /** [size], element i the one between i and i + 1; the last is 0. */
    double[] offDiagonal() {
        return offDiagonal;
    }

    private void reduceBlock(int j0, int end) {
        for (int j = j0; j < end; j++) {
            int row = j * size;
            for (int t = j0; t < j; t++) { // what the block owes this row
                int v = t * size;
                int wt = (t - j0) * size;
                double vj = a[v + j];
                kernels.axpy(-w[wt + j], a, v + j, a, row + j, size - j);
                kernels.axpy(-vj, w, wt + j, a, row + j, size - j);
            }
            diagonal[j] = a[row + j];
            if (j == size - 1) {
                continue;
            }
            Householder reflector = Householder.make(kernels, a, row + j + 1, size - j - 1);
            tau[j] = reflector.tau();
            offDiagonal[j] = reflector.beta();
            fillW(j0, j);
        }
        for (int j = j0; j < end; j++) {
            Arrays.fill(a, j * size + j0, j * size + Math.min(size, j + 1), 0);
        }
        int rest = size - end;
        if (rest > 0) {
            int count = end - j0;
            Strided v = Strided.rows(a, j0 * size + end, size);
            Strided ws = Strided.rows(w, end, size);
            gemm.multiply(rest, rest, count, -1, v.transposed(), ws, a, end * size + end, size);
            gemm.multiply(rest, rest, count, -1, ws.transposed(), v, a, end * size + end, size);
        }
    }

    /** w_j = p - tau/2 (p·v) v with p = tau (A - Σ_t (v_t w_tᵀ + w_t v_tᵀ)) v. */
    private void fillW(int j0, int j) {
        int first = j + 1;
        int length = size - first;
        int v = j * size + first;
        int wj = (j - j0) * size;
        Arrays.fill(w, wj, wj + first, 0);
        pool.run(length, Math.max(8, 32768 / length), (begin, end) -> {
            for (int i = begin; i < end; i++) {
                w[wj + first + i] = kernels.dot(a, (first + i) * size + first, a, v, length);
            }
        });
        for (int t = j0; t < j; t++) {
            int vt = t * size + first;
            int wt = (t - j0) * size + first;
            double withW = kernels.dot(w, wt, a, v, length);
            double withV = kernels.dot(a, vt, a, v, length);
            kernels.axpy(-withW, a, vt, w, wj + first, length);
            kernels.axpy(-withV, w, wt, w, wj + first, length);
        }
        double factor = tau[j];
        for (int i = wj + first; i < wj + size; i++) {
            w[i] *= factor;
        }
        double product = kernels.dot(w, wj + first, a, v, length);
        kernels.axpy(-0.5 * factor * product, a, v, w, wj + first, length);
    }

    /**
     * Turns eigenvectors of T into eigenvectors of A: {@code X = X Hᵀ}.
     *
     * @param x [size, size], a vector in each row; overwritten
     */
    void backTransform(double[] x) {
        int reflectors = size - 1;
        int last = (reflectors - 1) / BLOCK * BLOCK;
        for (int j0 = last; j0 >= 0 && reflectors > 0; j0 -= BLOCK) {
            int count = Math.min(BLOCK, reflectors - j0);
            Strided y = Strided.rows(a, j0 * size + j0 + 1, size);
            new BlockReflector(kernels, gemm, count, size - j0 - 1, y, tau, j0).applyBackward(x, j0 + 1, size, size);
        }
    }
}
