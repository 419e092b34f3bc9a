package dev.mimic.kernels.svd;

/**
 * The inner loops of the decompositions, in double precision. An instance keeps nothing and serves any number of threads
 * at once; how the work is split over a pool is decided above it, never by it.
 */
public sealed interface DoubleKernels permits ScalarDoubleKernels, VectorDoubleKernels {
    /** Rows of the tile of a matrix product. */
    int TILE_ROWS = 12;

    /** Rows that {@link #symmetric} reads at once. */
    int SYMMETRIC_ROWS = 4;

    /** Plain loops in index order: the specification. */
    static DoubleKernels scalar() {
        return new ScalarDoubleKernels();
    }

    /** The Vector API at this process's width, {@link dev.mimic.kernels.VectorWidth}. */
    static DoubleKernels vector() {
        return new VectorDoubleKernels();
    }

    /** What runs, for tests: {@code scalar} or the width in bits. */
    String name();

    /** Columns of the tile of a matrix product. */
    int tileCols();

    /** Columns that {@link #rotate} turns at once. */
    int stripCols();

    /**
     * Dot product {@code Σ_i a[aOffset + i] · b[bOffset + i]}.
     *
     * @param length elements
     */
    double dot(double[] a, int aOffset, double[] b, int bOffset, int length);

    /**
     * {@code y[yOffset + i] += alpha · x[xOffset + i]}.
     *
     * @param length elements
     * @param y accumulated into
     */
    void axpy(double alpha, double[] x, int xOffset, double[] y, int yOffset, int length);

    /**
     * The tile of a matrix product: {@code tile[i, j] = Σ_k a[k, i] · b[k, j]}, k in index order.
     *
     * @param depth k
     * @param a [depth, TILE_ROWS], from {@code aOffset}
     * @param b [depth, tileCols], from {@code bOffset}
     * @param tile [TILE_ROWS, tileCols]; overwritten
     */
    void tile(int depth, double[] a, int aOffset, double[] b, int bOffset, double[] tile);

    /**
     * Packs columns for {@link #tile}: {@code packed[offset + k · tileCols + j] = b[bOffset + k · bStride + j]}.
     *
     * @param b [depth, tileCols] from {@code bOffset}, rows {@code bStride} apart
     * @param packed [depth, tileCols] from {@code offset}; overwritten
     */
    void pack(int depth, double[] b, int bOffset, int bStride, double[] packed, int offset);

    /**
     * Adds a whole tile: {@code c[cOffset + i · cStride + j] += alpha · tile[i, j]}.
     *
     * @param tile [TILE_ROWS, tileCols]
     * @param c accumulated into
     */
    void addTile(double alpha, double[] tile, double[] c, int cOffset, int cStride);

    /**
     * The part of a symmetric product that {@link #SYMMETRIC_ROWS} rows of the upper half give, read once for both
     * directions: {@code y[yOffset + i] += Σ_r alpha[r] · a[r, i]} and {@code sums[r] = Σ_i a[r, i] · x[xOffset + i]}.
     *
     * @param a [SYMMETRIC_ROWS, length] from {@code aOffset}, rows {@code aStride} apart
     * @param alpha [SYMMETRIC_ROWS]
     * @param y [length] from {@code yOffset}; accumulated into
     * @param sums [stripCols], the first SYMMETRIC_ROWS overwritten by the sums, the rest scratch
     */
    void symmetric(
            int length,
            double[] a,
            int aOffset,
            int aStride,
            double[] x,
            int xOffset,
            double[] alpha,
            double[] y,
            int yOffset,
            double[] sums);

    /**
     * A sum over poles and its slope: {@code sums[0] = Σ_i z[i]² / δ_i}, {@code sums[1] = Σ_i z[i]² / δ_i²} with
     * {@code δ_i = (d[i] - origin) - shift} for i in [begin, end).
     *
     * @param sums [stripCols], the first two overwritten by the sums, the rest scratch
     */
    void poles(int begin, int end, double[] d, double[] z, double origin, double shift, double[] sums);

    /**
     * Plane rotations of neighbouring rows, from the last pair up: for i from {@code last - 1} down to {@code first},
     * {@code x[i + 1] = s x[i] + c x[i + 1]} and {@code x[i] = c x[i] - s x[i + 1]} with
     * {@code c = turns[2 (offset + i - first)]} and s beside it.
     *
     * @param x [rows, stripCols]; turned in place
     * @param turns cosine and sine of each rotation
     * @param offset the first rotation, in pairs
     */
    void rotate(double[] x, int first, int last, double[] turns, int offset);
}
