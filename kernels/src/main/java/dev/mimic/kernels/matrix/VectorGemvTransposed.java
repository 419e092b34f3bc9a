package dev.mimic.kernels.matrix;

import static dev.mimic.kernels.VectorWidth.SPECIES;
import static dev.mimic.kernels.matrix.VectorGemmTile.DEPTH;
import static dev.mimic.kernels.matrix.VectorWorkspace.LEADING;
import static dev.mimic.kernels.matrix.VectorWorkspace.SLICE;

import java.util.Arrays;

/**
 * {@code y[i, c] = Σ_r weights[r, c] · x[i, r]}, four rows of weights at a time, each a multiple added to a row of sums.
 * For a few rows of x; many go through {@link VectorPanelGemm}, which has the same order: fma in order of the rows
 * within a slice of {@link VectorGemmTile#DEPTH} rows, the slices added in order. Threads share the columns, so that no
 * sum is ever cut.
 */
final class VectorGemvTransposed implements VectorMatrixKernels.Ranged {
    /** Rows of x from which the tile of the matrix-matrix product pays. */
    static final int MANY = 12;

    /** Columns that a thread gets at least: a cache line of BF16 at every width. */
    static final int GRAIN = 32;

    /** Columns at once: their sums stay in L1 while the rows pass. */
    private static final int COLS = 4096;

    private static final int ROWS = 4;

    @Override
    public void range(Matrix weights, int batch, float[] x, float[] y, int begin, int end, VectorWorkspace workspace) {
        boolean inPlace = batch == 1 && !(weights instanceof Matrix.F16);
        int rows = weights.rows();
        int cols = weights.cols();
        float[] sums = workspace.sums(batch * Math.min(COLS, end - begin));
        for (int col = begin; col < end; col += COLS) {
            int length = Math.min(COLS, end - col);
            for (int i = 0; i < batch; i++) {
                Arrays.fill(y, i * cols + col, i * cols + col + length, 0);
            }
            int body = inPlace ? SPECIES.loopBound(length) : 0;
            for (int slice = 0; slice < rows; slice += DEPTH) {
                Arrays.fill(sums, 0, batch * length, 0);
                int last = Math.min(rows, slice + DEPTH);
                for (int row = slice; row < last; row += ROWS) {
                    int valid = Math.min(ROWS, last - row);
                    int done = valid == ROWS ? body : 0;
                    if (done > 0) {
                        inPlace(weights, row, x, sums, col, body);
                    }
                    widened(weights, row, valid, batch, x, sums, length, col, done, workspace);
                }
                for (int i = 0; i < batch; i++) {
                    VectorAxpys.row(1, sums, i * length, y, i * cols + col, length);
                }
            }
        }
    }

    private static void inPlace(Matrix weights, int row, float[] x, float[] sums, int col, int length) {
        long first = (long) row * weights.cols() + col;
        if (weights instanceof Matrix.F32) {
            VectorAxpys.f32(weights.data(), first, weights.cols(), x, row, sums, 0, length);
        } else {
            VectorAxpys.bf16(weights.data(), first, weights.cols(), x, row, sums, 0, length);
        }
    }

    /**
     * Rows that are widened first.
     *
     * @param sums [batch, length], of the columns from {@code col} on; accumulated into
     * @param done columns of them that have these rows already
     */
    private static void widened(
            Matrix weights,
            int row,
            int valid,
            int batch,
            float[] x,
            float[] sums,
            int length,
            int col,
            int done,
            VectorWorkspace workspace) {
        int rows = weights.rows();
        float[] block = workspace.block(ROWS);
        for (int at = done; at < length; at += SLICE) {
            int some = Math.min(SLICE, length - at);
            VectorUnpack.block(weights, row, col + at, valid, some, block, 0, LEADING);
            for (int i = 0; i < batch; i++) {
                if (valid == ROWS) {
                    VectorAxpys.block(block, x, i * rows + row, sums, i * length + at, some);
                } else {
                    for (int k = 0; k < valid; k++) {
                        VectorAxpys.row(x[i * rows + row + k], block, k * LEADING, sums, i * length + at, some);
                    }
                }
            }
        }
    }
}
