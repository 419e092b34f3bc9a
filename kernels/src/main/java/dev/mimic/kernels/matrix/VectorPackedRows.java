package dev.mimic.kernels.matrix;

import static dev.mimic.kernels.VectorWidth.SPECIES;
import static dev.mimic.kernels.matrix.VectorGemmTile.DEPTH;
import static dev.mimic.kernels.matrix.VectorPanelPacking.LINES;

import java.lang.foreign.MemorySegment;

/** A chunk of the rows of x in panels, each [cols, width] with the rows of x side by side. */
final class VectorPackedRows {
    /** Elements of packed activations at most, unless one panel has more: 16 MiB. */
    private static final int PACKED = 1 << 22;

    private static final int LANES = SPECIES.length();

    private final int width;
    private final int most;
    private final VectorMatrixKernels.Ranged packing = this::pack;
    private MemorySegment packed = MemorySegment.NULL;
    private int begin;
    private int end;

    /**
     * Nothing packed yet.
     *
     * @param width rows of x in a panel
     * @param most rows of x in a chunk
     */
    VectorPackedRows(int width, int most) {
        this.width = width;
        this.most = most;
    }

    /** Begins with the rows of x from {@code first} on and returns the number of panels to pack. */
    int startChunk(Matrix weights, int batch, int first) {
        int panelSize = Math.multiplyExact(weights.cols(), width);
        int fit = Math.max(1, PACKED / Math.max(1, panelSize)) * width;
        begin = first;
        end = (int) Math.min(batch, first + (long) Math.min(fit, most));
        packed = VectorWorkspace.panels(packed, Math.multiplyExact(panels(), panelSize));
        return panels();
    }

    /** Rows of x in the chunk. */
    int count() {
        return end - begin;
    }

    int panels() {
        return (end - begin + width - 1) / width;
    }

    /** Rows of x in a panel. */
    int countIn(int panel) {
        return Math.min(width, end - begin - panel * width);
    }

    /** [panels, cols, width]. */
    MemorySegment packed() {
        return packed;
    }

    /** Packs, over panels. */
    VectorMatrixKernels.Ranged packing() {
        return packing;
    }

    private void pack(Matrix weights, int batch, float[] x, float[] y, int from, int to, VectorWorkspace workspace) {
        int cols = weights.cols();
        for (int panel = from; panel < to; panel++) {
            int first = begin + panel * width;
            int valid = countIn(panel);
            int filled = (valid + LANES - 1) / LANES * LANES; // a tile takes whole vectors
            for (int col = 0; col < cols; col += DEPTH) { // so much of eight rows stays in L1
                int depth = Math.min(DEPTH, cols - col);
                int at = (panel * cols + col) * width;
                int i = 0;
                for (; i <= valid - LINES; i += LINES) {
                    VectorPanelPacking.turn(x, (first + i) * cols + col, cols, depth, packed, at + i, width);
                }
                for (; i < filled; i++) {
                    line(x, (first + i) * cols + col, i < valid, depth, at + i);
                }
            }
        }
    }

    /** One row of x, or zeros where the panel has more. */
    private void line(float[] x, int from, boolean valid, int depth, int to) {
        for (int k = 0; k < depth; k++) {
            packed.set(Matrix.FLOAT, (to + k * width) * (long) Float.BYTES, valid ? x[from + k] : 0);
        }
    }

    /**
     * Writes sums to the rows of x they are of.
     *
     * @param sums [rows, width] of one panel, from {@code offset} on, every {@code step}th row
     * @param row the first row of weights
     * @param rows so many of them
     * @param y [batch, stride]
     */
    void write(int panel, MemorySegment sums, int offset, int step, int row, int rows, float[] y, int stride) {
        int valid = countIn(panel);
        for (int i = 0; i < valid; i++) {
            int from = offset + i;
            int to = (begin + panel * width + i) * stride + row;
            for (int r = 0; r < rows; r++) {
                y[to + r] = sums.get(Matrix.FLOAT, (from + r * step * width) * (long) Float.BYTES);
            }
        }
    }
}
