package dev.mimic.kernels.matrix;

import static dev.mimic.kernels.VectorWidth.SPECIES;
import static dev.mimic.kernels.matrix.VectorGemmTile.DEPTH;
import static dev.mimic.kernels.matrix.VectorWorkspace.LEADING;
import static dev.mimic.kernels.matrix.VectorWorkspace.SLICE;

import java.util.Arrays;

/**
 * {@code y[i, c] = Σ_r weights[r, c] · x[i, r]}. One row of x takes plain weights in place, four rows of them at a time,
 * each a multiple added to a row of sums. A few rows of x take plain weights in {@link VectorGemvTransposedTiles}, and
 * others widened, four of them in a register tile. Many go through {@link VectorPanelGemm}.
 *
 * <p>The order, in every form: fma in the order of the {@linkplain VectorQuarters lines} within a slice of {@link
 * VectorGemmTile#DEPTH} rows, the slices added in order to 0. Threads share the columns here, so that no sum is ever cut,
 * and slices in {@link VectorGemvTransposedSlices}.
 */
final class VectorGemvTransposed implements VectorMatrixKernels.Ranged {
    /** Rows of x from which the tile of the matrix-matrix product pays. */
    private static final int MANY = 24;

    /** The same for weights that are widened first. */
    private static final int MANY_WIDENED = 12;

    /** Columns that a thread gets at least: a cache line of BF16 at every width. */
    static final int GRAIN = 32;

    /** Columns at once for one row of x: their sums stay in L1 while the rows pass. */
    static final int COLS = 4096;

    /** Columns at once for a few rows of x, likewise. */
    private static final int COLS_OF_FEW = SLICE;

    /** Rows of weights widened at once. */
    private static final int BLOCK = 8;

    private static final int ROWS = 4;

    /** Whether rows of x are too many for this. */
    static boolean isMany(Matrix weights, int batch) {
        return batch >= (isPlain(weights) ? MANY : MANY_WIDENED);
    }

    /** Whether one row of x takes weights in place here: F32 and BF16. Those of other types are widened first. */
    static boolean isPlain(Matrix weights) {
        return weights instanceof Matrix.F32 || weights instanceof Matrix.Bf16;
    }

    @Override
    public void range(Matrix weights, int batch, float[] x, float[] y, int begin, int end, VectorWorkspace workspace) {
        boolean plain = isPlain(weights);
        if (plain && batch > 1) {
            VectorGemvTransposedTiles.range(weights, batch, x, y, begin, end, workspace);
            return;
        }
        int rows = weights.rows();
        int cols = weights.cols();
        int most = plain ? COLS : COLS_OF_FEW;
        int padded = (batch + ROWS - 1) / ROWS * ROWS;
        float[] sums = workspace.sums(padded * Math.min(most, end - begin));
        for (int col = begin; col < end; col += most) {
            int length = Math.min(most, end - col);
            for (int i = 0; i < batch; i++) {
                Arrays.fill(y, i * cols + col, i * cols + col + length, 0);
            }
            for (int slice = 0; slice < rows; slice += DEPTH) {
                int depth = Math.min(DEPTH, rows - slice);
                if (plain) {
                    slice(weights, slice, depth, x, sums, 0, col, length, workspace);
                } else {
                    Arrays.fill(sums, 0, padded * length, 0);
                    float[] lines = lines(batch, x, rows, slice, depth, workspace);
                    widened(weights, slice, depth, 0, depth, batch, lines, sums, 0, length, col, 0, workspace);
                }
                for (int i = 0; i < batch; i++) {
                    VectorAxpys.row(1, sums, i * length, y, i * cols + col, length);
                }
            }
        }
    }

