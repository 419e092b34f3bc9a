package dev.mimic.kernels.svd;

/**
 * A product of Householder reflectors {@code H_0 H_1 … H_{k-1} = I - Yᵀ T Y}, rows of Y the vectors (the compact WY form
 * of Schreiber and Van Loan 1989), applied to the rows of a matrix by matrix products.
 */
final class BlockReflector {
    /** Reflectors in a block. */
    static final int BLOCK = 32;

    private final DoubleGemm gemm;
    private final int count;
    private final int length;
    private final Strided y;
    private final double[] t;

    /**
     * Gathers reflectors {@code I - tau_i y_i y_iᵀ}.
     *
     * @param y [count, length], every element set, ones and zeros too; kept, not copied
     * @param tau from {@code tauOffset}
     */
    BlockReflector(
            DoubleKernels kernels, DoubleGemm gemm, int count, int length, Strided y, double[] tau, int tauOffset) {
        this.gemm = gemm;
        this.count = count;
        this.length = length;
        this.y = y;
        t = new double[count * count];
        double[] products = new double[count];
        for (int i = 0; i < count; i++) {
            double factor = tau[tauOffset + i];
            for (int j = 0; j < i; j++) {
                products[j] = kernels.dot(
                        y.data(), y.offset() + j * y.rowStride(), y.data(), y.offset() + i * y.rowStride(), length);
            }
            for (int row = 0; row < i; row++) { // T[0..i, i] = -tau_i T[0..i, 0..i] (Y[0..i] y_i)
                double sum = 0;
                for (int j = row; j < i; j++) {
                    sum += t[row * count + j] * products[j];
                }
                t[row * count + i] = -factor * sum;
            }
            t[i * count + i] = factor;
        }
    }

    /** {@code X = X H_0 … H_{k-1}}; x is [rows, length] from {@code offset}, rows {@code stride} apart. */
    void applyForward(double[] x, int offset, int stride, int rows) {
        apply(x, offset, stride, rows, Strided.rows(t, 0, count));
    }

    /** {@code X = X H_{k-1} … H_0}. */
    void applyBackward(double[] x, int offset, int stride, int rows) {
        apply(x, offset, stride, rows, Strided.rows(t, 0, count).transposed());
    }

    private void apply(double[] x, int offset, int stride, int rows, Strided middle) {
        double[] products = new double[rows * count];
        gemm.multiply(rows, count, length, 1, Strided.rows(x, offset, stride), y.transposed(), products, 0, count);
        double[] turned = new double[rows * count];
        gemm.multiply(rows, count, count, 1, Strided.rows(products, 0, count), middle, turned, 0, count);
        gemm.multiply(rows, length, count, -1, Strided.rows(turned, 0, count), y, x, offset, stride);
    }

    /** {@code X = H_0 … H_{k-1} X}; x is [length, cols] from {@code offset}, rows {@code stride} apart. */
    void applyLeft(double[] x, int offset, int stride, int cols) {
        double[] products = new double[count * cols];
        gemm.multiply(count, cols, length, 1, y, Strided.rows(x, offset, stride), products, 0, cols);
        double[] turned = new double[count * cols];
        gemm.multiply(
                count, cols, count, 1, Strided.rows(t, 0, count), Strided.rows(products, 0, cols), turned, 0, cols);
        gemm.multiply(length, cols, count, -1, y.transposed(), Strided.rows(turned, 0, cols), x, offset, stride);
    }
}
