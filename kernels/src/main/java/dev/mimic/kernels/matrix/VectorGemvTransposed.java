package dev.mimic.kernels.matrix;

import static dev.mimic.kernels.VectorWidth.SPECIES;
import static dev.mimic.kernels.matrix.VectorWorkspace.LEADING;
import static dev.mimic.kernels.matrix.VectorWorkspace.SLICE;

import java.util.Arrays;

/**
 * {@code y[i, c] = Σ_r weights[r, c] · x[i, r]}, four rows of weights at a time, each a multiple added to y. The order,
 * in every form: fma in order of the rows. Threads share the columns, so that no sum is ever cut.
 */
final class VectorGemvTransposed implements VectorMatrixKernels.Ranged {
    /** Columns that a thread gets at least: a cache line of BF16 at every width. */
    static final int GRAIN = 32;

    /** Columns at once: y stays in L1 while the rows pass. */
    private static final int COLS = 4096;

    private static final int ROWS = 4;

    @Override
    public void range(Matrix weights, int batch, float[] x, float[] y, int begin, int end, VectorWorkspace workspace) {
        boolean inPlace = batch == 1 && !(weights instanceof Matrix.F16);
        int rows = weights.rows();
        for (int col = begin; col < end; col += COLS) {
            int length = Math.min(COLS, end - col);
            for (int i = 0; i < batch; i++) {
                Arrays.fill(y, i * weights.cols() + col, i * weights.cols() + col + length, 0);
            }
            int body = inPlace ? SPECIES.loopBound(length) : 0;
            for (int row = 0; row < rows; row += ROWS) {
                int valid = Math.min(ROWS, rows - row);
                int done = valid == ROWS ? body : 0;
                if (done > 0) {
                    inPlace(weights, row, x, y, col, body);
                }
                widened(weights, row, valid, batch, x, y, col + done, col + length, workspace);
            }
        }
    }

    private static void inPlace(Matrix weights, int row, float[] x, float[] y, int col, int length) {
        long first = (long) row * weights.cols() + col;
        if (weights instanceof Matrix.F32) {
            VectorAxpys.f32(weights.data(), first, weights.cols(), x, row, y, col, length);
        } else {
            VectorAxpys.bf16(weights.data(), first, weights.cols(), x, row, y, col, length);
        }
    }

    private static void widened(
            Matrix weights,
            int row,
            int valid,
            int batch,
            float[] x,
            float[] y,
            int begin,
            int end,
            VectorWorkspace workspace) {
        int cols = weights.cols();
        int rows = weights.rows();
        float[] block = workspace.block(ROWS);
        for (int col = begin; col < end; col += SLICE) {
            int length = Math.min(SLICE, end - col);
            VectorUnpack.block(weights, row, col, valid, length, block, 0, LEADING);
            for (int i = 0; i < batch; i++) {
                if (valid == ROWS) {
                    VectorAxpys.block(block, x, i * rows + row, y, i * cols + col, length);
                } else {
                    for (int k = 0; k < valid; k++) {
                        VectorAxpys.row(x[i * rows + row + k], block, k * LEADING, y, i * cols + col, length);
                    }
                }
            }
        }
    }
}
