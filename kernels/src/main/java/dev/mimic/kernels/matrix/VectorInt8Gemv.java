package dev.mimic.kernels.matrix;

import static dev.mimic.kernels.VectorWidth.SPECIES;
import static dev.mimic.kernels.matrix.VectorInt8.ROWS;

import dev.mimic.kernels.VectorLanes;
import java.util.Arrays;

/**
 * {@link VectorGemv} of {@link Matrix.Int8} with one row of x, in its order. A share's rows are cut into eight stretches,
 * which are read side by side: rows of a few thousand bytes that follow each other lie in one page of memory, where
 * processors fetch ahead for one stream alone.
 */
final class VectorInt8Gemv implements VectorMatrixKernels.Ranged {
    /** Whether this processor's vectors take a load to widen; at 128 bits they take so much that C2 leaves boxes behind. */
    static final boolean PAYS = SPECIES.length() > 4;

    /** Rows that a thread gets at least. */
    static final int GRAIN = 2 * ROWS;

    private static final int LANES = SPECIES.length();

    @Override
    public void range(Matrix weights, int batch, float[] x, float[] y, int begin, int end, VectorWorkspace workspace) {
        Arrays.fill(y, begin, end, 0);
        int stretch = (end - begin) / ROWS;
        for (int row = begin; row < begin + stretch; row++) {
            rows(weights, row, stretch, ROWS, x, y, workspace);
        }
        for (int row = begin + ROWS * stretch; row < end; row++) {
            rows(weights, row, 0, 1, x, y, workspace);
        }
    }

    /**
     * Eight rows, or one.
     *
     * @param apart rows from one to the next
     * @param y accumulated into
     */
    private static void rows(
            Matrix weights, int row, int apart, int count, float[] x, float[] y, VectorWorkspace workspace) {
        int cols = weights.cols();
        int body = SPECIES.loopBound(cols);
        int slice = VectorGemv.slice(body);
        float[] sums = workspace.sums(ROWS * LANES);
        long o = (long) row * cols;
        long stride = (long) apart * cols;
        for (int col = 0; col < body; col += slice) {
            int length = Math.min(slice, body - col);
            if (count == ROWS) {
                VectorInt8.eight(weights.data(), o + col, stride, x, col, length, sums);
            } else {
                VectorInt8.one(weights.data(), o + col, x, col, length, sums);
            }
            for (int k = 0; k < count; k++) {
                y[row + k * apart] += VectorLanes.sum(sums, k * LANES);
            }
        }
        for (int k = 0; k < count && body < cols; k++) {
            VectorGemv.tail(weights, row + k * apart, 1, 0, 1, x, y, workspace);
        }
    }
}
