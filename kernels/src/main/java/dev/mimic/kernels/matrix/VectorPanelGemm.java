package dev.mimic.kernels.matrix;

import static dev.mimic.kernels.VectorWidth.SPECIES;
import static dev.mimic.kernels.matrix.VectorGemmTile.DEPTH;
import static dev.mimic.kernels.matrix.VectorGemmTile.PANEL;
import static dev.mimic.kernels.matrix.VectorGemmTile.ROWS;
import static dev.mimic.kernels.matrix.VectorWorkspace.LEADING;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * Products with the weights packed: outputs lie side by side in panels, rows of x are the blocks, and the tile's sums go
 * to y as they are. A packed slice of weights serves all rows of x.
 *
 * <p>The order: fma in order of k within a slice of {@link VectorGemmTile#DEPTH}, the slices added in order to 0; as in
 * {@link VectorGemm}.
 */
final class VectorPanelGemm implements VectorMatrixKernels.Ranged {
    /** Panels at once: a copy of x serves that many. */
    private static final int PANELS = 8;

    /** Outputs at once. */
    static final int LINE = PANELS * PANEL;

    /** Rows of x at once. */
    private static final int BLOCK = 8 * ROWS;

    private static final int LANES = SPECIES.length();

    private final VectorPanelPacking packing;
    private final VectorMatrixKernels.Ranged rows = this::rows;

    VectorPanelGemm(VectorPanelPacking packing) {
        this.packing = packing;
    }

    /** Works on outputs: where threads share those, each packs its own and sees all of x. */
    @Override
    public void range(Matrix weights, int batch, float[] x, float[] y, int begin, int end, VectorWorkspace workspace) {
        products(weights, 0, batch, x, y, begin, end, workspace);
    }

    /** Works on rows of x: where threads share those, each packs all weights, but its rows stay in its own caches. */
    VectorMatrixKernels.Ranged rows() {
        return rows;
    }

    private void rows(Matrix weights, int batch, float[] x, float[] y, int begin, int end, VectorWorkspace workspace) {
        products(weights, begin, end, x, y, 0, packing.outputs(weights), workspace);
    }

    private void products(
            Matrix weights,
            int firstRow,
            int lastRow,
            float[] x,
            float[] y,
            int begin,
            int end,
            VectorWorkspace workspace) {
        int length = packing.length(weights);
        int outputs = packing.outputs(weights);
        MemorySegment packed = workspace.panels(PANELS * DEPTH * PANEL);
        float[] block = workspace.block(BLOCK);
        for (int output = begin; output < end; output += LINE) {
            int width = Math.min(LINE, end - output);
            for (int i = firstRow; length == 0 && i < lastRow; i++) {
                Arrays.fill(y, i * outputs + output, i * outputs + output + width, 0);
            }
            for (int k = 0; k < length; k += DEPTH) {
                int depth = Math.min(DEPTH, length - k);
                packing.pack(weights, output, width, k, depth, workspace.lines(), packed);
                for (int first = firstRow; first < lastRow; first += BLOCK) {
                    int rows = Math.min(BLOCK, lastRow - first);
                    copy(x, first * length + k, length, rows, depth, block);
                    int to = first * outputs + output;
                    multiply(block, rows, packed, depth, width, workspace.tile(), y, to, outputs, k == 0);
                }
            }
        }
    }

    /** Rows of x into the block, whose stride is a constant; a call of arraycopy for each would cost more than it moves. */
    private static void copy(float[] x, int offset, int stride, int rows, int length, float[] block) {
        int body = SPECIES.loopBound(length);
        for (int r = 0; r < rows; r++) {
            int from = offset + r * stride;
            int to = r * LEADING;
            for (int c = 0; c < body; c += LANES) {
                FloatVector.fromArray(SPECIES, x, from + c).intoArray(block, to + c);
            }
            for (int c = body; c < length; c++) {
                block[to + c] = x[from + c];
            }
        }
    }

    private static void multiply(
            float[] block,
            int rows,
            MemorySegment packed,
            int depth,
            int width,
            float[] tile,
            float[] y,
            int offset,
            int stride,
            boolean first) {
        for (int c = 0; c < width; c += PANEL) {
            int cols = Math.min(PANEL, width - c);
            for (int r = 0; r < rows; r += ROWS) {
                int some = Math.min(ROWS, rows - r);
                int to = offset + r * stride + c;
                VectorGemmTile.multiply(some, block, r * LEADING, packed, c * DEPTH, depth, tile);
                if (first) {
                    put(tile, some, cols, y, to, stride);
                } else {
                    add(tile, some, cols, y, to, stride);
                }
            }
        }
    }

    /** {@code y = 0 + tile}. */
    private static void put(float[] tile, int rows, int width, float[] y, int offset, int stride) {
        FloatVector zero = FloatVector.zero(SPECIES);
        for (int r = 0; r < rows; r++) {
            int to = offset + r * stride;
            if (width == PANEL) {
                FloatVector.fromArray(SPECIES, tile, r * PANEL).add(zero).intoArray(y, to);
                FloatVector.fromArray(SPECIES, tile, r * PANEL + LANES)
                        .add(zero)
                        .intoArray(y, to + LANES);
            } else {
                for (int c = 0; c < width; c++) {
                    y[to + c] = 0 + tile[r * PANEL + c];
                }
            }
        }
    }

    /** {@code y += tile}. */
    private static void add(float[] tile, int rows, int width, float[] y, int offset, int stride) {
        for (int r = 0; r < rows; r++) {
            int to = offset + r * stride;
            if (width == PANEL) {
                FloatVector.fromArray(SPECIES, y, to)
                        .add(FloatVector.fromArray(SPECIES, tile, r * PANEL))
                        .intoArray(y, to);
                FloatVector.fromArray(SPECIES, y, to + LANES)
                        .add(FloatVector.fromArray(SPECIES, tile, r * PANEL + LANES))
                        .intoArray(y, to + LANES);
            } else {
                for (int c = 0; c < width; c++) {
                    y[to + c] += tile[r * PANEL + c];
                }
            }
        }
    }
}
