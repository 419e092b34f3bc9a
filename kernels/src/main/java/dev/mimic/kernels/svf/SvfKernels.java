package dev.mimic.kernels.svf;

import dev.mimic.kernels.Shapes;
import dev.mimic.kernels.matrix.MatrixKernels;

/**
 * The fused product of singular value fine-tuning, {@code y = U (scale .* (Vᵀ x))}, with a scale of its own for every row
 * of a batch: one pass over U and V serves all rows, however many experts are among them. W' is never formed.
 *
 * <p>Factored form: {@code scale = sigma .* z} and U, V replace W. Residual form: {@code scale = sigma .* (z - 1)}, added
 * to {@code W x}.
 *
 * <p>One class for both implementations: it is a composition of matrix kernels, whose twins it takes over, and of a
 * product by element.
 */
public final class SvfKernels {
    /** Which order of summation the products take (see {@link MatrixKernels}). */
    public enum Phase {
        DECODE,
        PREFILL
    }

    private final MatrixKernels matrix;

    public SvfKernels(MatrixKernels matrix) {
        this.matrix = matrix;
    }

    /**
     * {@code y[i] = U (scales[i] .* (Vᵀ x[i]))}.
     *
     * @param batch rows
     * @param x [batch, in]
     * @param scales [batch][rank], one array a row; rows may share an array
     * @param scratch [batch, rank]; overwritten
     * @param y [batch, out]; overwritten
     */
    public void apply(
            Phase phase, SvfFactors factors, int batch, float[] x, float[][] scales, float[] scratch, float[] y) {
        int rank = factors.rank();
        Shapes.atLeast("svf", "scratch", scratch.length, (long) batch * rank);
        if (phase == Phase.DECODE) {
            matrix.gemvTransposed(factors.v(), batch, x, scratch);
        } else {
            matrix.gemmTransposed(factors.v(), batch, x, scratch);
        }
        for (int i = 0; i < batch; i++) {
            float[] scale = scales[i];
            Shapes.atLeast("svf", "scale", scale.length, rank);
            for (int k = 0; k < rank; k++) {
                scratch[i * rank + k] *= scale[k];
            }
        }
        if (phase == Phase.DECODE) {
            matrix.gemv(factors.u(), batch, scratch, y);
        } else {
            matrix.gemm(factors.u(), batch, scratch, y);
        }
    }
}
