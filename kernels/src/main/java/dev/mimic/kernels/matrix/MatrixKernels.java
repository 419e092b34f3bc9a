package dev.mimic.kernels.matrix;

import dev.mimic.kernels.WorkerPool;

/**
 * Products of a weight matrix with activations. Every method checks its shapes once and splits its work over the pool it
 * was made with. An instance serves one calling thread at a time (it keeps its hand-over records); the pool may be
 * shared.
 *
 * <p>Order of summation: an output element depends on its own row of {@code x} and on the method alone, never on
 * {@code batch}, on the row's place in the batch or on the number of threads. {@code gemv} and {@code gemvTransposed}
 * (decoding) have one order, {@code gemm} and {@code gemmTransposed} (prefill) may have another.
 */
public interface MatrixKernels {
    /** Plain loops in index order: the specification. */
    static MatrixKernels scalar(WorkerPool pool) {
        return new ScalarMatrixKernels(pool);
    }

    /**
     * The Vector API, at the width of {@link dev.mimic.kernels.VectorWidth}.
     *
     * @throws IllegalArgumentException if the property {@code mimic.gemv} has no known value
     */
    static MatrixKernels vector(WorkerPool pool) {
        return new VectorMatrixKernels(pool, GemvForm.requested(), System::nanoTime);
    }

    /**
     * Dot product {@code Σ_i a[aOffset + i] · b[bOffset + i]}.
     *
     * @param length elements
     */
    float dot(float[] a, int aOffset, float[] b, int bOffset, int length);

    /**
     * {@code y[yOffset + i] += alpha · x[xOffset + i]}.
     *
     * @param length elements
     * @param y accumulated into
     */
    void axpy(float alpha, float[] x, int xOffset, float[] y, int yOffset, int length);

    /**
     * Matrix-vector products of decoding, the weights read once for all rows:
     * {@code y[i, r] = Σ_c weights[r, c] · x[i, c]}. With {@link Matrix.Q4} x is rounded to 8 bits first, in blocks of 32
     * columns: {@code |x - x'| ≤ max |x of the block| / 254}; a block with a number that is not finite gives NaN.
     *
     * @param weights [rows, cols]
     * @param batch rows of x and y; small (1 to about 32)
     * @param x [batch, cols]; must not alias {@code y}
     * @param y [batch, rows]; overwritten
     */
    void gemv(Matrix weights, int batch, float[] x, float[] y);

    /**
     * Matrix-vector products with the transpose, the weights read once for all rows:
     * {@code y[i, c] = Σ_r weights[r, c] · x[i, r]}.
     *
     * @param weights [rows, cols]
     * @param batch rows of x and y; small (1 to about 32)
     * @param x [batch, rows]; must not alias {@code y}
     * @param y [batch, cols]; overwritten
     */
    void gemvTransposed(Matrix weights, int batch, float[] x, float[] y);

    /**
     * Several products of decoding, handed to the threads together. Each gives the bits that {@link #gemv} or
     * {@link #gemvTransposed} gives alone.
     *
     * @param batch rows of every x and y; small (1 to about 32)
     * @param group the products; no x and no y is another's y
     * @throws IllegalArgumentException if an array is too short for its product; all y are undefined then
     */
    default void gemv(int batch, GemvGroup group) {
        for (int i = 0; i < group.count(); i++) {
            if (group.transposed(i)) {
                gemvTransposed(group.weights(i), batch, group.x(i), group.y(i));
            } else {
                gemv(group.weights(i), batch, group.x(i), group.y(i));
            }
        }
    }

    /**
     * Matrix-matrix product of prefill: the same values as {@link #gemv}, in an order of summation of its own.
     *
     * @param weights [rows, cols]
     * @param batch rows of x and y; any
     * @param x [batch, cols]; must not alias {@code y}
     * @param y [batch, rows]; overwritten
     */
    void gemm(Matrix weights, int batch, float[] x, float[] y);

    /**
     * Matrix-matrix product with the transpose: the same values as {@link #gemvTransposed}, in an order of its own.
     *
     * @param weights [rows, cols]
     * @param batch rows of x and y; any
     * @param x [batch, rows]; must not alias {@code y}
     * @param y [batch, cols]; overwritten
     */
    void gemmTransposed(Matrix weights, int batch, float[] x, float[] y);

    /** Which form the products of one row take where there are two: one line for {@code doctor} and {@code bench}. */
    default String forms() {
        return "one";
    }

    /** Whether the last product was one of those before a form is chosen, whose time says little. */
    default boolean isTrying() {
        return false;
    }
}
