package dev.mimic.kernels.matrix;

import static dev.mimic.kernels.matrix.VectorGemmTile.DEPTH;
import static dev.mimic.kernels.matrix.VectorGemmTile.PANEL;
import static dev.mimic.kernels.matrix.VectorGemmTile.ROWS;
import static dev.mimic.kernels.matrix.VectorWorkspace.LEADING;
import static dev.mimic.kernels.matrix.VectorWorkspace.SLICE;

import java.util.Arrays;

/**
 * {@code y[i, c] = Σ_r weights[r, c] · x[i, r]} for many rows of x: the tile of {@link VectorGemm} with the parts
 * exchanged. Columns of weights lie side by side already and become the panels, rows of x the block.
 *
 * <p>The order: fma in order of the rows of weights within a slice of {@link VectorGemmTile#DEPTH}, the slices added in
 * order.
 */
final class VectorGemmTransposed implements VectorMatrixKernels.Ranged {
    /** Rows of x at once. */
    private static final int BLOCK = 8 * ROWS;

    /** Panels at once: a copy of x serves that many. */
    private static final int PANELS = 4;

    @Override
    public void range(Matrix weights, int batch, float[] x, float[] y, int begin, int end, VectorWorkspace workspace) {
        for (int col = begin; col < end; col += PANELS * PANEL) {
            int width = Math.min(PANELS * PANEL, end - col);
            for (int i = 0; i < batch; i += BLOCK) {
                block(weights, x, i, Math.min(BLOCK, batch - i), y, col, width, workspace);
            }
        }
    }

    private static void block(
            Matrix weights, float[] x, int first, int valid, float[] y, int col, int width, VectorWorkspace workspace) {
        int rows = weights.rows();
        int panels = (width + PANEL - 1) / PANEL;
        float[] sums = workspace.sums(PANELS * BLOCK * PANEL);
        float[] packed = workspace.panels(PANELS * SLICE * PANEL);
        float[] block = workspace.block(BLOCK);
        Arrays.fill(sums, 0, panels * BLOCK * PANEL, 0);
        for (int row = 0; row < rows; row += SLICE) {
            int length = Math.min(SLICE, rows - row);
            for (int i = 0; i < valid; i++) {
                System.arraycopy(x, (first + i) * rows + row, block, i * LEADING, length);
            }
            for (int panel = 0; panel < panels; panel++) {
                int lanes = Math.min(PANEL, width - panel * PANEL);
                int to = panel * SLICE * PANEL;
                VectorUnpack.block(weights, row, col + panel * PANEL, length, lanes, packed, to, PANEL, workspace);
            }
            for (int k = 0; k < length; k += DEPTH) {
                multiply(block, valid, packed, k, Math.min(DEPTH, length - k), panels, workspace.tile(), sums);
            }
        }
        write(sums, first, valid, y, weights.cols(), col, width);
    }

    private static void multiply(
            float[] block, int valid, float[] packed, int k, int depth, int panels, float[] tile, float[] sums) {
        for (int panel = 0; panel < panels; panel++) {
            int from = (panel * SLICE + k) * PANEL;
            for (int r = 0; r < valid; r += ROWS) {
                VectorGemmTile.accumulate(
                        block, r * LEADING + k, packed, from, depth, tile, sums, (panel * BLOCK + r) * PANEL);
            }
        }
    }

    private static void write(float[] sums, int first, int valid, float[] y, int cols, int col, int width) {
        for (int i = 0; i < valid; i++) {
            for (int c = 0; c < width; c += PANEL) {
                int from = (c / PANEL * BLOCK + i) * PANEL;
                System.arraycopy(sums, from, y, (first + i) * cols + col + c, Math.min(PANEL, width - c));
            }
        }
    }
}
