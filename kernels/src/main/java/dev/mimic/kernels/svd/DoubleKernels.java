package dev.mimic.kernels.svd;

/**
 * The inner loops of the decompositions, in double precision. An instance keeps nothing and serves any number of threads
 * at once; how the work is split over a pool is decided above it, never by it.
 */
public sealed interface DoubleKernels permits ScalarDoubleKernels, VectorDoubleKernels {
    /** Rows of the tile of a matrix product. */
    int TILE_ROWS = 6;

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
     * @param a [depth, TILE_ROWS]
     * @param b [depth, tileCols], from {@code bOffset}
     * @param tile [TILE_ROWS, tileCols]; overwritten
     */
    void tile(int depth, double[] a, double[] b, int bOffset, double[] tile);

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
