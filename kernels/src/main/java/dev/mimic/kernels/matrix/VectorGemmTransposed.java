package dev.mimic.kernels.matrix;

import static dev.mimic.kernels.VectorWidth.SPECIES;
import static dev.mimic.kernels.matrix.VectorGemmTile.DEPTH;
import static dev.mimic.kernels.matrix.VectorGemmTile.PANEL;
import static dev.mimic.kernels.matrix.VectorGemmTile.ROWS;
import static dev.mimic.kernels.matrix.VectorWorkspace.LEADING;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

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
    private static final int PANELS = 8;

    /** Rows of x that share a widening of the weights. */
    private static final int CHUNK = 3 * BLOCK;

    /** Elements of a line: a row of weights across the panels. */
    static final int LINE = PANELS * PANEL;

    /** Lines widened at once. */
    static final int LINES = 8;

    private static final int LANES = SPECIES.length();

    @Override
    public void range(Matrix weights, int batch, float[] x, float[] y, int begin, int end, VectorWorkspace workspace) {
        for (int first = 0; first < batch; first += CHUNK) {
            int valid = Math.min(CHUNK, batch - first);
            for (int col = begin; col < end; col += LINE) {
                columns(weights, x, first, valid, y, col, Math.min(LINE, end - col), workspace);
            }
        }
    }

    private static void columns(
            Matrix weights, float[] x, int first, int valid, float[] y, int col, int width, VectorWorkspace workspace) {
        int rows = weights.rows();
        int panels = (width + PANEL - 1) / PANEL;
        float[] sums = workspace.sums(PANELS * CHUNK * PANEL);
        float[] packed = workspace.panels(PANELS * DEPTH * PANEL);
        float[] block = workspace.block(BLOCK);
        Arrays.fill(sums, 0, panels * CHUNK * PANEL, 0);
        for (int row = 0; row < rows; row += DEPTH) {
            int depth = Math.min(DEPTH, rows - row);
            pack(weights, row, col, depth, width, workspace.lines(), packed);
            for (int i = 0; i < valid; i += BLOCK) {
                int some = Math.min(BLOCK, valid - i);
                for (int r = 0; r < some; r++) {
                    System.arraycopy(x, (first + i + r) * rows + row, block, r * LEADING, depth);
                }
                multiply(block, i, some, packed, depth, panels, workspace.tile(), sums);
            }
        }
        write(sums, first, valid, y, weights.cols(), col, width);
    }

    /** Widens whole lines, because memory likes long reads, and cuts them into panels. */
    private static void pack(Matrix weights, int row, int col, int length, int width, float[] lines, float[] packed) {
        for (int k = 0; k < length; k += LINES) {
            int valid = Math.min(LINES, length - k);
            VectorUnpack.block(weights, row + k, col, valid, width, lines, 0, LINE);
            for (int r = 0; r < valid; r++) {
                for (int c = 0;
                        c < width;
                        c += LANES) { // behind the last column: what was there, for sums nobody reads
                    int to = (c / PANEL * DEPTH + k + r) * PANEL + c % PANEL;
                    FloatVector.fromArray(SPECIES, lines, r * LINE + c).intoArray(packed, to);
                }
            }
        }
    }

    private static void multiply(
            float[] block, int first, int valid, float[] packed, int depth, int panels, float[] tile, float[] sums) {
        for (int panel = 0; panel < panels; panel++) {
            int to = panel * CHUNK + first;
            for (int r = 0; r < valid; r += ROWS) {
                VectorGemmTile.accumulate(
                        block, r * LEADING, packed, panel * DEPTH * PANEL, depth, tile, sums, (to + r) * PANEL);
            }
        }
    }

    private static void write(float[] sums, int first, int valid, float[] y, int cols, int col, int width) {
        for (int i = 0; i < valid; i++) {
            for (int c = 0; c < width; c += PANEL) {
                int from = (c / PANEL * CHUNK + i) * PANEL;
                System.arraycopy(sums, from, y, (first + i) * cols + col + c, Math.min(PANEL, width - c));
            }
        }
    }
}
