package dev.mimic.kernels.matrix;

import static dev.mimic.kernels.VectorWidth.SPECIES;
import static dev.mimic.kernels.matrix.VectorDots.BATCH;
import static dev.mimic.kernels.matrix.VectorDots.ROWS;
import static dev.mimic.kernels.matrix.VectorWorkspace.LEADING;
import static dev.mimic.kernels.matrix.VectorWorkspace.SLICE;

import dev.mimic.kernels.VectorLanes;
import java.util.Arrays;

/**
 * {@code y[i, r] = Σ_c weights[r, c] · x[i, c]}, four rows of weights at a time. One row of x takes the weights in place
 * where C2 can widen them on the way; otherwise slices of the four rows are widened into L1 and serve all rows of x.
 *
 * <p>The order, in every form: a vector of sums by column modulo the lanes, in order of the columns; its lanes by
 * halves; then the scalar tail.
 */
final class VectorGemv implements VectorMatrixKernels.Ranged {
    /** Rows that a thread gets at least. */
    static final int GRAIN = 4 * ROWS;

    private static final int LANES = SPECIES.length();

    @Override
    public void range(Matrix weights, int batch, float[] x, float[] y, int begin, int end, VectorWorkspace workspace) {
        boolean inPlace = batch == 1 && !(weights instanceof Matrix.F16);
        for (int row = begin; row < end; row += ROWS) {
            int valid = Math.min(ROWS, end - row);
            if (inPlace) {
                inPlace(weights, row, valid, x, y, workspace);
            } else {
                widened(weights, row, valid, batch, x, y, workspace);
            }
        }
    }

    private static void inPlace(Matrix weights, int row, int valid, float[] x, float[] y, VectorWorkspace workspace) {
        int cols = weights.cols();
        int body = SPECIES.loopBound(cols);
        float[] sums = workspace.sums(ROWS * LANES);
        Arrays.fill(sums, 0, ROWS * LANES, 0);
        long o0 = (long) row * cols;
        long o1 = o0 + (valid > 1 ? cols : 0); // rows beyond the end repeat the first one and are dropped
        long o2 = o0 + (valid > 2 ? 2L * cols : 0);
        long o3 = o0 + (valid > 3 ? 3L * cols : 0);
        if (weights instanceof Matrix.F32) {
            VectorDots.f32(weights.data(), o0, o1, o2, o3, x, 0, body, sums);
        } else {
            VectorDots.bf16(weights.data(), o0, o1, o2, o3, x, 0, body, sums);
        }
        for (int k = 0; k < valid; k++) {
            y[row + k] = VectorLanes.sum(sums, k * LANES);
        }
        tail(weights, row, valid, 1, x, y, workspace);
    }

    private static void widened(
            Matrix weights, int row, int valid, int batch, float[] x, float[] y, VectorWorkspace workspace) {
        int cols = weights.cols();
        int rows = weights.rows();
        int body = SPECIES.loopBound(cols);
        float[] block = workspace.block(ROWS);
        int padded = (batch + BATCH - 1) / BATCH * BATCH;
        float[] sums = workspace.sums(padded * ROWS * LANES);
        Arrays.fill(sums, 0, padded * ROWS * LANES, 0);
        for (int col = 0; col < body; col += SLICE) {
            int length = Math.min(SLICE, body - col);
            VectorUnpack.block(weights, row, col, valid, length, block, 0, LEADING);
            slice(block, cols, col, length, batch, x, sums);
        }
        for (int i = 0; i < batch; i++) {
            for (int k = 0; k < valid; k++) {
                y[i * rows + row + k] = VectorLanes.sum(sums, (i * ROWS + k) * LANES);
            }
        }
        tail(weights, row, valid, batch, x, y, workspace);
    }

    private static void slice(float[] block, int cols, int col, int length, int batch, float[] x, float[] sums) {
        int i = 0;
        for (; i <= batch - BATCH + 1; i += BATCH) { // three rows cost less in the wide form than alone
            int x0 = i * cols + col;
            int x3 = Math.min(i + 3, batch - 1) * cols + col;
            VectorDots.tile4(block, x, x0, x0 + cols, x0 + 2 * cols, x3, length, sums, i * ROWS * LANES);
        }
        for (; i < batch; i++) {
            VectorDots.tile1(block, x, i * cols + col, length, sums, i * ROWS * LANES);
        }
    }

    /** Adds the columns behind the last whole vector. */
    private static void tail(
            Matrix weights, int row, int valid, int batch, float[] x, float[] y, VectorWorkspace workspace) {
        int cols = weights.cols();
        int body = SPECIES.loopBound(cols);
        if (body == cols) {
            return;
        }
        int length = cols - body;
        float[] block = workspace.block(ROWS);
        VectorUnpack.block(weights, row, body, valid, length, block, 0, LEADING);
        for (int i = 0; i < batch; i++) {
            for (int k = 0; k < valid; k++) {
                y[i * weights.rows() + row + k] +=
                        ScalarMatrixKernels.dotRange(block, k * LEADING, x, i * cols + body, 0, length);
            }
        }
    }
}
