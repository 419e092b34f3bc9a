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
    public void tile(int depth, double[] a, double[] b, int bOffset, double[] tile) {
        Arrays.fill(tile, 0, TILE_ROWS * COLS, 0);
        for (int k = 0; k < depth; k++) {
            for (int i = 0; i < TILE_ROWS; i++) {
                double aki = a[k * TILE_ROWS + i];
                for (int j = 0; j < COLS; j++) {
                    tile[i * COLS + j] += aki * b[bOffset + k * COLS + j];
                }
            }
        }
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
