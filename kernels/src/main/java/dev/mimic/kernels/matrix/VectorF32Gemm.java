package dev.mimic.kernels.matrix;

import static dev.mimic.kernels.matrix.VectorF32GemmTile.PANEL;
import static dev.mimic.kernels.matrix.VectorF32GemmTile.ROWS;
import static dev.mimic.kernels.matrix.VectorGemmTile.DEPTH;

import java.lang.foreign.MemorySegment;

/**
 * {@code y[i, r] = Σ_c weights[r, c] · x[i, c]} for many rows of x and weights of F32, which are read where they are: the
 * first panel of x takes six rows of them from memory, the others from the caches. The six are a sixth of a block apart,
 * so that they are six streams that go on from row to row where rows are short. Rows of x are packed as in
 * {@link VectorGemm}, and the order of summation is the same.
 */
final class VectorF32Gemm implements VectorMatrixKernels.Ranged {
    /** Rows of x in a chunk at most. */
    private static final int CHUNK = 256;

    /** Elements of packed x that all rows of a block meet before the next ones: 512 KiB of L2. */
    private static final int SLICE = 1 << 17;

    /** Elements of sums of a block of weights at most, another 512 KiB: the sums of a tile lie together. */
    private static final int SUMS = 1 << 17;

    private final VectorPackedRows rows = new VectorPackedRows(PANEL, CHUNK);

    /** Chunks of x, packed before. */
    VectorPackedRows rows() {
        return rows;
    }

    /** Works on rows of weights. */
    @Override
    public void range(Matrix weights, int batch, float[] x, float[] y, int begin, int end, VectorWorkspace workspace) {
        int cols = weights.cols();
        int panels = rows.panels();
        int most = Math.max(1, SUMS / (panels * PANEL * ROWS)) * ROWS;
        int slice = slice(cols, panels);
        MemorySegment sums = workspace.panelSums(panels * most * PANEL);
        for (int row = begin; row < end; row += most) {
            int valid = Math.min(most, end - row);
            int part = (valid + ROWS - 1) / ROWS;
            VectorGemmTile.clear(sums, panels * most * PANEL);
            for (int col = 0; col < cols; col += slice) {
                int length = Math.min(slice, cols - col);
                for (int r = 0; r < part; r++) {
                    int there = (valid - 1 - r) / part + 1;
                    multiply(weights, row + r, part, there, col, length, workspace.tile(), sums, r * ROWS, most);
                }
            }
            for (int panel = 0; panel < panels; panel++) {
                for (int r = 0; r < valid; r += part) {
                    int from = (panel * most + r / part) * PANEL;
                    rows.write(panel, sums, from, ROWS, row + r, Math.min(part, valid - r), y, weights.rows());
                }
            }
        }
    }

    /** Columns at once: as even as slices of k allow, about {@link #SLICE} elements of packed x. */
    private static int slice(int cols, int panels) {
        long slices = Math.max(1, ((long) panels * PANEL * cols + SLICE / 2) / SLICE);
        return (int) Math.max(1, (cols + slices * DEPTH - 1) / (slices * DEPTH)) * DEPTH;
    }

    /** Rows of weights, {@code part} apart, with a slice of every panel. */
    private void multiply(
            Matrix weights,
            int row,
            int part,
            int there,
            int col,
            int length,
            float[] tile,
            MemorySegment sums,
            int sumsRow,
            int most) {
        int cols = weights.cols();
        long stride = (long) part * cols * Float.BYTES;
        MemorySegment data = weights.data();
        MemorySegment packed = rows.packed();
        for (int panel = 0; panel < rows.panels(); panel++) {
            int columns = rows.countIn(panel);
            int to = (panel * most + sumsRow) * PANEL;
            for (int k = col; k < col + length; k += DEPTH) {
                int at = (panel * cols + k) * PANEL;
                int depth = Math.min(DEPTH, col + length - k);
                long from = ((long) row * cols + k) * Float.BYTES;
                VectorF32GemmTile.accumulate(columns, data, from, stride, there, packed, at, depth, tile, sums, to);
            }
        }
    }
}
