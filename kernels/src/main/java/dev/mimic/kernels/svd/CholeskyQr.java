package dev.mimic.kernels.svd;

import dev.mimic.kernels.WorkerPool;

/**
 * Orthonormal bases by the Cholesky factor of the Gram matrix: {@code Q = Y L⁻ᵀ with YᵀY = L Lᵀ}, almost only matrix
 * products. A pass loses the square of the condition; two passes are orthonormal to rounding (Yamamoto et al. 2015).
 * Columns that are nearly dependent go to {@link Qr} instead. Matrices are held by columns, as there.
 */
final class CholeskyQr {
    /** Share of a column's square that must be its own: less, and a pass could leave fewer than five digits. */
    private static final double DEPENDENT = 1e-10;

    private final DoubleKernels kernels;
    private final WorkerPool pool;
    private final DoubleGemm gemm;

    CholeskyQr(DoubleKernels kernels, WorkerPool pool) {
        this.kernels = kernels;
        this.pool = pool;
        this.gemm = new DoubleGemm(kernels, pool);
    }

    /** One pass: well-conditioned columns of the same span, orthonormal to about 1e-5 or better. */
    double[] conditioned(double[] columns, int cols, int rows) {
        double[] q = pass(columns, cols, rows);
        return q != null ? q : new Qr(kernels, pool).orthonormal(columns, cols, rows, cols);
    }

    /** Two passes: columns of the same span, orthonormal to rounding. */
    double[] orthonormal(double[] columns, int cols, int rows) {
        double[] q = pass(columns, cols, rows);
        double[] again = q == null ? null : pass(q, cols, rows);
        return again != null ? again : new Qr(kernels, pool).orthonormal(columns, cols, rows, cols);
    }

    /** Null where a column is nearly dependent on those before it. */
    private double[] pass(double[] columns, int count, int length) {
        double[] lower = new double[count * count];
        Strided y = Strided.rows(columns, 0, length);
        gemm.multiplyUpper(count, length, 1, y, y.transposed(), lower, 0, count);
        for (int i = 0; i < count; i++) {
            for (int j = 0; j < i; j++) {
                lower[i * count + j] = lower[j * count + i];
            }
        }
        if (!factor(lower, count)) {
            return null;
        }
        double[] q = new double[Math.multiplyExact(count, length)];
        gemm.multiply(count, length, count, 1, Strided.rows(inverse(lower, count), 0, count), y, q, 0, length);
        return q;
    }

    /** Leaves L in the lower half; false where a pivot has lost its digits. */
    private boolean factor(double[] a, int size) {
        for (int j = 0; j < size; j++) {
            int row = j * size;
            for (int i = 0; i < j; i++) {
                double product = kernels.dot(a, row, a, i * size, i);
                a[row + i] = (a[row + i] - product) / a[i * size + i];
            }
            double whole = a[row + j];
            double pivot = whole - kernels.dot(a, row, a, row, j);
            if (!(pivot > DEPENDENT * whole)) {
                return false;
            }
            a[row + j] = Math.sqrt(pivot);
        }
        return true;
    }

    /** [size, size], L⁻¹ with zeros above. */
    private double[] inverse(double[] lower, int size) {
        double[] inverse = new double[size * size];
        for (int i = 0; i < size; i++) { // row i = (e_i - Σ_j L[i, j] row j) / L[i, i]
            int row = i * size;
            for (int j = 0; j < i; j++) {
                kernels.axpy(-lower[row + j], inverse, j * size, inverse, row, j + 1);
            }
            double scale = 1 / lower[row + i];
            for (int j = 0; j < i; j++) {
                inverse[row + j] *= scale;
            }
            inverse[row + i] = scale;
        }
        return inverse;
    }
}
