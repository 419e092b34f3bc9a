package dev.mimic.kernels.matrix;

import static dev.mimic.kernels.matrix.VectorGemmTile.DEPTH;
import static dev.mimic.kernels.matrix.VectorGemmTile.PANEL;
import static dev.mimic.kernels.matrix.VectorGemmTile.ROWS;
import static dev.mimic.kernels.matrix.VectorPanelPacking.LINES;
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

    /** Elements of packed activations at most, unless one panel has more: 16 MiB. */
    private static final int PACKED = 1 << 22;

    /** Rows of x in a chunk at most: their sums, beside the widened block, stay in L2. */
    private static final int CHUNK = 512;

    private final VectorMatrixKernels.Ranged packing = this::pack;
    private MemorySegment packed = MemorySegment.NULL;
    private int chunkBegin;
    private int chunkEnd;

    /** Begins with the rows of x from {@code first} on and returns the number of panels to pack. */
    int startChunk(Matrix weights, int batch, int first) {
        int panelSize = Math.multiplyExact(weights.cols(), PANEL);
        int most = Math.max(1, PACKED / Math.max(1, panelSize)) * PANEL;
        chunkBegin = first;
        chunkEnd = (int) Math.min(batch, first + (long) Math.min(most, CHUNK));
        int panels = (chunkEnd - chunkBegin + PANEL - 1) / PANEL;
        packed = VectorWorkspace.panels(packed, Math.multiplyExact(panels, panelSize));
        return panels;
    }

    /** Rows of x in the current chunk. */
    int rowsInChunk() {
        return chunkEnd - chunkBegin;
    }

    /** The first phase, over panels. */
    VectorMatrixKernels.Ranged packing() {
        return packing;
    }

    private void pack(Matrix weights, int batch, float[] x, float[] y, int begin, int end, VectorWorkspace workspace) {
        int cols = weights.cols();
        for (int panel = begin; panel < end; panel++) {
            int first = chunkBegin + panel * PANEL;
            int valid = Math.min(PANEL, chunkEnd - first);
            int to = panel * cols * PANEL;
            for (int col = 0; col < cols; col += DEPTH) { // so much of eight rows stays in L1
                int depth = Math.min(DEPTH, cols - col);
                int i = 0;
                for (; i <= valid - LINES; i += LINES) {
                    VectorPanelPacking.turn(x, (first + i) * cols + col, cols, depth, packed, to + col * PANEL + i);
                }
                for (; i < PANEL; i++) {
                    line(x, (first + i) * cols + col, i < valid, depth, to + col * PANEL + i);
                }
            }
        }
    }

    /** One row of x, or zeros where the panel has more. */
    private void line(float[] x, int from, boolean valid, int depth, int to) {
        for (int k = 0; k < depth; k++) {
            packed.set(Matrix.FLOAT, (to + k * PANEL) * (long) Float.BYTES, valid ? x[from + k] : 0);
        }
    }

    /** The second phase, over rows of weights. */
    @Override
    public void range(Matrix weights, int batch, float[] x, float[] y, int begin, int end, VectorWorkspace workspace) {
        int cols = weights.cols();
        int panels = (chunkEnd - chunkBegin + PANEL - 1) / PANEL;
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
                write(sums, panel, row, valid, y, weights.rows());
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
        for (int panel = 0; panel < panels; panel++) {
            int from = (panel * cols + col + k) * PANEL;
            int columns = Math.min(PANEL, chunkEnd - chunkBegin - panel * PANEL);
            for (int r = 0; r < valid; r += ROWS) {
                VectorGemmTile.accumulate(
                        columns, block, r * LEADING + k, packed, from, depth, tile, sums, (panel * BLOCK + r) * PANEL);
            }
        }
    }

    private void write(MemorySegment sums, int panel, int row, int valid, float[] y, int rows) {
        int first = chunkBegin + panel * PANEL;
        int lanes = Math.min(PANEL, chunkEnd - first);
        for (int i = 0; i < lanes; i++) {
            int from = panel * BLOCK * PANEL + i;
            int to = (first + i) * rows + row;
            for (int r = 0; r < valid; r++) {
                y[to + r] = sums.get(Matrix.FLOAT, (from + r * PANEL) * (long) Float.BYTES);
            }
        }
    }
}
