package dev.mimic.kernels.matrix;

import static dev.mimic.kernels.matrix.VectorGemmTile.DEPTH;

/**
 * The order in which a product with the transpose meets the rows of a slice in decoding: the first row of each quarter of
 * the slice, the second of each, and so on; what four quarters leave comes last. Each quarter is a stream from memory that
 * goes on from row to row, and their rows share the load and the store of a sum. A row's place in the order is called its
 * line.
 */
final class VectorQuarters {
    private VectorQuarters() {}

    /** The row at a line of a slice of {@code depth} rows. */
    static int row(int line, int depth) {
        int quarter = depth / 4;
        return line < 4 * quarter ? line % 4 * quarter + line / 4 : line;
    }

    /** Puts the rows {@code [begin, end)} of x in the order of lines, slice by slice: y is [batch, rows]. */
    static void turn(Matrix weights, int batch, float[] x, float[] y, int begin, int end, VectorWorkspace workspace) {
        int rows = weights.rows();
        for (int i = begin; i < end; i++) {
            for (int slice = 0; slice < rows; slice += DEPTH) {
                int from = i * rows + slice;
                turn(x, from, Math.min(DEPTH, rows - slice), y, from, 1);
            }
        }
    }

    /**
     * Puts {@code depth} elements of x in the order of lines: {@code to[toOffset + line · stride] = x[xOffset + row(line)]}.
     */
    static void turn(float[] x, int xOffset, int depth, float[] to, int toOffset, int stride) {
        int quarter = depth / 4;
        for (int k = 0; k < 4; k++) {
            int from = xOffset + k * quarter;
            int at = toOffset + k * stride;
            for (int i = 0; i < quarter; i++) {
                to[at + 4 * i * stride] = x[from + i];
            }
        }
        for (int line = 4 * quarter; line < depth; line++) {
            to[toOffset + line * stride] = x[xOffset + line];
        }
    }
}
