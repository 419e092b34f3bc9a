package dev.mimic.kernels.svd;

import dev.mimic.kernels.WorkerPool;

/**
 * Matrix product in double precision. Blocks of both factors are packed with the tile's shape, so that any strides run
 * at the same speed (Goto and van de Geijn 2008). An element of the result is summed in blocks of {@link #DEPTH} from
 * k = 0, whatever the number of threads.
 */
final class DoubleGemm {
    private static final int DEPTH = 256;

    /** Columns of a packed block: 512 KiB with DEPTH, half of a small L2. */
    private static final int COLS = 256;

    private static final int TILE_ROWS = DoubleKernels.TILE_ROWS;

    private final DoubleKernels kernels;
    private final WorkerPool pool;

    DoubleGemm(DoubleKernels kernels, WorkerPool pool) {
        this.kernels = kernels;
        this.pool = pool;
    }

    /**
     * {@code c[i, j] += alpha · Σ_k a[i, k] · b[k, j]}.
     *
     * @param a [rows, depth]
     * @param b [depth, cols]
     * @param c [rows, cols] from {@code cOffset}, rows {@code cStride} apart; accumulated into; no alias of a or b
     */
    void multiply(
            int rows, int cols, int depth, double alpha, Strided a, Strided b, double[] c, int cOffset, int cStride) {
        run(rows, cols, depth, alpha, a, b, c, cOffset, cStride, false);
    }

    /**
     * The Gram matrix of the columns: {@code c[i, j] = Σ_k a[k, i] · a[k, j]}, half of it computed, the rest mirrored.
     *
     * @param a [rows, cols]
     * @param c [cols, cols]; must be zero before
     */
    void gram(int rows, int cols, Strided a, double[] c) {
        run(cols, cols, rows, 1, a.transposed(), a, c, 0, cols, true);
        for (int i = 0; i < cols; i++) {
            for (int j = 0; j < i; j++) {
                c[i * cols + j] = c[j * cols + i];
            }
        }
    }

    private void run(
            int rows,
            int cols,
            int depth,
            double alpha,
            Strided a,
            Strided b,
            double[] c,
            int cOffset,
            int cStride,
            boolean upper) {
        int tiles = (rows + TILE_ROWS - 1) / TILE_ROWS;
        int tileCols = kernels.tileCols();
        int blockCols = Math.min(COLS, (cols + tileCols - 1) / tileCols * tileCols);
        pool.run(tiles, 4, (begin, end) -> {
            double[] packedA = new double[TILE_ROWS * Math.min(DEPTH, depth)];
            double[] packedB = new double[Math.min(DEPTH, depth) * blockCols];
            double[] tile = new double[TILE_ROWS * tileCols];
            for (int j0 = 0; j0 < cols; j0 += blockCols) {
                int blockEnd = Math.min(cols, j0 + blockCols);
                for (int k0 = 0; k0 < depth; k0 += DEPTH) {
                    int k = Math.min(DEPTH, depth - k0);
                    packCols(b, k0, k, j0, blockEnd, packedB);
                    for (int t = begin; t < end; t++) {
                        // from both ends inwards: a contiguous share of a triangle then has its share of the work
                        int i0 = (t % 2 == 0 ? t / 2 : tiles - 1 - t / 2) * TILE_ROWS;
                        if (upper && i0 >= blockEnd) {
                            continue;
                        }
                        packRows(a, i0, Math.min(rows, i0 + TILE_ROWS), k0, k, packedA);
                        for (int j = j0; j < blockEnd; j += tileCols) {
                            if (upper && i0 >= j + tileCols) {
                                continue;
                            }
                            kernels.tile(k, packedA, packedB, (j - j0) * k, tile);
                            add(tile, tileCols, i0, rows, j, blockEnd, alpha, c, cOffset, cStride);
                        }
                    }
                }
            }
        });
    }

    private static void add(
            double[] tile,
            int tileCols,
            int i0,
            int rows,
            int j,
            int cols,
            double alpha,
            double[] c,
            int cOffset,
            int cStride) {
        int width = Math.min(tileCols, cols - j);
        int height = Math.min(TILE_ROWS, rows - i0);
        for (int i = 0; i < height; i++) {
            int to = cOffset + (i0 + i) * cStride + j;
            int from = i * tileCols;
            for (int x = 0; x < width; x++) {
                c[to + x] += alpha * tile[from + x];
            }
        }
    }

    /** Packs rows [i0, end) of a as [k, TILE_ROWS], zeros where there is no row. */
    private static void packRows(Strided a, int i0, int end, int k0, int depth, double[] packed) {
        for (int i = 0; i < TILE_ROWS; i++) {
            if (i0 + i >= end) {
                for (int k = 0; k < depth; k++) {
                    packed[k * TILE_ROWS + i] = 0;
                }
                continue;
            }
            int from = a.offset() + (i0 + i) * a.rowStride() + k0 * a.colStride();
            for (int k = 0; k < depth; k++) {
                packed[k * TILE_ROWS + i] = a.data()[from + k * a.colStride()];
            }
        }
    }

    /** Packs columns [j0, end) of b as slivers of [k, tileCols], zeros where there is no column. */
    private void packCols(Strided b, int k0, int depth, int j0, int end, double[] packed) {
        int tileCols = kernels.tileCols();
        double[] data = b.data();
        for (int j = j0; j < end; j += tileCols) {
            int width = Math.min(tileCols, end - j);
            int sliver = (j - j0) * depth;
            if (b.colStride() == 1) {
                for (int k = 0; k < depth; k++) {
                    int to = sliver + k * tileCols;
                    System.arraycopy(data, b.offset() + (k0 + k) * b.rowStride() + j, packed, to, width);
                    java.util.Arrays.fill(packed, to + width, to + tileCols, 0);
                }
                continue;
            }
            for (int x = 0; x < tileCols; x++) {
                int from = b.offset() + (j + x) * b.colStride() + k0 * b.rowStride();
                for (int k = 0; k < depth; k++) {
                    packed[sliver + k * tileCols + x] = x < width ? data[from + k * b.rowStride()] : 0;
                }
            }
        }
    }
}
