package dev.mimic.kernels.svd;

import dev.mimic.kernels.WorkerPool;

/**
 * Householder QR of tall matrices, in blocks. Matrices are held by columns: [cols, rows], a column of the matrix in each
 * row of the array. No pivoting; a dependent column is no error, Q is orthonormal all the same.
 */
public final class Qr {
    private final DoubleKernels kernels;
    private final DoubleGemm gemm;
    private final WorkerPool pool;

    /** Makes it; kernels and pool are borrowed. */
    public Qr(DoubleKernels kernels, WorkerPool pool) {
        this.kernels = kernels;
        this.gemm = new DoubleGemm(kernels, pool);
        this.pool = pool;
    }

    /**
     * The orthonormal factor, possibly with more columns than were given: those complete the basis.
     *
     * @param columns [cols, rows], the matrix by columns, cols ≤ rows; overwritten by the reflectors
     * @param wanted columns of Q, from cols to rows
     * @return [wanted, rows], Q by columns; the first {@code cols} span what the given columns span
     */
    public double[] orthonormal(double[] columns, int cols, int rows, int wanted) {
        if (cols > rows || wanted < cols || wanted > rows || columns.length < (long) cols * rows) {
            throw new IllegalArgumentException("qr: [" + rows + ", " + cols + "] with " + wanted + " columns of Q from "
                    + columns.length + " elements, expected cols ≤ wanted ≤ rows");
        }
        double[] tau = factor(columns, cols, rows, null);
        double[] q = new double[Math.multiplyExact(wanted, rows)];
        for (int i = 0; i < wanted; i++) {
            q[i * rows + i] = 1;
        }
        int last = (cols - 1) / BlockReflector.BLOCK * BlockReflector.BLOCK;
        for (int j0 = last; j0 >= 0; j0 -= BlockReflector.BLOCK) {
            int count = Math.min(BlockReflector.BLOCK, cols - j0);
            block(columns, rows, j0, count, tau).applyBackward(q, j0, rows, wanted);
        }
        return q;
    }

    /**
     * The triangular factor.
     *
     * @param columns [cols, rows], the matrix by columns, cols ≤ rows; overwritten
     * @return [cols, cols], R row-major, upper triangular; its diagonal may be negative
     */
    public double[] triangular(double[] columns, int cols, int rows) {
        double[] r = new double[cols * cols];
        factor(columns, cols, rows, r);
        return r;
    }

    /** Leaves the reflectors in the columns, zeros before their first element; R, if wanted, goes to r. */
    private double[] factor(double[] columns, int cols, int rows, double[] r) {
        double[] tau = new double[cols];
        double[] diagonal = new double[cols];
        for (int j0 = 0; j0 < cols; j0 += BlockReflector.BLOCK) {
            int end = Math.min(cols, j0 + BlockReflector.BLOCK);
            for (int j = j0; j < end; j++) {
                Householder reflector = Householder.make(kernels, columns, j * rows + j, rows - j);
                tau[j] = reflector.tau();
                diagonal[j] = reflector.beta();
                reflect(columns, rows, j, tau[j], j + 1, end);
            }
            for (int j = j0; j < end; j++) { // what stands above the diagonal is R: out of the reflectors' way
                for (int i = 0; i < j; i++) {
                    if (r != null) {
                        r[i * cols + j] = columns[j * rows + i];
                    }
                    columns[j * rows + i] = 0;
                }
                if (r != null) {
                    r[j * cols + j] = diagonal[j];
                }
            }
            if (end < cols) {
                block(columns, rows, j0, end - j0, tau).applyForward(columns, end * rows + j0, rows, cols - end);
            }
        }
        return tau;
    }

    private void reflect(double[] columns, int rows, int j, double tau, int begin, int end) {
        int from = j * rows + j;
        pool.run(end - begin, 8, (first, last) -> {
            for (int i = begin + first; i < begin + last; i++) {
                double product = kernels.dot(columns, from, columns, i * rows + j, rows - j);
                kernels.axpy(-tau * product, columns, from, columns, i * rows + j, rows - j);
            }
        });
    }

    private BlockReflector block(double[] columns, int rows, int j0, int count, double[] tau) {
        return new BlockReflector(
                kernels, gemm, count, rows - j0, Strided.rows(columns, j0 * rows + j0, rows), tau, j0);
    }
}
