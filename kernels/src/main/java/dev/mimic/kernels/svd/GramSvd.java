package dev.mimic.kernels.svd;

import dev.mimic.kernels.WorkerPool;
import java.util.Arrays;

/**
 * The decomposition of a tall matrix A [rows, cols] of doubles by the eigenvectors of its Gram matrix AᵀA.
 *
 * <p>Squaring costs half of the digits: the eigenvectors are good where sigma is above a thousandth of the largest
 * (there u_i·u_j stays below about 1e-9). What lies below is cut off as A V_tail, freed of its part along the u found so
 * far, and decomposed the same way, so that each level gains three decades; after at most five the rest is rounding of
 * zero. See docs/decisions/0003-full-svd.md.
 */
final class GramSvd {
    /** Sigma, relative to the largest of its level, from which a level's vectors are taken. */
    private static final double HEAD = 1e-3;

    /** Side of the blocks of a transposition. */
    private static final int SQUARE = 32;

    /** Rows multiplied by V at a time, in place. */
    private static final int PANEL = 480;

    private final DoubleKernels kernels;
    private final WorkerPool pool;
    private final DoubleGemm gemm;

    /**
     * What a decomposition gives, in no order.
     *
     * @param u [rows, cols], row-major; a column of zeros where sigma is 0
     * @param sigma [cols]
     * @param v [cols, cols], row-major
     */
    @SuppressWarnings("ArrayRecordComponent") // handed over once, never compared
    record Factors(double[] u, double[] sigma, double[] v) {}

    GramSvd(DoubleKernels kernels, WorkerPool pool) {
        this.kernels = kernels;
        this.pool = pool;
        this.gemm = new DoubleGemm(kernels, pool);
    }

    /**
     * Decomposes.
     *
     * @param a [rows, cols], row-major, rows ≥ cols; overwritten by U
     */
    Factors decompose(double[] a, int rows, int cols) {
        return level(a, rows, cols, -1);
    }

    private Factors level(double[] a, int rows, int cols, double knownZero) {
        double[] gram = new double[Math.multiplyExact(cols, cols)];
        gemm.gram(rows, cols, Strided.rows(a, 0, cols), gram);
        Tridiagonal tridiagonal = new Tridiagonal(kernels, pool, gemm, gram, cols);
        double[] eigenvalues = tridiagonal.diagonal();
        double[] rowsOfT = DivideAndConquer.solve(kernels, pool, gemm, eigenvalues, tridiagonal.offDiagonal());
        double[] v = columnsByDescending(eigenvalues, rowsOfT, cols);
        tridiagonal.backTransform(v);
        multiplyInPlace(a, rows, cols, v);
        double[] sigma = columnNorms(a, rows, cols);
        double largest = Arrays.stream(sigma).max().orElse(0);
        // what rounding leaves of a zero: the norm of cols sums of products of unit vectors
        double zero = knownZero >= 0 ? knownZero : largest * cols * 0x1p-52;
        int head = 0;
        while (head < cols && sigma[head] > Math.max(zero, HEAD * largest)) {
            head++;
        }
        double[] tail = head < cols ? cutTail(a, rows, cols, head, sigma) : null;
        normalize(a, rows, cols, head, sigma);
        if (tail != null) {
            solveTail(tail, new Factors(a, sigma, v), rows, head, zero);
        }
        return new Factors(a, sigma, v);
    }

    /** Decomposes what is left of the tail's columns and puts the result in their place. */
    private void solveTail(double[] tail, Factors whole, int rows, int head, double zero) {
        int cols = whole.sigma().length;
        int width = cols - head;
        if (head > 0) {
            double[] products = new double[head * width];
            Strided u = Strided.rows(whole.u(), 0, cols);
            gemm.multiply(head, width, rows, 1, u.transposed(), Strided.rows(tail, 0, width), products, 0, width);
            gemm.multiply(rows, width, head, -1, u, Strided.rows(products, 0, width), tail, 0, width);
        }
        double largest = Arrays.stream(columnNorms(tail, rows, width)).max().orElse(0);
        if (largest <= zero) {
            Arrays.fill(whole.sigma(), head, cols, 0);
            return;
        }
        Factors part = level(tail, rows, width, zero);
        System.arraycopy(part.sigma(), 0, whole.sigma(), head, width);
        for (int i = 0; i < rows; i++) {
            System.arraycopy(part.u(), i * width, whole.u(), i * cols + head, width);
        }
        double[] turned = new double[cols * width];
        Strided right = Strided.rows(whole.v(), head, cols);
        gemm.multiply(cols, width, width, 1, right, Strided.rows(part.v(), 0, width), turned, 0, width);
        for (int i = 0; i < cols; i++) {
            System.arraycopy(turned, i * width, whole.v(), i * cols + head, width);
        }
    }

    /** The rows as columns, a block at a time. */
    private double[] columnsByDescending(double[] values, double[] rows, int size) {
        int[] order = Descending.order(values);
        double[] columns = new double[rows.length];
        pool.run((size + SQUARE - 1) / SQUARE, 1, (begin, end) -> {
            for (int i0 = begin * SQUARE; i0 < Math.min(size, end * SQUARE); i0 += SQUARE) {
                for (int j0 = 0; j0 < size; j0 += SQUARE) {
                    for (int i = i0; i < Math.min(size, i0 + SQUARE); i++) {
                        for (int j = j0; j < Math.min(size, j0 + SQUARE); j++) {
                            columns[i * size + j] = rows[order[j] * size + i];
                        }
                    }
                }
            }
        });
        return columns;
    }

    /** {@code A = A V}, a panel of rows at a time. */
    private void multiplyInPlace(double[] a, int rows, int cols, double[] v) {
        double[] panel = new double[Math.min(PANEL, rows) * cols];
        for (int i0 = 0; i0 < rows; i0 += PANEL) {
            int count = Math.min(PANEL, rows - i0);
            System.arraycopy(a, i0 * cols, panel, 0, count * cols);
            Arrays.fill(a, i0 * cols, (i0 + count) * cols, 0);
            Strided p = Strided.rows(panel, 0, cols);
            gemm.multiply(count, cols, cols, 1, p, Strided.rows(v, 0, cols), a, i0 * cols, cols);
        }
    }

    private static double[] columnNorms(double[] a, int rows, int cols) {
        double[] sums = new double[cols];
        for (int i = 0; i < rows; i++) {
            int row = i * cols;
            for (int j = 0; j < cols; j++) {
                sums[j] += a[row + j] * a[row + j];
            }
        }
        for (int j = 0; j < cols; j++) {
            sums[j] = Math.sqrt(sums[j]);
        }
        return sums;
    }

    /** Takes the columns from {@code head} on out of a. */
    private static double[] cutTail(double[] a, int rows, int cols, int head, double[] sigma) {
        int width = cols - head;
        double[] tail = new double[rows * width];
        for (int i = 0; i < rows; i++) {
            System.arraycopy(a, i * cols + head, tail, i * width, width);
            Arrays.fill(a, i * cols + head, (i + 1) * cols, 0);
        }
        Arrays.fill(sigma, head, cols, 0);
        return tail;
    }

    private static void normalize(double[] a, int rows, int cols, int head, double[] sigma) {
        double[] factors = new double[head];
        for (int j = 0; j < head; j++) {
            factors[j] = 1 / sigma[j];
        }
        for (int i = 0; i < rows; i++) {
            int row = i * cols;
            for (int j = 0; j < head; j++) {
                a[row + j] *= factors[j];
            }
        }
    }
}
