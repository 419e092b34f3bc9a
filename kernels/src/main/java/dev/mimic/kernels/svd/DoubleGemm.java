package dev.mimic.kernels.svd;

import dev.mimic.kernels.WorkerPool;
import java.util.concurrent.ConcurrentLinkedDeque;

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
    private final ConcurrentLinkedDeque<Workspace> free = new ConcurrentLinkedDeque<>();

    DoubleGemm(DoubleKernels kernels, WorkerPool pool) {
        this.kernels = kernels;
        this.pool = pool;
    }

    /** Packed blocks and a tile, kept from product to product. */
    private static final class Workspace {
        private double[] a = new double[0];
        private double[] b = new double[0];
        private final double[] tile;

        Workspace(int tileSize) {
            tile = new double[tileSize];
        }

        void atLeast(int aSize, int bSize) {
            a = a.length < aSize ? new double[aSize] : a;
            b = b.length < bSize ? new double[bSize] : b;
        }
    }

    /** What is added to: {@code [rows, cols]} from {@code offset}, rows {@code stride} apart. */
    private record Sum(double[] c, int offset, int stride, int rows, int cols, double alpha, boolean upper) {}

    /**
     * {@code c[i, j] += alpha · Σ_k a[i, k] · b[k, j]}.
     *
     * @param a [rows, depth]
     * @param b [depth, cols]
     * @param c [rows, cols] from {@code cOffset}, rows {@code cStride} apart; accumulated into; no alias of a or b
     */
    void multiply(
            int rows, int cols, int depth, double alpha, Strided a, Strided b, double[] c, int cOffset, int cStride) {
        run(depth, a, b, new Sum(c, cOffset, cStride, rows, cols, alpha, false));
    }

    /**
     * The upper half of a square product: as {@link #multiply} for j ≥ i; what lies below is undefined afterwards.
     *
     * @param c [size, size] from {@code cOffset}
     */
    void multiplyUpper(int size, int depth, double alpha, Strided a, Strided b, double[] c, int cOffset, int cStride) {
        run(depth, a, b, new Sum(c, cOffset, cStride, size, size, alpha, true));
    }

    /**
     * The Gram matrix of the columns: {@code c[i, j] = Σ_k a[k, i] · a[k, j]} for j ≥ i; what lies below is undefined.
     *
     * @param a [rows, cols]
     * @param c [cols, cols]; must be zero before
     */
    void gram(int rows, int cols, Strided a, double[] c) {
        multiplyUpper(cols, rows, 1, a.transposed(), a, c, 0, cols);
    }

    private void run(int depth, Strided a, Strided b, Sum sum) {
        int tiles = (sum.rows() + TILE_ROWS - 1) / TILE_ROWS;
        if (sum.upper() || sum.rows() >= sum.cols()) {
            pool.run(tiles, 2, (begin, end) -> share(tiles, begin, end, 0, sum.cols(), depth, a, b, sum));
        } else {
            int width = kernels.tileCols();
            int strips = (sum.cols() + width - 1) / width;
            pool.run(
                    strips,
                    2,
                    (begin, end) ->
                            share(tiles, 0, tiles, begin * width, Math.min(sum.cols(), end * width), depth, a, b, sum));
        }
    }

    /** Tiles [begin, end) of rows by columns [firstCol, endCol), the first a multiple of the tile's. */
    private void share(
            int tiles, int begin, int end, int firstCol, int endCol, int depth, Strided a, Strided b, Sum sum) {
        int tileCols = kernels.tileCols();
        int blockCols = Math.min(COLS, (endCol - firstCol + tileCols - 1) / tileCols * tileCols);
        int most = Math.min(DEPTH, depth);
        Workspace taken = free.pollFirst();
        Workspace workspace = taken != null ? taken : new Workspace(TILE_ROWS * tileCols);
        workspace.atLeast((end - begin) * TILE_ROWS * most, most * blockCols);
        double[] packedA = workspace.a;
        double[] packedB = workspace.b;
        double[] tile = workspace.tile;
        for (int k0 = 0; k0 < depth; k0 += DEPTH) {
            int k = Math.min(DEPTH, depth - k0);
            for (int t = begin; t < end; t++) {
                int i0 = firstRow(t, tiles);
                packRows(a, i0, Math.min(sum.rows(), i0 + TILE_ROWS), k0, k, packedA, (t - begin) * TILE_ROWS * k);
            }
            for (int j0 = firstCol; j0 < endCol; j0 += blockCols) {
                int blockEnd = Math.min(endCol, j0 + blockCols);
                packCols(b, k0, k, j0, blockEnd, packedB);
                for (int t = begin; t < end; t++) {
                    int i0 = firstRow(t, tiles);
                    int from = sum.upper() ? Math.max(j0, i0 / tileCols * tileCols) : j0;
                    for (int j = from; j < blockEnd; j += tileCols) {
                        kernels.tile(k, packedA, (t - begin) * TILE_ROWS * k, packedB, (j - j0) * k, tile);
                        add(tile, i0, j, sum);
                    }
                }
            }
        }
        free.addFirst(workspace);
    }

    /** From both ends inwards: a contiguous share of a triangle then has its share of the work. */
    private static int firstRow(int t, int tiles) {
        return (t % 2 == 0 ? t / 2 : tiles - 1 - t / 2) * TILE_ROWS;
    }

    private void add(double[] tile, int i0, int j, Sum sum) {
        int tileCols = kernels.tileCols();
        int width = Math.min(tileCols, sum.cols() - j);
        int height = Math.min(TILE_ROWS, sum.rows() - i0);
        int to = sum.offset() + i0 * sum.stride() + j;
        if (width == tileCols && height == TILE_ROWS) {
            kernels.addTile(sum.alpha(), tile, sum.c(), to, sum.stride());
            return;
        }
        for (int i = 0; i < height; i++) {
            for (int x = 0; x < width; x++) {
                sum.c()[to + i * sum.stride() + x] += sum.alpha() * tile[i * tileCols + x];
            }
        }
    }

    /** Packs rows [i0, end) of a as [k, TILE_ROWS], zeros where there is no row. */
    private static void packRows(Strided a, int i0, int end, int k0, int depth, double[] packed, int to) {
        if (a.rowStride() == 1 && end - i0 == TILE_ROWS) {
            int from = a.offset() + i0 + k0 * a.colStride();
            for (int k = 0; k < depth; k++) {
                System.arraycopy(a.data(), from + k * a.colStride(), packed, to + k * TILE_ROWS, TILE_ROWS);
            }
            return;
        }
        for (int i = 0; i < TILE_ROWS; i++) {
            boolean given = i0 + i < end;
            int from = a.offset() + (i0 + i) * a.rowStride() + k0 * a.colStride();
            for (int k = 0; k < depth; k++) {
                packed[to + k * TILE_ROWS + i] = given ? a.data()[from + k * a.colStride()] : 0;
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
            if (b.colStride() == 1 && width == tileCols) {
                kernels.pack(depth, data, b.offset() + k0 * b.rowStride() + j, b.rowStride(), packed, sliver);
                continue;
            }
            if (b.colStride() == 1) {
                for (int k = 0; k < depth; k++) {
                    int to = sliver + k * tileCols;
                    System.arraycopy(data, b.offset() + (k0 + k) * b.rowStride() + j, packed, to, width);
                    for (int x = width; x < tileCols; x++) {
                        packed[to + x] = 0;
                    }
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
