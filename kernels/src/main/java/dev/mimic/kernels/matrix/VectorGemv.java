package dev.mimic.kernels.matrix;

import static dev.mimic.kernels.VectorWidth.SPECIES;
import static dev.mimic.kernels.matrix.VectorDots.BATCH;
import static dev.mimic.kernels.matrix.VectorDots.LEADING;
import static dev.mimic.kernels.matrix.VectorDots.ROWS;

import dev.mimic.kernels.VectorLanes;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * {@code y[i, r] = Σ_c weights[r, c] · x[i, c]}, four rows of weights at a time. One row of x takes the weights in place
 * where C2 can widen them on the way; a few rows share four rows of weights that are widened into L1; many rows go through
 * {@link VectorGemvPanels}.
 *
 * <p>The order, in every form: the columns are cut into equal {@linkplain #slice slices}; within one, a sum by column
 * modulo the lanes, with fma in order of the columns; the sums of the lanes by halves; the slices in order; then the scalar
 * tail.
 */
final class VectorGemv implements VectorMatrixKernels.Ranged {
    /** Rows that a thread gets at least. */
    static final int GRAIN = 4 * ROWS;

    private static final int LANES = SPECIES.length();

    private int first;

    /** Where the sums of a wide tile are, [4 (x), 4 (w)]. */
    private static final int[] SUM_AT =
            IntStream.range(0, BATCH * ROWS).map(VectorSums::at).toArray();

    /** Columns of a slice at most: twelve widened rows of it stay in L1 beside what they meet. */
    private static final int MOST = LEADING - 16;

    /**
     * Columns of a slice, a multiple of the lanes; the last one may have fewer.
     *
     * @param body columns; a multiple of the lanes
     */
    static int slice(int body) {
        int slices = slices(body);
        int cols = (body + slices - 1) / slices;
        return Math.max(LANES, (cols + LANES - 1) / LANES * LANES);
    }

    /** Slices of so many columns at most. */
    static int slices(int body) {
        return Math.max(1, (body + MOST - 1) / MOST);
    }

    /** First row of x of the next calls: those before it are somebody else's. */
    void from(int row) {
        first = row;
    }

    @Override
    public void range(Matrix weights, int batch, float[] x, float[] y, int begin, int end, VectorWorkspace workspace) {
        if (batch == 1 && (weights instanceof Matrix.F32 || weights instanceof Matrix.Bf16)) {
            inPlace(weights, begin, end, x, y, workspace);
            return;
        }
        for (int row = begin; row < end; row += ROWS) {
            int valid = Math.min(ROWS, end - row);
            widened(weights, row, valid, batch, x, y, workspace);
            tail(weights, row, valid, first, batch, x, y, workspace);
        }
    }

    /**
     * One row of x. The four rows of weights at once are a quarter of the range apart: each is a stream from memory that
     * goes on from row to row, where four neighbours would begin anew every four rows, in one page together.
     */
    private void inPlace(Matrix weights, int begin, int end, float[] x, float[] y, VectorWorkspace workspace) {
        int apart = (end - begin + ROWS - 1) / ROWS;
        Arrays.fill(y, begin, end, 0);
        for (int row = begin; row < begin + apart; row++) {
            rows(weights, row, apart, (end - row + apart - 1) / apart, x, y, workspace);
        }
        for (int row = begin; row < end; row += ROWS) {
            tail(weights, row, Math.min(ROWS, end - row), first, 1, x, y, workspace);
        }
    }

    /** The whole vectors of {@code valid} rows from {@code row} on, {@code apart} from each other. */
    private static void rows(
            Matrix weights, int row, int apart, int valid, float[] x, float[] y, VectorWorkspace workspace) {
        int cols = weights.cols();
        int body = SPECIES.loopBound(cols);
        int slice = slice(body);
        float[] sums = workspace.sums(ROWS * LANES);
        long step = (long) apart * cols;
        long o0 = (long) row * cols;
        long o1 = o0 + (valid > 1 ? step : 0); // rows beyond the end repeat the first one and are dropped
        long o2 = o0 + (valid > 2 ? 2 * step : 0);
        long o3 = o0 + (valid > 3 ? 3 * step : 0);
        for (int col = 0; col < body; col += slice) {
            int length = Math.min(slice, body - col);
            if (weights instanceof Matrix.F32) {
                VectorDots.f32(weights.data(), o0 + col, o1 + col, o2 + col, o3 + col, x, col, length, sums);
            } else {
                VectorDots.bf16(weights.data(), o0 + col, o1 + col, o2 + col, o3 + col, x, col, length, sums);
            }
            for (int k = 0; k < valid; k++) {
                y[row + k * apart] += VectorLanes.sum(sums, k * LANES);
            }
        }
    }

    private void widened(
            Matrix weights, int row, int valid, int batch, float[] x, float[] y, VectorWorkspace workspace) {
        int cols = weights.cols();
        int body = SPECIES.loopBound(cols);
        int slice = slice(body);
        float[] block = workspace.rows();
        float[] sums = workspace.sums(BATCH * ROWS * LANES);
        for (int i = first; i < batch; i++) {
            Arrays.fill(y, i * weights.rows() + row, i * weights.rows() + row + valid, 0);
        }
        for (int col = 0; col < body; col += slice) {
            int length = Math.min(slice, body - col);
            if (weights instanceof Matrix.F32) {
                inPlaceSlice(weights, row, valid, col, length, batch, x, y, sums);
            } else {
                VectorUnpack.block(weights, row, col, valid, length, block, 0, LEADING);
                slice(block, cols, col, length, batch, x, sums, weights.rows(), row, valid, y);
            }
        }
    }

    /** As {@link #slice} where C2 needs no copy: the rows of weights stay in L1 from one call to the next. */
    private void inPlaceSlice(
            Matrix weights, int row, int valid, int col, int length, int batch, float[] x, float[] y, float[] sums) {
        int cols = weights.cols();
        long o0 = (long) row * cols + col;
        long o1 = o0 + (valid > 1 ? cols : 0); // rows beyond the end repeat the first one and are dropped
        long o2 = o0 + (valid > 2 ? 2L * cols : 0);
        long o3 = o0 + (valid > 3 ? 3L * cols : 0);
        for (int i = first; i < batch; i += BATCH) {
            int last = Math.min(BATCH, batch - i) - 1; // likewise rows of x
            if (last == 0) {
                VectorDots.f32(weights.data(), o0, o1, o2, o3, x, i * cols + col, length, sums);
                for (int k = 0; k < valid; k++) {
                    y[i * weights.rows() + row + k] += VectorLanes.sum(sums, k * LANES);
                }
            } else {
                int x0 = i * cols + col;
                int x1 = x0 + cols;
                int x2 = x0 + Math.min(2, last) * cols;
                int x3 = x0 + last * cols;
                VectorDots.tile4(weights.data(), o0, o1, o2, o3, x, x0, x1, x2, x3, length, sums);
                add(sums, last + 1, valid, y, i * weights.rows() + row, weights.rows());
            }
        }
    }

    private void slice(
            float[] block,
            int cols,
            int col,
            int length,
            int batch,
            float[] x,
            float[] sums,
            int rows,
            int row,
            int valid,
            float[] y) {
        int i = first;
        for (; i <= batch - BATCH + 1; i += BATCH) { // three rows cost less in the wide form than alone
            int x0 = i * cols + col;
            int x3 = Math.min(i + 3, batch - 1) * cols + col;
            VectorDots.tile4(block, x, x0, x0 + cols, x0 + 2 * cols, x3, length, sums);
            add(sums, Math.min(BATCH, batch - i), valid, y, i * rows + row, rows);
        }
        for (; i < batch; i++) {
            VectorDots.tile1(block, x, i * cols + col, length, sums);
            for (int k = 0; k < valid; k++) {
                y[i * rows + row + k] += VectorLanes.sum(sums, k * LANES);
            }
        }
    }

    private static void add(float[] sums, int batch, int valid, float[] y, int to, int rows) {
        VectorSums.fold(sums);
        for (int i = 0; i < batch; i++) {
            for (int k = 0; k < valid; k++) {
                y[to + i * rows + k] += sums[SUM_AT[i * ROWS + k]];
            }
        }
    }

    /** Adds the columns behind the last whole vector, for the rows {@code [first, last)} of x. */
    static void tail(
            Matrix weights, int row, int valid, int first, int last, float[] x, float[] y, VectorWorkspace workspace) {
        int cols = weights.cols();
        int body = SPECIES.loopBound(cols);
        if (body == cols) {
            return;
        }
        int length = cols - body;
        float[] block = workspace.rows();
        VectorUnpack.block(weights, row, body, valid, length, block, 0, LEADING);
        for (int i = first; i < last; i++) {
            for (int k = 0; k < valid; k++) {
                y[i * weights.rows() + row + k] +=
                        ScalarMatrixKernels.dotRange(block, k * LEADING, x, i * cols + body, 0, length);
            }
        }
    }
}
