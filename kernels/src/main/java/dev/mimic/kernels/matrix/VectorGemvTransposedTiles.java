package dev.mimic.kernels.matrix;

import static dev.mimic.kernels.VectorWidth.SPECIES;
import static dev.mimic.kernels.matrix.VectorF32AxpyTiles.BATCH;
import static dev.mimic.kernels.matrix.VectorGemmTile.DEPTH;
import static dev.mimic.kernels.matrix.VectorWorkspace.LEADING;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * {@link VectorGemvTransposed} for a few rows of x and plain weights, in its order. Sixteen rows of weights, four of each
 * quarter of a slice, are sixteen streams from memory that are read side by side along all columns; the sums of all rows of
 * x stay in L2 meanwhile.
 */
final class VectorGemvTransposedTiles {
    /** Rows of each quarter at once. */
    private static final int ROWS = 4;

    /** Elements of the sums: 256 KiB. */
    private static final int SUMS = 1 << 16;

    /** Columns at once at least: a stream shorter than two pages would begin anew too often. */
    private static final int LEAST = 4096;

    /** Elements behind each row of sums, lest all rows meet in one set of a cache. */
    private static final int PAD = 16;

    /** Rows of x up to which a tile of four serves them. */
    private static final int FEW = 4;

    /** Bytes of a row up to which sixteen are fetched before their tiles: they stay in L1. */
    private static final int SHORT = 1536;

    /** Bytes of a cache line. */
    private static final int LINE = 64;

    private static final int LANES = SPECIES.length();

    private VectorGemvTransposedTiles() {}

    /** The columns {@code [begin, end)}. */
    static void range(Matrix weights, int batch, float[] x, float[] y, int begin, int end, VectorWorkspace workspace) {
        int rows = weights.rows();
        int cols = weights.cols();
        int padded = (batch + BATCH - 1) / BATCH * BATCH;
        int most = Math.max(LEAST, SUMS / padded / VectorGemvTransposed.GRAIN * VectorGemvTransposed.GRAIN);
        int stride = Math.min(most, end - begin) + PAD;
        float[] sums = workspace.sums(padded * stride);
        float[] lines = workspace.turned(padded * DEPTH);
        for (int i = 0; i < batch; i++) {
            Arrays.fill(y, i * cols + begin, i * cols + end, 0);
        }
        for (int slice = 0; slice < rows; slice += DEPTH) {
            int depth = Math.min(DEPTH, rows - slice);
            pack(batch, padded, x, rows, slice, depth, lines);
            for (int col = begin; col < end; col += most) {
                int length = Math.min(most, end - col);
                Arrays.fill(sums, 0, padded * stride, 0);
                slice(weights, slice, depth, col, length, batch, lines, sums, stride, workspace);
                for (int i = 0; i < batch; i++) {
                    VectorAxpys.row(1, sums, i * stride, y, i * cols + col, length);
                }
            }
        }
    }

    /** A slice of x in the order of lines, [eights, DEPTH, 8]; the last eight is filled up with rows of zeros. */
    private static void pack(int batch, int padded, float[] x, int rows, int slice, int depth, float[] lines) {
        if (padded > batch) {
            int last = (padded - BATCH) * DEPTH;
            Arrays.fill(lines, last, last + BATCH * DEPTH, 0);
        }
        for (int i = 0; i < batch; i++) {
            VectorQuarters.turn(x, i * rows + slice, depth, lines, i / BATCH * BATCH * DEPTH + i % BATCH, BATCH);
        }
    }

