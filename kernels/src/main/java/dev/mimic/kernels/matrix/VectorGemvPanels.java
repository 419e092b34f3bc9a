package dev.mimic.kernels.matrix;

import static dev.mimic.kernels.VectorWidth.SPECIES;
import static dev.mimic.kernels.matrix.VectorChainTile.PANEL;
import static dev.mimic.kernels.matrix.VectorChainTile.ROWS;
import static dev.mimic.kernels.matrix.VectorChainTile.SIZE;
import static dev.mimic.kernels.matrix.VectorDots.LEADING;

import java.util.Arrays;

/**
 * {@link VectorGemv} for many rows of x, in its order. The rows are packed into panels side by side, chain by chain; then
 * twelve rows of weights at a time are widened into L1 and meet every panel. Each chain is a tile of sums, and the tiles
 * of a slice are added as {@link dev.mimic.kernels.VectorLanes#sum} adds lanes: by halves.
 */
final class VectorGemvPanels implements VectorMatrixKernels.Ranged {
    /** Rows of x from which a panel pays, the rest of it empty. */
    private static final int PAYS = PANEL * 3 / 4;

    /** Elements of packed activations at most, unless one panel has more: 16 MiB. */
    private static final int PACKED = 1 << 22;

    private static final int LANES = SPECIES.length();

    /** Elements behind each packed chain, lest the streams of all chains meet in one set of a cache. */
    private static final int PAD = 16;

    /** Rows of weights whose sums are written together. */
    private static final int BLOCK = 4 * ROWS;

    /** Groups of four chains. */
    static final int GROUPS = LANES / 4;

    /** Four in the order in which neighbours are added first. */
    private static final int[] BY_HALVES = {0, 2, 1, 3};

    private final VectorMatrixKernels.Ranged packing = this::pack;
    private float[] packed = new float[0];
    private int chunkBegin;
    private int chunkEnd;

    /** How many of the first rows of a batch go through panels; the others cost less in dots. */
    static int rowsOf(int batch) {
        int whole = batch / PANEL * PANEL;
        return batch - whole >= PAYS ? batch : whole;
    }

    /** Begins with the rows of x from {@code first} on and returns the number of panels to pack. */
    int startChunk(Matrix weights, int batch, int first) {
        int panelSize = panelSize(SPECIES.loopBound(weights.cols()));
        int most = Math.max(1, PACKED / Math.max(1, panelSize)) * PANEL;
        chunkBegin = first;
        chunkEnd = (int) Math.min(batch, (long) first + most);
        int panels = (chunkEnd - chunkBegin + PANEL - 1) / PANEL;
        int needed = Math.multiplyExact(panels, panelSize);
        if (packed.length < needed) {
            packed = new float[needed];
        }
        return panels;
    }

    /** Where the slice that begins at {@code col} begins in a panel. */
    private static int at(int col, int slice) {
        return col * PANEL + col / slice * LANES * PAD;
    }

    private static int panelSize(int body) {
        return Math.multiplyExact(body, PANEL) + VectorGemv.slices(body) * LANES * PAD;
    }

    /** Rows of x in the current chunk. */
    int rowsInChunk() {
        return chunkEnd - chunkBegin;
    }

    /** The first phase, over panels: [panels, slices, chains, columns of the chain, PANEL]. */
    VectorMatrixKernels.Ranged packing() {
        return packing;
    }

    private void pack(Matrix weights, int batch, float[] x, float[] y, int begin, int end, VectorWorkspace workspace) {
        int cols = weights.cols();
        int body = SPECIES.loopBound(cols);
        int slice = VectorGemv.slice(body);
        for (int panel = begin; panel < end; panel++) {
            int first = chunkBegin + panel * PANEL;
            int valid = Math.min(PANEL, chunkEnd - first);
            int to = panel * panelSize(body);
            if (valid < PANEL) {
                Arrays.fill(packed, to, to + panelSize(body), 0);
            }
            for (int col = 0; col < body; col += slice) {
                int length = Math.min(slice, body - col);
                pack(x, first * cols + col, cols, valid, length, to + at(col, slice));
            }
        }
    }

    private void pack(float[] x, int from, int cols, int valid, int length, int to) {
        float[] packed = this.packed;
        int chain = stride(length);
        for (int c = 0; c < length; c += LANES) {
            for (int i = 0; i < valid; i++) {
                int element = from + i * cols + c;
                int at = to + 2 * c + i;
                for (int j = 0; j < LANES; j++) {
                    packed[at + j * chain] = x[element + j];
                }
            }
        }
    }

