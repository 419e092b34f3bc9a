package dev.mimic.kernels.svd;

import java.util.Arrays;

/** Plain loops in index order: specification, fallback and tail of the vector kernels. */
final class ScalarDoubleKernels implements DoubleKernels {
    private static final int COLS = 4;

    @Override
    public String name() {
        return "scalar";
    }

    @Override
    public int tileCols() {
        return COLS;
    }

    @Override
    public int stripCols() {
        return COLS;
    }

    @Override
    public double dot(double[] a, int aOffset, double[] b, int bOffset, int length) {
        return dotRange(a, aOffset, b, bOffset, 0, length);
    }

    /** {@code Σ a[aOffset + i] · b[bOffset + i]} for i in [begin, end). */
    static double dotRange(double[] a, int aOffset, double[] b, int bOffset, int begin, int end) {
        double sum = 0;
        for (int i = begin; i < end; i++) {
            sum += a[aOffset + i] * b[bOffset + i];
        }
        return sum;
    }

    @Override
    public void axpy(double alpha, double[] x, int xOffset, double[] y, int yOffset, int length) {
        axpyRange(alpha, x, xOffset, y, yOffset, 0, length);
    }

    /** {@code y[yOffset + i] += alpha · x[xOffset + i]} for i in [begin, end). */
    static void axpyRange(double alpha, double[] x, int xOffset, double[] y, int yOffset, int begin, int end) {
        for (int i = begin; i < end; i++) {
            y[yOffset + i] += alpha * x[xOffset + i];
        }
    }

    @Override
    public void tile(int depth, double[] a, int aOffset, double[] b, int bOffset, double[] tile) {
        Arrays.fill(tile, 0, TILE_ROWS * COLS, 0);
        for (int k = 0; k < depth; k++) {
            for (int i = 0; i < TILE_ROWS; i++) {
                double aki = a[aOffset + k * TILE_ROWS + i];
                for (int j = 0; j < COLS; j++) {
                    tile[i * COLS + j] += aki * b[bOffset + k * COLS + j];
                }
            }
        }
    }

    @Override
    public void pack(int depth, double[] b, int bOffset, int bStride, double[] packed, int offset) {
        for (int k = 0; k < depth; k++) {
            System.arraycopy(b, bOffset + k * bStride, packed, offset + k * COLS, COLS);
        }
    }

    @Override
    public void addTile(double alpha, double[] tile, double[] c, int cOffset, int cStride) {
        for (int i = 0; i < TILE_ROWS; i++) {
            axpyRange(alpha, tile, i * COLS, c, cOffset + i * cStride, 0, COLS);
        }
    }

    @Override
    public void symmetric(
            int length,
            double[] a,
            int aOffset,
            int aStride,
            double[] x,
            int xOffset,
            double[] alpha,
            double[] y,
            int yOffset,
            double[] sums) {
        Arrays.fill(sums, 0, SYMMETRIC_ROWS, 0);
        symmetricRange(a, aOffset, aStride, x, xOffset, alpha, y, yOffset, sums, 0, length);
    }

    /** The same for columns [begin, end), added to the sums. */
    static void symmetricRange(
            double[] a,
            int aOffset,
            int aStride,
            double[] x,
            int xOffset,
            double[] alpha,
            double[] y,
            int yOffset,
            double[] sums,
            int begin,
            int end) {
        for (int r = 0; r < SYMMETRIC_ROWS; r++) {
            int row = aOffset + r * aStride;
            axpyRange(alpha[r], a, row, y, yOffset, begin, end);
            sums[r] += dotRange(a, row, x, xOffset, begin, end);
        }
    }

    @Override
    public void poles(int begin, int end, double[] d, double[] z, double origin, double shift, double[] sums) {
        sums[0] = 0;
        sums[1] = 0;
        polesRange(begin, end, d, z, origin, shift, sums);
    }

    /** The same, added to the sums. */
    static void polesRange(int begin, int end, double[] d, double[] z, double origin, double shift, double[] sums) {
        double sum = 0;
        double slope = 0;
        for (int i = begin; i < end; i++) {
            double quotient = z[i] / ((d[i] - origin) - shift);
            sum += z[i] * quotient;
            slope += quotient * quotient;
        }
        sums[0] += sum;
        sums[1] += slope;
    }

    @Override
    public void rotate(double[] x, int first, int last, double[] turns, int offset) {
        for (int i = last - 1; i >= first; i--) {
            double c = turns[2 * (offset + i - first)];
            double s = turns[2 * (offset + i - first) + 1];
            for (int j = 0; j < COLS; j++) {
                double upper = x[i * COLS + j];
                double lower = x[(i + 1) * COLS + j];
                x[(i + 1) * COLS + j] = s * upper + c * lower;
                x[i * COLS + j] = c * upper - s * lower;
            }
        }
    }
}
