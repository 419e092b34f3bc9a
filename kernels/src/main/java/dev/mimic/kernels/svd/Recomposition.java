package dev.mimic.kernels.svd;

import dev.mimic.kernels.Shapes;
import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.matrix.Matrix;
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
     * @param u [rows, rank]
     * @param scale [rank]
     * @param v [cols, rank]
     * @param sink called by this thread
     */
    public void write(Matrix base, Matrix u, double[] scale, Matrix v, RowSink sink) {
        int rank = u.cols();
        int rows = u.rows();
        int cols = v.rows();
        Shapes.atLeast("recompose", "scale", scale.length, rank);
        if (v.cols() != rank || (base != null && (base.rows() != rows || base.cols() != cols))) {
            throw new IllegalArgumentException("recompose: U is [" + rows + ", " + rank + "] and V [" + cols + ", "
                    + v.cols() + "], expected one rank and the shape of W");
        }
        double[] right = new double[Math.multiplyExact(cols, rank)];
        double[] row = new double[rank];
        for (int j = 0; j < cols; j++) {
            DoubleMatrix.widen(v, j, row);
            System.arraycopy(row, 0, right, j * rank, rank);
        }
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
            Strided vt = Strided.rows(right, 0, rank).transposed();
            gemm.multiply(count, cols, rank, 1, Strided.rows(left, 0, rank), vt, panel, 0, cols);
            for (int i = 0; i < count; i++) {
                sink.accept(i0 + i, panel, i * cols);
            }
        }
    }
}
