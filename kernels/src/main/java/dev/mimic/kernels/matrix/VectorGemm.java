package dev.mimic.kernels.matrix;

import static dev.mimic.kernels.matrix.VectorGemmTile.DEPTH;
import static dev.mimic.kernels.matrix.VectorGemmTile.PANEL;
import static dev.mimic.kernels.matrix.VectorGemmTile.ROWS;
import static dev.mimic.kernels.matrix.VectorWorkspace.LEADING;
import static dev.mimic.kernels.matrix.VectorWorkspace.SLICE;

import java.lang.foreign.MemorySegment;

/**
 * {@code y[i, r] = Σ_c weights[r, c] · x[i, c]} for many rows of x. All of x is packed into panels first, each
 * [cols, PANEL] with the rows of x side by side; then blocks of weights are widened into L2 and meet every panel, and
 * their sums, transposed, are written to y.
 *
 * <p>The order: fma in order of the columns within a slice of {@link VectorGemmTile#DEPTH}, the slices added in order.
 * A lane is a row of x, so that no row's sum depends on its neighbours.
 */
final class VectorGemm implements VectorMatrixKernels.Ranged {
    /** Rows of weights widened at once: panels of x come from beyond L2 as often as there are blocks. */
    static final int BLOCK = 16 * ROWS;

    /** The same for a single panel, which stays in L2 anyway. */
    private static final int FEW = 4 * ROWS;

    /** Rows of x in a chunk at most: their sums, beside the widened block, stay in L2. */
    private static final int CHUNK = 512;

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
        float[] block = workspace.block(BLOCK);
        MemorySegment sums = workspace.panelSums(panels * BLOCK * PANEL);
        int most = panels == 1 ? FEW : BLOCK;
        for (int row = begin; row < end; row += most) {
            int valid = Math.min(most, end - row);
            VectorGemmTile.clear(sums, ((panels - 1) * BLOCK + most) * PANEL);
            for (int col = 0; col < cols; col += SLICE) {
                int length = Math.min(SLICE, cols - col);
                VectorUnpack.block(weights, row, col, valid, length, block, 0, LEADING);
                for (int k = 0; k < length; k += DEPTH) {
                    multiply(block, valid, cols, col, k, Math.min(DEPTH, length - k), panels, workspace.tile(), sums);
                }
            }
            for (int panel = 0; panel < panels; panel++) {
                rows.write(panel, sums, panel * BLOCK * PANEL, 1, row, valid, y, weights.rows());
            }
        }
    }

    private void multiply(
            float[] block,
            int valid,
            int cols,
            int col,
            int k,
            int depth,
            int panels,
            float[] tile,
            MemorySegment sums) {
        MemorySegment packed = rows.packed();
        for (int panel = 0; panel < panels; panel++) {
            int from = (panel * cols + col + k) * PANEL;
            int columns = rows.countIn(panel);
            for (int r = 0; r < valid; r += ROWS) {
                VectorGemmTile.accumulate(
                        columns, block, r * LEADING + k, packed, from, depth, tile, sums, (panel * BLOCK + r) * PANEL);
            }
        }
    }
}