    /** Elements from chain to chain of a slice. */
    private static int stride(int length) {
        return length * 2 + PAD;
    }

    /** The second phase, over rows of weights. */
    @Override
    public void range(Matrix weights, int batch, float[] x, float[] y, int begin, int end, VectorWorkspace workspace) {
        int panels = (chunkEnd - chunkBegin + PANEL - 1) / PANEL;
        float[] sums = workspace.sums((BLOCK / ROWS * panels) * SIZE);
        for (int row = begin; row < end; row += BLOCK) {
            int valid = Math.min(BLOCK, end - row);
            for (int r = 0; r < valid; r += ROWS) {
                rows(weights, row + r, Math.min(ROWS, valid - r), panels, workspace, sums, r / ROWS * panels * SIZE);
            }
            for (int panel = 0; panel < panels; panel++) {
                write(sums, panel, panels, row, valid, y, weights.rows());
            }
            for (int r = 0; r < valid; r += ROWS) {
                int some = Math.min(ROWS, valid - r);
                VectorGemv.tail(weights, row + r, some, chunkBegin, chunkEnd, x, y, workspace);
            }
        }
    }

    /**
     * Twelve rows of weights against all panels.
     *
     * @param sums [panels, 12, PANEL] from {@code to}; overwritten
     */
    private void rows(Matrix weights, int row, int valid, int panels, VectorWorkspace workspace, float[] sums, int to) {
        int body = SPECIES.loopBound(weights.cols());
        int slice = VectorGemv.slice(body);
        float[] block = workspace.rows();
        float[] tiles = workspace.tiles();
        for (int col = 0; col < body; col += slice) {
            int length = Math.min(slice, body - col);
            VectorUnpack.block(weights, row, col, valid, length, block, 0, LEADING);
            for (int panel = 0; panel < panels; panel++) {
                int from = panel * panelSize(body) + at(col, slice);
                if (col == 0) {
                    multiply(block, from, length, tiles, sums, to + panel * SIZE);
                } else {
                    multiply(block, from, length, tiles, tiles, 0);
                    VectorChainTile.accumulate(tiles, 0, sums, to + panel * SIZE);
                }
            }
        }
    }

    /**
     * All chains of a slice, added by halves, four at a time.
     *
     * @param tiles [4 + GROUPS, 12, PANEL]; overwritten
     * @param sums [12, PANEL] from {@code to}; overwritten
     */
    private void multiply(float[] block, int panel, int length, float[] tiles, float[] sums, int to) {
        int stride = stride(length);
        for (int group = 0; group < GROUPS; group++) {
            for (int i = 0; i < 4; i++) {
                int chain = firstOf(group) + GROUPS * BY_HALVES[i];
                VectorChainTile.chain(block, chain, packed, panel + chain * stride, length, tiles, i * SIZE);
            }
            VectorChainTile.addFour(tiles, 0, (4 + group) * SIZE);
        }
        VectorChainTile.sum(tiles, 4 * SIZE, sums, to);
    }

    /** The first chain of a group; its others follow a number of groups apart. */
    private static int firstOf(int group) {
        return GROUPS == 4 ? BY_HALVES[group] : group;
    }

    /** Whole lines of y at a time: its rows are often a power of two apart and would drive each other out of L1. */
    private void write(float[] sums, int panel, int panels, int row, int valid, float[] y, int rows) {
        int begin = chunkBegin + panel * PANEL;
        int lanes = Math.min(PANEL, chunkEnd - begin);
        for (int i = 0; i < lanes; i++) {
            int to = (begin + i) * rows + row;
            int from = panel * SIZE + i;
            int r = 0;
            for (; r <= valid - ROWS; r += ROWS) {
                writeRows(sums, from + r / ROWS * panels * SIZE, y, to + r);
            }
            for (int last = r; r < valid; r++) {
                y[to + r] = sums[from + last / ROWS * panels * SIZE + (r - last) * PANEL];
            }
        }
    }

    private static void writeRows(float[] sums, int from, float[] y, int to) {
        for (int r = 0; r < ROWS; r++) { // a constant number: C2 writes it out
            y[to + r] = sums[from + r * PANEL];
        }
    }
}
