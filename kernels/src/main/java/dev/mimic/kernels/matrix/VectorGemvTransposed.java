package dev.mimic.kernels.matrix;

import static dev.mimic.kernels.VectorWidth.SPECIES;
import static dev.mimic.kernels.matrix.VectorGemmTile.DEPTH;
import static dev.mimic.kernels.matrix.VectorWorkspace.LEADING;
import static dev.mimic.kernels.matrix.VectorWorkspace.SLICE;

import java.util.Arrays;

/**
 * {@code y[i, c] = Σ_r weights[r, c] · x[i, r]}. One row of x takes plain weights in place: one row of each of four
 * slices at a time where there are as many and rows are short, else four rows that follow each other, each a multiple
 * added to a row of sums. A few rows share a block of widened weights, four of them in a register tile. Many go through
 * {@link VectorPanelGemm}. All have the same order: fma in order of the rows within a slice of {@link
 * VectorGemmTile#DEPTH} rows, the slices added in order. Threads share the columns, so that no sum is ever cut.
 */
final class VectorGemvTransposed implements VectorMatrixKernels.Ranged {
    /** Rows of x from which the tile of the matrix-matrix product pays. */
    static final int MANY = 12;

    /** Columns that a thread gets at least: a cache line of BF16 at every width. */
    static final int GRAIN = 32;

    /** Columns at once for one row of x: their sums stay in L1 while the rows pass. */
    private static final int COLS = 4096;

    /** Columns of a thread up to which slices are read side by side: their sums stay in L1, and so short pieces gain. */
    private static final int COLS_OF_STREAMS = 2048;

    /** Columns at once for a few rows of x, likewise. */
    private static final int COLS_OF_FEW = SLICE;

    /** Rows of weights widened at once for a few rows of x. */
    private static final int BLOCK = 8;

    private static final int ROWS = 4;

    /** Slices of plain weights that are read side by side for one row of x, each a stream from memory that goes on. */
    private static final int STREAMS = 4;

    @Override
    public void range(Matrix weights, int batch, float[] x, float[] y, int begin, int end, VectorWorkspace workspace) {
        boolean inPlace = batch == 1 && (weights instanceof Matrix.F32 || weights instanceof Matrix.Bf16);
        int rows = weights.rows();
        boolean sideBySide = inPlace && end - begin <= COLS_OF_STREAMS;
        int streamed = sideBySide ? rows / (STREAMS * DEPTH) * (STREAMS * DEPTH) : 0;
        int most = batch == 1 ? COLS : COLS_OF_FEW;
        int cols = weights.cols();
        int rowsAtOnce = batch == 1 ? ROWS : BLOCK;
        int padded = (batch + ROWS - 1) / ROWS * ROWS;
        float[] sums = workspace.sums((streamed > 0 ? STREAMS : padded) * Math.min(most, end - begin));
        for (int col = begin; col < end; col += most) {
            int length = Math.min(most, end - col);
            int body = inPlace ? SPECIES.loopBound(length) : 0;
            for (int i = 0; i < batch; i++) {
                Arrays.fill(y, i * cols + col, i * cols + col + length, 0);
            }
            for (int slice = 0; slice < streamed; slice += STREAMS * DEPTH) {
                streams(weights, slice, x, sums, y, col, length, workspace);
            }
            for (int slice = streamed; slice < rows; slice += DEPTH) {
                Arrays.fill(sums, 0, padded * length, 0);
                int last = Math.min(rows, slice + DEPTH);
                for (int row = slice; row < last; row += rowsAtOnce) {
                    int valid = Math.min(rowsAtOnce, last - row);
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

    /** {@link #STREAMS} whole slices of plain weights, row by row side by side, for one row of x; added to y in order. */
    private static void streams(
            Matrix weights,
            int slice,
            float[] x,
            float[] sums,
            float[] y,
            int col,
            int length,
            VectorWorkspace workspace) {
        int cols = weights.cols();
        int body = SPECIES.loopBound(length);
        Arrays.fill(sums, 0, STREAMS * length, 0);
        for (int row = slice; row < slice + DEPTH; row++) {
            long first = (long) row * cols + col;
            long stride = (long) DEPTH * cols;
            if (weights instanceof Matrix.F32) {
                VectorAxpys.f32Streams(weights.data(), first, stride, x, row, DEPTH, sums, length, body);
            } else {
                VectorAxpys.bf16Streams(weights.data(), first, stride, x, row, DEPTH, sums, length, body);
            }
        }
        for (int stream = 0; stream < STREAMS; stream++) {
            if (body < length) {
                float[] block = workspace.block(BLOCK);
                for (int row = slice + stream * DEPTH; row < slice + (stream + 1) * DEPTH; row += BLOCK) {
                    VectorUnpack.block(weights, row, col + body, BLOCK, length - body, block, 0, LEADING);
                    multiples(block, 0, BLOCK, x, row, sums, stream * length + body, length - body);
                }
            }
            VectorAxpys.row(1, sums, stream * length, y, col, length);
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
        float[] block = workspace.block(BLOCK);
        for (int at = done; at < length; at += SLICE) {
            int some = Math.min(SLICE, length - at);
            VectorUnpack.block(weights, row, col + at, valid, some, block, 0, LEADING);
            int i = 0;
            for (; i < batch - 1; i += ROWS) {
                tiles(block, valid, x, weights.rows(), row, i, Math.min(ROWS, batch - i), sums, length, at, some);
            }
            for (; i < batch; i++) {
                multiples(block, 0, valid, x, i * weights.rows() + row, sums, i * length + at, some);
            }
        }
    }

    /**
     * A block of widened rows with two to four rows of x.
     *
     * @param sums [.., length]; the rows from {@code i} on accumulate, those beyond {@code batch} something without meaning
     */
    private static void tiles(
            float[] block,
            int valid,
            float[] x,
            int rows,
            int row,
            int i,
            int batch,
            float[] sums,
            int length,
            int at,
            int some) {
        int x0 = i * rows + row;
        int x1 = x0 + rows;
        int x2 = x0 + Math.min(2, batch - 1) * rows; // rows beyond the end repeat the last one
        int x3 = x0 + (batch - 1) * rows;
        int to = i * length + at;
        int c = 0;
        for (; c <= some - VectorAxpys.TILE; c += VectorAxpys.TILE) {
            VectorAxpys.tile(block, c, valid, x, x0, x1, x2, x3, sums, to + c, length);
        }
        if (c < some) {
            for (int k = 0; k < batch; k++) {
                multiples(block, c, valid, x, x0 + k * rows, sums, to + k * length + c, some - c);
            }
        }
    }

    /** A block of widened rows, from column {@code c} on, with one row of x. */
    private static void multiples(
            float[] block, int c, int valid, float[] x, int xOffset, float[] sums, int to, int length) {
        int k = 0;
        for (; k <= valid - ROWS; k += ROWS) {
            VectorAxpys.block(block, k * LEADING + c, x, xOffset + k, sums, to, length);
        }
        for (; k < valid; k++) {
            VectorAxpys.row(x[xOffset + k], block, k * LEADING + c, sums, to, length);
        }
    }
}
