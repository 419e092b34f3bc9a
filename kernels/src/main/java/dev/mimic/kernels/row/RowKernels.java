package dev.mimic.kernels.row;

import dev.mimic.kernels.WorkerPool;

/**
 * Operations on rows of activations. A row's result depends on that row alone. An instance serves one calling thread at
 * a time; large batches are split over the pool.
 */
public interface RowKernels {
    /** Plain loops in index order: the specification. */
    static RowKernels scalar(WorkerPool pool) {
        return new ScalarRowKernels(pool);
    }

    /** The Vector API at the width of {@code VectorWidth}; allocates nothing. */
    static RowKernels vector(WorkerPool pool) {
        return new VectorRowKernels(pool);
    }

    /**
     * Root mean square norm: {@code y[i, c] = weight[c] · x[i, c] / sqrt(mean_c x[i, c]² + epsilon)}.
     *
     * @param batch rows
     * @param x [batch, size]; may be {@code y}
     * @param weight [size]; its length is the size
     * @param y [batch, size]; overwritten
     */
    void rmsNorm(int batch, float[] x, float[] weight, float epsilon, float[] y);

    /**
     * Softmax in place: {@code x[i] = exp(x[i] - max x) / Σ_j exp(x[j] - max x)} over {@code [offset, offset + length)}.
     *
     * @param x overwritten in the range
     */
    void softmax(float[] x, int offset, int length);

    /**
     * Gated linear unit with SiLU: {@code out[i] = gate[i] / (1 + exp(-gate[i])) · up[i]}.
     *
     * @param length elements
     * @param out [length]; overwritten; may be {@code gate} or {@code up}
     */
    void swiGlu(int length, float[] gate, float[] up, float[] out);

    /**
     * Rotary position embedding in place, rotate-half order as in Hugging Face models: with {@code h = headSize / 2},
     * {@code x[j]' = x[j]·cos[j] - x[j + h]·sin[j]} and {@code x[j + h]' = x[j + h]·cos[j] + x[j]·sin[j]} for j below h.
     *
     * @param batch rows
     * @param heads heads in a row
     * @param headSize elements of a head; even
     * @param x [batch, heads, headSize]; overwritten
     * @param cos [batch, headSize / 2]
     * @param sin [batch, headSize / 2]
     */
    void rotate(int batch, int heads, int headSize, float[] x, float[] cos, float[] sin);

    /**
     * Residual sum: {@code y[i] += x[i]}.
     *
     * @param length elements
     * @param y accumulated into
     */
    void add(int length, float[] x, float[] y);
}
