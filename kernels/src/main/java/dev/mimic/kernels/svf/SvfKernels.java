package dev.mimic.kernels.svf;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.matrix.GemvGroup;
import dev.mimic.kernels.matrix.MatrixKernels;

/**
 * The fused product of singular value fine-tuning, {@code y = U (scale .* (Vᵀ x))}, with a scale of its own for every row
 * of a batch: one pass over U and V serves all rows, however many experts are among them. W' is never formed.
 *
 * <p>Factored form: {@code scale = sigma .* z} and U, V replace W. Residual form: {@code scale = sigma .* (z - 1)}, added
 * to {@code W x}.
 *
 * <p>An instance serves one calling thread at a time.
 */
public interface SvfKernels {
    /** Which order of summation the products take (see {@link MatrixKernels}). */
    enum Phase {
        DECODE,
        PREFILL
    }

    /**
     * A composition of matrix kernels.
     *
     * @param pool the pool of the matrix kernels
     */
    static SvfKernels of(MatrixKernels matrix, WorkerPool pool) {
        return new ComposedSvf(matrix, pool);
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
    default void apply(
            Phase phase, SvfFactors factors, int batch, float[] x, float[][] scales, float[] scratch, float[] y) {
        apply(phase, factors, batch, x, scales, null, scratch, y);
    }

    /**
     * The same, and keeps {@code Vᵀ x} for a backward pass.
     *
     * @param kept [batch, rank]: overwritten with {@code Vᵀ x[i]}, before the scale; null for nothing kept
     */
    void apply(
            Phase phase,
            SvfFactors factors,
            int batch,
            float[] x,
            float[][] scales,
            float[] kept,
            float[] scratch,
            float[] y);

    /**
     * {@code y[i] += U (scales[i] .* (Vᵀ x[i]))} where row i has a scale. A row without one is the base model: its y is
     * left as it is. Where no row has one, nothing is read.
     *
     * @param batch rows
     * @param x [batch, in]
     * @param scales [batch][rank], one array a row or null; rows may share an array
     * @param scratch [batch, rank]; overwritten
     * @param y [batch, out]; accumulated into
     */
    default void accumulate(
            Phase phase, SvfFactors factors, int batch, float[] x, float[][] scales, float[] scratch, float[] y) {
        accumulate(phase, factors, batch, x, scales, null, scratch, y);
    }

    /**
     * The same, and keeps {@code Vᵀ x} for a backward pass, of the rows up to the last that has a scale.
     *
     * @param kept [batch, rank]: overwritten with {@code Vᵀ x[i]}, before the scale; null for nothing kept
     */
    void accumulate(
            Phase phase,
            SvfFactors factors,
            int batch,
            float[] x,
            float[][] scales,
            float[] kept,
            float[] scratch,
            float[] y);

    /**
     * Decoding, together with other products: adds {@code Vᵀ x} to a group. {@link #addExpansion} goes on from there when the
     * group has run.
     *
     * @param x [batch, in]
     * @param projected [batch, rank]; overwritten when the group runs
     */
    void addProjection(GemvGroup group, SvfFactors factors, float[] x, float[] projected);

    /**
     * Scales what {@link #addProjection} left and adds the product with U to a group. When that has run, y has the bits of {@link
     * #apply}, and for rows without a scale something of no meaning.
     *
     * @param batch rows
     * @param scales [batch][rank], one array a row or null; rows may share an array
     * @param projected [batch, rank]; scaled in place
     * @param y [batch, out]; overwritten when the group runs
     */
    void addExpansion(GemvGroup group, SvfFactors factors, int batch, float[][] scales, float[] projected, float[] y);

    /**
     * {@code y[i] += corrections[i]} where row i has a scale: the end of {@link #accumulate}.
     *
     * @param batch rows
     * @param out elements of a row
     * @param scales [batch], null for rows that stay as they are
     * @param corrections [batch, out]
     * @param y [batch, out]; accumulated into
     */
    void addCorrections(int batch, int out, float[][] scales, float[] corrections, float[] y);

    /**
     * {@code y[i] = V x[i]}, what a backward pass needs of V.
     *
     * @param batch rows
     * @param x [batch, rank]
     * @param y [batch, in]; overwritten
     */
    void expand(SvfFactors factors, int batch, float[] x, float[] y);
}