    private static void slice(
            Matrix weights,
            int slice,
            int depth,
            int col,
            int length,
            int batch,
            float[] lines,
            float[] sums,
            int stride,
            VectorWorkspace workspace) {
        int quarter = depth / 4;
        long cols = weights.cols();
        for (int row = 0; row < quarter; row += ROWS) {
            int some = Math.min(ROWS, quarter - row);
            long first = (slice + row) * cols + col;
            long bytes = weights instanceof Matrix.F32 ? Float.BYTES : Short.BYTES;
            if (length * bytes <= SHORT) {
                long streams = ((some - 1) * cols + length) * bytes;
                workspace.read(fetch(weights.data(), first * bytes, quarter * cols * bytes, streams));
            }
            tiles(weights, first, quarter * cols, 4, cols, some, batch, lines, 4 * row, sums, stride, length);
        }
        int whole = 4 * quarter;
        if (whole < depth) {
            long first = (slice + whole) * cols + col;
            tiles(weights, first, cols, depth - whole, 0, 1, batch, lines, whole, sums, stride, length);
        }
        int body = SPECIES.loopBound(length);
        for (int line = 0; line < depth && body < length; line++) {
            float[] block = workspace.block(1);
            int row = slice + VectorQuarters.row(line, depth);
            VectorUnpack.block(weights, row, col + body, 1, length - body, block, 0, LEADING);
            for (int i = 0; i < batch; i++) {
                float factor = lines[(i / BATCH * DEPTH + line) * BATCH + i % BATCH];
                VectorAxpys.row(factor, block, 0, sums, i * stride + body, length - body);
            }
        }
    }

    /**
     * Reads a word of each cache line of the four streams that sixteen short rows are: together they come in from memory, where
     * the tiles, at sixteen places of which several are in one page, would have the processor fetch nothing ahead.
     *
     * @param from first byte; likewise the distance of the streams and their length
     */
    private static long fetch(MemorySegment data, long from, long apart, long length) {
        long words = 0;
        for (long at = from; at <= from + length - Long.BYTES; at += LINE) {
            words ^= data.get(JAVA_LONG_UNALIGNED, at)
                    ^ data.get(JAVA_LONG_UNALIGNED, at + apart)
                    ^ data.get(JAVA_LONG_UNALIGNED, at + 2 * apart)
                    ^ data.get(JAVA_LONG_UNALIGNED, at + 3 * apart);
        }
        return words;
    }

    /** Some lines with all rows of x, the whole vectors of {@code length} columns; see {@link VectorF32AxpyTiles#two}. */
    private static void tiles(
            Matrix weights,
            long o,
            long inner,
            int count,
            long outer,
            int times,
            int batch,
            float[] lines,
            int line,
            float[] sums,
            int stride,
            int length) {
        boolean f32 = weights instanceof Matrix.F32;
        int c = 0;
        for (; batch <= FEW && c <= length - 4 * LANES; c += 4 * LANES) {
            int x = line * BATCH;
            if (f32) {
                VectorF32AxpyTiles.four(weights.data(), o + c, inner, count, outer, times, lines, x, sums, c, stride);
            } else {
                VectorBf16AxpyTiles.four(weights.data(), o + c, inner, count, outer, times, lines, x, sums, c, stride);
            }
        }
        for (; c <= length - 2 * LANES; c += 2 * LANES) {
            for (int i = 0; i < batch; i += BATCH) {
                int x = i * DEPTH + line * BATCH;
                int to = i * stride + c;
                if (f32) {
                    VectorF32AxpyTiles.two(
                            weights.data(), o + c, inner, count, outer, times, lines, x, sums, to, stride);
                } else {
                    VectorBf16AxpyTiles.two(
                            weights.data(), o + c, inner, count, outer, times, lines, x, sums, to, stride);
                }
            }
        }
        for (int i = 0; i < batch && c <= length - LANES; i += BATCH) {
            int x = i * DEPTH + line * BATCH;
            int to = i * stride + c;
            if (f32) {
                VectorF32AxpyTiles.one(weights.data(), o + c, inner, count, outer, times, lines, x, sums, to, stride);
            } else {
                VectorBf16AxpyTiles.one(weights.data(), o + c, inner, count, outer, times, lines, x, sums, to, stride);
            }
        }
    }
}
