package dev.mimic.kernels.matrix;

import static dev.mimic.kernels.VectorWidth.SPECIES;
import static dev.mimic.kernels.matrix.VectorDots.BATCH;
import static dev.mimic.kernels.matrix.VectorDots.LEADING;
import static dev.mimic.kernels.matrix.VectorDots.ROWS;

import dev.mimic.kernels.VectorLanes;
import java.util.Arrays;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;

/**
 * {@code y[i, r] = Σ_c weights[r, c] · x[i, c]}, four rows of weights at a time. Where C2 can widen weights on the way they
 * are taken in place, by one row of x here or in {@link VectorGemvSequential}, and by a few in {@link VectorGemvTiles}; else a
 * few rows share four rows of weights that are widened into L1. Many rows go through {@link VectorGemvPanels}.
 *
 * <p>The order, in every form: the columns are cut into equal {@linkplain #slice slices}; within one, a sum by column
 * modulo the lanes, with fma in order of the columns; the sums of the lanes by halves; the slices in order; then the scalar
 * tail.
 */
final class VectorGemv implements VectorMatrixKernels.Ranged {
    /** Rows that a thread gets at least. */
    static final int GRAIN = 4 * ROWS;

    private static final int LANES = SPECIES.length();

    private final GemvTuner f32;
    private final GemvTuner bf16;
    private int first;

    /** Where sixteen sums are. */
    static final int[] SUM_AT =
            IntStream.range(0, VectorSums.COUNT).map(VectorSums::at).toArray();

    /** Sums of four rows that are added up together. */
    private static final int FOURS = VectorSums.COUNT / ROWS;

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

    /**
     * Makes the kernel.
     *
     * @param form of one row's products in place
     * @param clock nanoseconds, for {@link GemvForm#BEST}
     */
    VectorGemv(GemvForm form, LongSupplier clock) {
        f32 = new GemvTuner(form, clock);
        bf16 = new GemvTuner(form, clock);
    }

    /** What chooses between the forms of a product; null if it has only one. */
    GemvTuner tuner(Matrix weights, int batch) {
        if (batch > 1) {
            return null;
        }
        return weights instanceof Matrix.F32 ? f32 : weights instanceof Matrix.Bf16 ? bf16 : null;
    }

    /** The forms of one row's products by type. */
    String forms() {
        return "F32 " + f32 + ", BF16 " + bf16;
    }

    /** First row of x of the next calls: those before it are somebody else's. */
    void from(int row) {
        first = row;
    }

    @Override
    public void range(Matrix weights, int batch, float[] x, float[] y, int begin, int end, VectorWorkspace workspace) {
        GemvTuner tuner = tuner(weights, batch);
        if (tuner != null) {
            int streams = tuner.sequentialUntil(begin, end);
            if (begin < streams) {
                VectorGemvSequential.range(weights, begin, streams, x, y, workspace);
            }
            if (streams < end) {
                inPlace(weights, streams, end, x, y, workspace);
            }
            return;
        }
        if (batch > 1 && VectorGemvTiles.takes(weights)) {
            VectorGemvTiles.range(weights, first, batch, x, y, begin, end, workspace);
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
     * goes on from row to row, where four neighbours would begin anew every four rows, in one page together. Lanes are
     * added up for sixteen sums at a time.
     */
    private static void inPlace(Matrix weights, int begin, int end, float[] x, float[] y, VectorWorkspace workspace) {
        int cols = weights.cols();
        int body = SPECIES.loopBound(cols);
        int slice = slice(body);
        int slices = (body + slice - 1) / slice;
        int apart = (end - begin + ROWS - 1) / ROWS;
        float[] sums = workspace.sums(VectorSums.COUNT * LANES);
        Arrays.fill(y, begin, end, 0);
        int done = 0; // slices of four rows, of which FOURS wait to be added up
        for (int row = begin; row < begin + apart; row++) {
            long o = (long) row * cols;
            long o1 = (long) Math.min(row + apart, end - 1) * cols; // rows beyond the end repeat the last one
            long o2 = (long) Math.min(row + 2 * apart, end - 1) * cols;
            long o3 = (long) Math.min(row + 3 * apart, end - 1) * cols;
            for (int col = 0; col < body; col += slice) {
                int length = Math.min(slice, body - col);
                int to = done % FOURS * ROWS * LANES;
                if (weights instanceof Matrix.F32) {
                    VectorDots.f32(weights.data(), o + col, o1 + col, o2 + col, o3 + col, x, col, length, sums, to);
                } else {
                    VectorDots.bf16(weights.data(), o + col, o1 + col, o2 + col, o3 + col, x, col, length, sums, to);
                }
                done++;
                if (done % FOURS == 0) {
                    add(sums, done - FOURS, done, slices, begin, end, apart, y);
                }
            }
        }
        if (done % FOURS > 0) {
            add(sums, done - done % FOURS, done, slices, begin, end, apart, y);
        }
        for (int row = begin; row < end; row += ROWS) {
            tail(weights, row, Math.min(ROWS, end - row), 0, 1, x, y, workspace);
        }
    }

    /** The slices {@code [from, to)} of four rows, {@code slices} of which belong to the same rows. */
    private static void add(float[] sums, int from, int to, int slices, int begin, int end, int apart, float[] y) {
        VectorSums.fold(sums);
        for (int i = from; i < to; i++) {
            int row = begin + i / slices;
            for (int k = 0; k < ROWS && row + k * apart < end; k++) {
                y[row + k * apart] += sums[SUM_AT[(i - from) * ROWS + k]];
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
            VectorUnpack.block(weights, row, col, valid, length, block, 0, LEADING);
            slice(block, cols, col, length, batch, x, sums, weights.rows(), row, valid, y);
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
