package dev.mimic.kernels.svd;

import dev.mimic.kernels.Shapes;
import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.kernels.svf.SvfFactors;
import java.util.Arrays;

/** {@code U diag(scale) Vᵀ} written out in double precision, a panel of rows at a time: for merging, never to run a model. */
public final class Recomposition {
    private static final int PANEL = 480;

    private final DoubleGemm gemm;

    /** Takes a row of the result. */
    @FunctionalInterface
    public interface RowSink {
        /**
         * Takes one row.
         *
         * @param row its index; rows come in order
         * @param values holds it from {@code offset}, [cols]; not to be kept
         */
        void accept(int row, double[] values, int offset);
    }

    /** Makes it; kernels and pool are borrowed. */
    public Recomposition(DoubleKernels kernels, WorkerPool pool) {
        this.gemm = new DoubleGemm(kernels, pool);
    }

    /**
     * Computes {@code base + U diag(scale) Vᵀ}.
     *
     * @param base [rows, cols], or null for none
     * @param factors U [rows, rank] and V [cols, rank]
     * @param scale [rank]
     * @param sink called by this thread
     */
    public void write(Matrix base, SvfFactors factors, double[] scale, RowSink sink) {
        Matrix u = factors.u();
        int rank = factors.rank();
        int rows = factors.out();
        int cols = factors.in();
        Shapes.atLeast("recompose", "scale", scale.length, rank);
        if (base != null && (base.rows() != rows || base.cols() != cols)) {
            throw new IllegalArgumentException("recompose: U is [" + rows + ", " + rank + "] and V [" + cols + ", "
                    + rank + "], expected the shape of W, [" + base.rows() + ", " + base.cols() + "]");
        }
        Strided vt = transposed(factors);
        double[] row = new double[rank];
        double[] left = new double[Math.min(PANEL, rows) * rank];
        double[] panel = new double[Math.min(PANEL, rows) * cols];
        double[] baseRow = new double[cols];
        for (int i0 = 0; i0 < rows; i0 += PANEL) {
            int count = Math.min(PANEL, rows - i0);
            Arrays.fill(panel, 0);
            for (int i = 0; i < count; i++) {
                DoubleMatrix.widen(u, i0 + i, row);
                for (int k = 0; k < rank; k++) {
                    left[i * rank + k] = row[k] * scale[k];
                }
                if (base != null) {
                    DoubleMatrix.widen(base, i0 + i, baseRow);
                    System.arraycopy(baseRow, 0, panel, i * cols, cols);
                }
            }
            gemm.multiply(count, cols, rank, 1, Strided.rows(left, 0, rank), vt, panel, 0, cols);
            for (int i = 0; i < count; i++) {
                sink.accept(i0 + i, panel, i * cols);
            }
        }
    }

    /** {@code Vᵀ} [rank, cols], however it is stored. */
    private static Strided transposed(SvfFactors factors) {
        Matrix v = factors.v();
        double[] stored = new double[Math.multiplyExact(v.rows(), v.cols())];
        double[] row = new double[v.cols()];
        for (int j = 0; j < v.rows(); j++) {
            DoubleMatrix.widen(v, j, row);
            System.arraycopy(row, 0, stored, j * row.length, row.length);
        }
        Strided rows = Strided.rows(stored, 0, row.length);
        return factors.transposed() ? rows : rows.transposed();
    }
}
