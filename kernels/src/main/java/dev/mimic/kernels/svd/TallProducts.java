package dev.mimic.kernels.svd;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.kernels.matrix.MatrixKernels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Products with a stored matrix, in single precision, as if it were turned so that it is not wider than tall: A [height,
 * width]. Matrices at the edges of floats' range are scaled by a power of two first.
 */
final class TallProducts {
    /** Elements up to 2^±EDGE are multiplied as they are: their products and sums are far from both ends. */
    private static final int EDGE = 60;

    private static final int STRIP = 64;

    private final MatrixKernels matrix;
    private final Matrix w;
    private final boolean wide;
    private final int exponent;

    /**
     * Looks at every element.
     *
     * @param matrix borrowed; one calling thread at a time
     * @param w read only; kept
     * @throws IllegalArgumentException if the matrix is empty, too large for an array, or not finite
     */
    TallProducts(String operation, MatrixKernels matrix, WorkerPool pool, Matrix w) {
        this.matrix = matrix;
        this.wide = w.cols() > w.rows();
        double largest = largest(operation, pool, w);
        int power = largest == 0 ? 0 : Math.getExponent(largest);
        exponent = Math.abs(power) <= EDGE ? 0 : power;
        this.w = exponent == 0 ? w : scaled(w, -exponent);
    }

    /** A's singular values are those of the products times two to this. */
    int exponent() {
        return exponent;
    }

    /** {@code A X}: x [count, width] by columns; gives [count, height], by columns. */
    float[] timesRight(float[] x, int count) {
        float[] y = new float[Math.multiplyExact(count, Math.max(w.rows(), w.cols()))];
        if (wide) {
            matrix.gemmTransposed(w, count, x, y);
        } else {
            matrix.gemm(w, count, x, y);
        }
        return y;
    }

    /** {@code Aᵀ X}: x [count, height] by columns; gives [count, width], by columns. */
    float[] transposedTimes(float[] x, int count) {
        float[] y = new float[Math.multiplyExact(count, Math.min(w.rows(), w.cols()))];
        if (wide) {
            matrix.gemm(w, count, x, y);
        } else {
            matrix.gemmTransposed(w, count, x, y);
        }
        return y;
    }

    /** The largest magnitude of a matrix that is neither empty nor too large for an array, and finite. */
    static double largest(String operation, WorkerPool pool, Matrix w) {
        DoubleMatrix.checkSize(operation, w);
        int rows = w.rows();
        double[] largest = new double[(rows + STRIP - 1) / STRIP];
        pool.run(largest.length, 1, (begin, end) -> {
            double[] row = new double[w.cols()];
            for (int strip = begin; strip < end; strip++) {
                double most = 0;
                for (int i = strip * STRIP; i < Math.min(rows, (strip + 1) * STRIP); i++) {
                    DoubleMatrix.widen(w, i, row);
                    DoubleMatrix.check(operation, i, row);
                    for (double value : row) {
                        most = Math.max(most, Math.abs(value));
                    }
                }
                largest[strip] = most;
            }
        });
        double most = 0;
        for (double value : largest) {
            most = Math.max(most, value);
        }
        return most;
    }

    private static Matrix scaled(Matrix w, int by) {
        MemorySegment data = Arena.ofAuto().allocate((long) w.rows() * w.cols() * Float.BYTES, Float.BYTES);
        double[] row = new double[w.cols()];
        for (int i = 0; i < w.rows(); i++) {
            DoubleMatrix.widen(w, i, row);
            for (int j = 0; j < row.length; j++) {
                data.set(Matrix.FLOAT, ((long) i * row.length + j) * Float.BYTES, (float) Math.scalb(row[j], by));
            }
        }
        return new Matrix.F32(w.rows(), w.cols(), data);
    }
}
