package dev.mimic.kernels.matrix;

import dev.mimic.kernels.Shapes;
import dev.mimic.kernels.WorkerPool;
import java.util.Arrays;

/** Plain loops in index order: specification, fallback and tail of the vector kernels. */
final class ScalarMatrixKernels implements MatrixKernels {
    private final WorkerPool pool;

    ScalarMatrixKernels(WorkerPool pool) {
        this.pool = pool;
    }

    @Override
    public float dot(float[] a, int aOffset, float[] b, int bOffset, int length) {
        Shapes.range("dot", "a", aOffset, length, a.length);
        Shapes.range("dot", "b", bOffset, length, b.length);
        return dotRange(a, aOffset, b, bOffset, 0, length);
    }

    @Override
    public void axpy(float alpha, float[] x, int xOffset, float[] y, int yOffset, int length) {
        Shapes.range("axpy", "x", xOffset, length, x.length);
        Shapes.range("axpy", "y", yOffset, length, y.length);
        axpyRange(alpha, x, xOffset, y, yOffset, 0, length);
    }

    @Override
    public void gemv(Matrix weights, int batch, float[] x, float[] y) {
        MatrixShapes.forward("gemv", weights, batch, x, y);
        float[] read = weights instanceof Matrix.Q4 ? rounded(x, batch, weights.cols()) : x;
        pool.run(weights.rows(), 16, (begin, end) -> rows(weights, begin, end, batch, read, y));
    }

    @Override
    public void gemm(Matrix weights, int batch, float[] x, float[] y) {
        MatrixShapes.forward("gemm", weights, batch, x, y);
        pool.run(weights.rows(), 16, (begin, end) -> rows(weights, begin, end, batch, x, y));
    }

    @Override
    public void gemvTransposed(Matrix weights, int batch, float[] x, float[] y) {
        MatrixShapes.transposed("gemvTransposed", weights, batch, x, y);
        pool.run(weights.cols(), 16, (begin, end) -> cols(weights, begin, end, batch, x, y));
    }

    @Override
    public void gemmTransposed(Matrix weights, int batch, float[] x, float[] y) {
        MatrixShapes.transposed("gemmTransposed", weights, batch, x, y);
        pool.run(weights.cols(), 16, (begin, end) -> cols(weights, begin, end, batch, x, y));
    }

    /** {@code Σ_i a[aOffset + i] · b[bOffset + i]} for i in [begin, end). */
    static float dotRange(float[] a, int aOffset, float[] b, int bOffset, int begin, int end) {
        float sum = 0;
        for (int i = begin; i < end; i++) {
            sum += a[aOffset + i] * b[bOffset + i];
        }
        return sum;
    }

    /** {@code y[yOffset + i] += alpha · x[xOffset + i]} for i in [begin, end). */
    static void axpyRange(float alpha, float[] x, int xOffset, float[] y, int yOffset, int begin, int end) {
        for (int i = begin; i < end; i++) {
            y[yOffset + i] += alpha * x[xOffset + i];
        }
    }

    /** {@code y[i, r] = Σ_c weights[r, c] · x[i, c]} for r in [begin, end). */
    static void rows(Matrix weights, int begin, int end, int batch, float[] x, float[] y) {
        int rows = weights.rows();
        int cols = weights.cols();
        float[] row = new float[cols];
        for (int r = begin; r < end; r++) {
            widen(weights, r, 0, cols, row);
            for (int i = 0; i < batch; i++) {
                float sum = 0;
                for (int c = 0; c < cols; c++) {
                    sum += row[c] * x[i * cols + c];
                }
                y[i * rows + r] = sum;
            }
        }
    }

    /** What 8 bits hold of x: [batch, cols]. */
    private static float[] rounded(float[] x, int batch, int cols) {
        QuantizedActivations rows = new QuantizedActivations();
        rows.reserve(Math.multiplyExact(batch, QuantizedFormat.blocks(cols)));
        float[] rounded = new float[batch * cols];
        for (int i = 0; i < batch; i++) {
            rows.roundRow(i, x, i * cols, cols);
            for (int c = 0; c < cols; c++) {
                rounded[i * cols + c] = rows.get(i, cols, c);
            }
        }
        return rounded;
    }

    /** {@code row[c] = weights[r, c]} for c in [begin, end). */
    private static void widen(Matrix weights, int r, int begin, int end, float[] row) {
        long first = (long) r * weights.cols();
        for (int c = begin; c < end; c++) {
            row[c] = weights.get(first + c);
        }
    }

    /** {@code y[i, c] = Σ_r weights[r, c] · x[i, r]} for c in [begin, end). */
    static void cols(Matrix weights, int begin, int end, int batch, float[] x, float[] y) {
        int rows = weights.rows();
        int cols = weights.cols();
        float[] row = new float[cols];
        for (int i = 0; i < batch; i++) {
            Arrays.fill(y, i * cols + begin, i * cols + end, 0);
        }
        for (int r = 0; r < rows; r++) {
            widen(weights, r, begin, end, row);
            for (int i = 0; i < batch; i++) {
                float xr = x[i * rows + r];
                for (int c = begin; c < end; c++) {
                    y[i * cols + c] += row[c] * xr;
                }
            }
        }
    }
}
