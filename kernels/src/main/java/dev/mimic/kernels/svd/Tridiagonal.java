package dev.mimic.kernels.svd;

import dev.mimic.kernels.WorkerPool;
import java.util.Arrays;

/**
 * Reduction of a symmetric matrix to tridiagonal form, {@code A = H T Hᵀ}, by Householder reflectors in blocks (the
 * method of LAPACK's dsytrd: products with the vector read the matrix, its update waits for the end of the block). Only
 * the upper half is read and updated.
 */
final class Tridiagonal {
    private static final int BLOCK = 32;

    /** Reflectors that go back in one block: whole blocks of the reduction. */
    private static final int BACK_BLOCK = 2 * BLOCK;

    private static final int GROUP = DoubleKernels.SYMMETRIC_ROWS;

    /** Strips of the symmetric product, each with sums of its own: their number must not depend on the threads. */
    private static final int STRIPS = 8;

    private final DoubleKernels kernels;
    private final WorkerPool pool;
    private final DoubleGemm gemm;
    private final int size;
    private final double[] a;
    private final double[] tau;
    private final double[] w; // [3 · BLOCK, size]: of a block W, then at its end V and W again
    private final double[] partial; // [STRIPS, size]
    private final double[] diagonal;
    private final double[] offDiagonal;

    /**
     * Reduces a matrix.
     *
     * @param a [size, size], symmetric, its upper half set; overwritten and kept: its rows become the reflectors
     */
    Tridiagonal(DoubleKernels kernels, WorkerPool pool, DoubleGemm gemm, double[] a, int size) {
        this.kernels = kernels;
        this.pool = pool;
        this.gemm = gemm;
        this.size = size;
        this.a = a;
        tau = new double[size];
        w = new double[3 * BLOCK * size];
        partial = new double[STRIPS * size];
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
        int backBlock = j0 / BACK_BLOCK * BACK_BLOCK;
        for (int j = j0; j < end; j++) {
            Arrays.fill(a, j * size + backBlock, j * size + Math.min(size, j + 1), 0);
        }
        int rest = size - end;
        if (rest > 0) { // a whole block, then
            System.arraycopy(a, j0 * size, w, BLOCK * size, BLOCK * size);
            System.arraycopy(w, 0, w, 2 * BLOCK * size, BLOCK * size);
            Strided wv = Strided.rows(w, end, size);
            Strided vw = Strided.rows(w, BLOCK * size + end, size);
            gemm.multiplyUpper(rest, 2 * BLOCK, -1, wv.transposed(), vw, a, end * size + end, size);
        }
    }

    /** w_j = p - tau/2 (p·v) v with p = tau (A - Σ_t (v_t w_tᵀ + w_t v_tᵀ)) v. */
    private void fillW(int j0, int j) {
        int first = j + 1;
        int length = size - first;
        int v = j * size + first;
        int wj = (j - j0) * size;
        Arrays.fill(w, wj, wj + size, 0);
        symmetricProduct(first, v, wj + first);
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

    /** w[to…] += A v for the rows and columns of A from {@code first} on. */
    private void symmetricProduct(int first, int v, int to) {
        int length = size - first;
        int strips = length < 16 * STRIPS ? 1 : STRIPS;
        pool.run(strips, length < 256 ? strips : 1, (begin, end) -> {
            double[] alpha = new double[GROUP];
            double[] sums = new double[kernels.stripCols()];
            for (int s = begin; s < end; s++) {
                strip(
                        first,
                        stripStart(length, strips, s),
                        stripStart(length, strips, s + 1),
                        v,
                        s * size,
                        alpha,
                        sums);
            }
        });
        for (int s = 0; s < strips; s++) {
            int start = stripStart(length, strips, s);
            kernels.axpy(1, partial, s * size + start, w, to + start, length - start);
        }
    }

    /** Start of a strip's rows: strips of a triangle with equal areas, whole groups. */
    private static int stripStart(int length, int strips, int s) {
        return s == strips ? length : (int) (length * (1 - Math.sqrt(1 - (double) s / strips))) / GROUP * GROUP;
    }

    /** Rows [begin, end) of the triangle, both ways, into the strip's sums. */
    private void strip(int first, int begin, int end, int v, int y, double[] alpha, double[] sums) {
        int length = size - first;
        Arrays.fill(partial, y + begin, y + length, 0);
        for (int r = begin; r < end; r += GROUP) {
            int diagonalOffset = (first + r) * size + first + r;
            int group = Math.min(GROUP, end - r);
            for (int p = 0; p < group; p++) {
                int row = diagonalOffset + p * size;
                partial[y + r + p] += a[row + p] * a[v + r + p];
                for (int q = p + 1; q < group; q++) {
                    partial[y + r + p] += a[row + q] * a[v + r + q];
                    partial[y + r + q] += a[row + q] * a[v + r + p];
                }
            }
            int next = r + GROUP;
            if (next < length) {
                System.arraycopy(a, v + r, alpha, 0, GROUP);
                kernels.symmetric(
                        length - next, a, diagonalOffset + GROUP, size, a, v + next, alpha, partial, y + next, sums);
                for (int p = 0; p < GROUP; p++) {
                    partial[y + r + p] += sums[p];
                }
            }
        }
    }

    /**
     * Turns eigenvectors of T into eigenvectors of A: {@code X = H X}.
     *
     * @param x [size, size], a vector in each column; overwritten
     */
    void backTransform(double[] x) {
        int reflectors = size - 1;
        int last = (reflectors - 1) / BACK_BLOCK * BACK_BLOCK;
        for (int j0 = last; j0 >= 0 && reflectors > 0; j0 -= BACK_BLOCK) {
            int count = Math.min(BACK_BLOCK, reflectors - j0);
            Strided y = Strided.rows(a, j0 * size + j0 + 1, size);
            new BlockReflector(kernels, gemm, count, size - j0 - 1, y, tau, j0)
                    .applyLeft(x, (j0 + 1) * size, size, size);
        }
    }
}