    /**
     * A slice of plain weights with one row of x.
     *
     * @param sums [length] from {@code to}, of the columns from {@code col} on; overwritten
     */
    static void slice(
            Matrix weights,
            int slice,
            int depth,
            float[] x,
            float[] sums,
            int to,
            int col,
            int length,
            VectorWorkspace workspace) {
        Arrays.fill(sums, to, to + length, 0);
        int quarter = depth / ROWS;
        int body = SPECIES.loopBound(length);
        long cols = weights.cols();
        for (int row = slice; row < slice + quarter; row++) {
            long first = row * cols + col;
            if (weights instanceof Matrix.F32) {
                VectorAxpys.f32(weights.data(), first, quarter * cols, x, row, quarter, sums, to, body);
            } else {
                VectorAxpys.bf16(weights.data(), first, quarter * cols, x, row, quarter, sums, to, body);
            }
        }
        int whole = ROWS * quarter;
        if (whole < depth || body < length) {
            float[] lines = lines(1, x, weights.rows(), slice, depth, workspace);
            widened(weights, slice, depth, 0, whole, 1, lines, sums, to, length, col, body, workspace);
            widened(weights, slice, depth, whole, depth, 1, lines, sums, to, length, col, 0, workspace);
        }
    }

    /** A slice of rows of x in the order of lines: [batch, DEPTH]. */
    private static float[] lines(int batch, float[] x, int rows, int slice, int depth, VectorWorkspace workspace) {
        float[] lines = workspace.turned(batch * DEPTH);
        for (int i = 0; i < batch; i++) {
            VectorQuarters.turn(x, i * rows + slice, depth, lines, i * DEPTH, 1);
        }
        return lines;
    }

    /**
     * The lines {@code [from, end)} of a slice, widened first.
     *
     * @param x in the order of lines: [batch, DEPTH]
     * @param sums [batch, length] from {@code to}, of the columns from {@code col} on; accumulated into
     * @param done columns of them that have these lines already
     */
    private static void widened(
            Matrix weights,
            int slice,
            int depth,
            int from,
            int end,
            int batch,
            float[] x,
            float[] sums,
            int to,
            int length,
            int col,
            int done,
            VectorWorkspace workspace) {
        float[] block = workspace.block(BLOCK);
        for (int line = from; line < end; line += BLOCK) {
            int valid = Math.min(BLOCK, end - line);
            for (int at = done; at < length; at += SLICE) {
                int some = Math.min(SLICE, length - at);
                for (int k = 0; k < valid; k++) {
                    int row = slice + VectorQuarters.row(line + k, depth);
                    VectorUnpack.block(weights, row, col + at, 1, some, block, k * LEADING, LEADING);
                }
                int i = 0;
                for (; i < batch - 1; i += ROWS) {
                    tiles(block, valid, x, line, i, Math.min(ROWS, batch - i), sums, to, length, at, some);
                }
                for (; i < batch; i++) {
                    multiples(block, 0, valid, x, i * DEPTH + line, sums, to + i * length + at, some);
                }
            }
        }
    }

    /**
     * A block of widened lines with two to four rows of x.
     *
     * @param sums [.., length]; the rows from {@code i} on accumulate, those beyond {@code batch} something without meaning
     */
    private static void tiles(
            float[] block,
            int valid,
            float[] x,
            int line,
            int i,
            int batch,
            float[] sums,
            int sumsOffset,
            int length,
            int at,
            int some) {
        int x0 = i * DEPTH + line;
        int x1 = x0 + DEPTH;
        int x2 = x0 + Math.min(2, batch - 1) * DEPTH; // rows beyond the end repeat the last one
        int x3 = x0 + (batch - 1) * DEPTH;
        int to = sumsOffset + i * length + at;
        int c = 0;
        for (; c <= some - VectorAxpys.TILE; c += VectorAxpys.TILE) {
            VectorAxpys.tile(block, c, valid, x, x0, x1, x2, x3, sums, to + c, length);
        }
        if (c < some) {
            for (int k = 0; k < batch; k++) {
                multiples(block, c, valid, x, x0 + k * DEPTH, sums, to + k * length + c, some - c);
            }
        }
    }

    /** A block of widened lines, from column {@code c} on, with one row of x. */
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
