package dev.mimic.kernels.svd;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.matrix.Matrix;
import java.util.Arrays;

/**
 * How good a decomposition is, measured in double precision.
 *
 * @param relativeError {@code ‖W - U diag(sigma) Vᵀ‖_F / ‖W‖_F}; for W = 0 the numerator
 * @param orthogonality {@code max |UᵀU - I|}
 */
public record SvdCheck(double relativeError, double orthogonality) {
    private static final int PANEL = 480;

    /**
     * Measures.
     *
     * @param w [rows, cols]; read only
     * @param svd of that matrix; read only
     */
    public static SvdCheck of(DoubleKernels kernels, WorkerPool pool, Matrix w, Svd svd) {
        if (w.rows() != svd.rows() || w.cols() != svd.cols()) {
            throw new IllegalArgumentException("check: W is [" + w.rows() + ", " + w.cols() + "], expected ["
                    + svd.rows() + ", " + svd.cols() + "]");
        }
        DoubleGemm gemm = new DoubleGemm(kernels, pool);
        return new SvdCheck(relativeError(gemm, w, svd), orthogonality(gemm, svd.u(), svd.rows(), svd.rank()));
    }

    /** {@code max |MᵀM - I|} of a matrix [rows, rank]. */
    public static double orthogonality(DoubleKernels kernels, WorkerPool pool, float[] matrix, int rows, int rank) {
        return orthogonality(new DoubleGemm(kernels, pool), matrix, rows, rank);
    }

    private static double orthogonality(DoubleGemm gemm, float[] matrix, int rows, int rank) {
        double[] gram = new double[rank * rank];
        double[] panel = new double[Math.min(PANEL, rows) * rank];
        for (int i0 = 0; i0 < rows; i0 += PANEL) {
            int count = Math.min(PANEL, rows - i0);
            for (int i = 0; i < count * rank; i++) {
                panel[i] = matrix[i0 * rank + i];
            }
            Strided p = Strided.rows(panel, 0, rank);
            gemm.multiply(rank, rank, count, 1, p.transposed(), p, gram, 0, rank);
        }
        double worst = 0;
        for (int i = 0; i < rank; i++) {
            gram[i * rank + i] -= 1;
        }
        for (double value : gram) {
            worst = Math.max(worst, Math.abs(value));
        }
        return worst;
    }

    private static double relativeError(DoubleGemm gemm, Matrix w, Svd svd) {
        int rank = svd.rank();
        int cols = svd.cols();
        double[] v = new double[svd.v().length];
        Arrays.setAll(v, i -> svd.v()[i]);
        double[] row = new double[cols];
        double[] difference = new double[Math.min(PANEL, svd.rows()) * cols];
        double[] scaled = new double[Math.min(PANEL, svd.rows()) * rank];
        double errors = 0;
        double total = 0;
        for (int i0 = 0; i0 < svd.rows(); i0 += PANEL) {
            int count = Math.min(PANEL, svd.rows() - i0);
            for (int i = 0; i < count; i++) {
                DoubleMatrix.widen(w, i0 + i, row);
                System.arraycopy(row, 0, difference, i * cols, cols);
                for (int j = 0; j < cols; j++) {
                    total += row[j] * row[j];
                }
                for (int j = 0; j < rank; j++) {
                    scaled[i * rank + j] = (double) svd.u()[(i0 + i) * rank + j] * svd.sigma()[j];
                }
            }
            Strided vt = Strided.rows(v, 0, rank).transposed();
            gemm.multiply(count, cols, rank, -1, Strided.rows(scaled, 0, rank), vt, difference, 0, cols);
            for (int i = 0; i < count * cols; i++) {
                errors += difference[i] * difference[i];
            }
        }
        return total == 0 ? Math.sqrt(errors) : Math.sqrt(errors / total);
    }
}
