package dev.mimic.kernels.matrix;

import static dev.mimic.kernels.VectorWidth.SPECIES;
import static dev.mimic.kernels.matrix.VectorDotTiles.BATCH;
import static dev.mimic.kernels.matrix.VectorDots.LEADING;
import static dev.mimic.kernels.matrix.VectorDots.ROWS;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * {@link VectorGemv} for a few rows of x and weights that C2 widens on the way, in its order. Rows of x are packed eight by
 * eight, each slice of the columns by itself, so that a slice stays in L1 while it meets {@link #GROUP} rows of weights.
 * Those are far apart: streams from memory that go on from row to row. The lanes of all their sums are added up together,
 * and y is written once, when all slices are through.
 */
final class VectorGemvTiles {
    /** Rows of weights that meet a slice of x before the next one does. */
    private static final int GROUP = 8;

    /** Rows of x up to which four rows of weights at once cost less than two. */
    private static final int FEW = 4;

    private static final int LANES = SPECIES.length();

    private VectorGemvTiles() {}

    /** Whether weights are taken in place. */
    static boolean takes(Matrix weights) {
        return VectorGemvTransposed.isPlain(weights) || (weights instanceof Matrix.Int8 && VectorInt8Gemv.PAYS);
    }

    /** The rows {@code [begin, end)} of weights with the rows {@code [first, batch)} of x. */
    static void range(
            Matrix weights, int first, int batch, float[] x, float[] y, int begin, int end, VectorWorkspace workspace) {
        int body = SPECIES.loopBound(weights.cols());
        MemorySegment packed = pack(x, weights.cols(), first, batch, body, workspace);
        int apart = (end - begin) / GROUP;
        for (int row = begin; row < begin + apart; row++) {
            group(weights, row, apart, GROUP, first, batch, packed, workspace, y);
        }
        int rest = begin + apart * GROUP;
        if (rest < end) {
            group(weights, rest, 1, end - rest, first, batch, packed, workspace, y);
        }
        for (int row = begin; row < end; row += ROWS) {
            VectorGemv.tail(weights, row, Math.min(ROWS, end - row), first, batch, x, y, workspace);
        }
    }

    /** Rows of x: [eights, slices, 8, LEADING]; the last eight is filled up with rows of zeros. */
    private static MemorySegment pack(float[] x, int cols, int first, int batch, int body, VectorWorkspace workspace) {
        int slice = VectorGemv.slice(body);
        long bytes = (batch - first + BATCH - 1L) / BATCH * bytes(body);
        MemorySegment packed = workspace.panels(Math.toIntExact(bytes / Float.BYTES));
        long at = 0;
        for (int i = first; i < batch; i += BATCH) {
            for (int col = 0; col < body; col += slice) {
                int length = Math.min(slice, body - col);
                for (int k = 0; k < BATCH; k++) {
                    if (i + k < batch) {
                        copy(x, (i + k) * cols + col, length, packed, at);
                    } else {
                        zero(length, packed, at);
                    }
                    at += (long) LEADING * Float.BYTES;
                }
            }
        }
        return packed;
    }

    /** Of eight packed rows. */
    private static long bytes(int body) {
        int slice = VectorGemv.slice(body);
        return (body + slice - 1L) / slice * BATCH * LEADING * Float.BYTES;
    }

    private static void copy(float[] x, int from, int length, MemorySegment packed, long at) {
        for (int c = 0; c < length; c += LANES) {
            FloatVector.fromArray(SPECIES, x, from + c)
                    .intoMemorySegment(packed, at + (long) c * Float.BYTES, LITTLE_ENDIAN);
        }
    }

    private static void zero(int length, MemorySegment packed, long at) {
        for (int c = 0; c < length; c += LANES) {
            FloatVector.zero(SPECIES).intoMemorySegment(packed, at + (long) c * Float.BYTES, LITTLE_ENDIAN);
        }
    }

    /** The whole vectors of {@code count} rows of weights, {@code apart} from each other. */
    private static void group(
            Matrix weights,
            int row,
            int apart,
            int count,
            int first,
            int batch,
            MemorySegment packed,
            VectorWorkspace workspace,
            float[] y) {
        int body = SPECIES.loopBound(weights.cols());
        int slice = VectorGemv.slice(body);
        float[] sums = workspace.sums(GROUP * BATCH * LANES);
        int outputs = (batch - first + BATCH - 1) / BATCH * BATCH * GROUP;
        float[] totals = workspace.totals(outputs);
        Arrays.fill(totals, 0, outputs, 0);
        long xAt = 0;
        for (int col = 0; col < body; col += slice) {
            int length = Math.min(slice, body - col);
            long eight = xAt;
            for (int i = first; i < batch; i += BATCH) {
                int width = batch - i > FEW ? 2 : ROWS;
                int vectors = 0;
                for (int k = 0; k < count; k += width) {
                    int valid = Math.min(width, count - k);
                    int to = vectors * LANES;
                    tile(weights, row + k * apart, apart, valid, col, width, packed, eight, length, sums, to);
                    vectors += VectorSums.COUNT;
                }
                VectorSums.fold(sums, vectors);
                add(sums, vectors, totals, (i - first) * GROUP);
                eight += bytes(body);
            }
            xAt += (long) BATCH * LEADING * Float.BYTES;
        }
        for (int i = first; i < batch; i += BATCH) {
            int some = Math.min(BATCH, batch - i);
            int width = some > FEW ? 2 : ROWS;
            for (int k = 0; k < count; k += width) {
                int valid = Math.min(width, count - k);
                int from = (i - first) * GROUP + k / width * VectorSums.COUNT;
                write(totals, from, some, width, valid, apart, y, i * weights.rows() + row + k * apart, weights.rows());
            }
        }
    }

    /** Adds the folded sums of a slice. */
    private static void add(float[] sums, int count, float[] totals, int to) {
        for (int i = 0; i < count; i += LANES) {
            FloatVector.fromArray(SPECIES, totals, to + i)
                    .add(FloatVector.fromArray(SPECIES, sums, i))
                    .intoArray(totals, to + i);
        }
    }

    private static void tile(
            Matrix weights,
            int row,
            int apart,
            int valid,
            int col,
            int width,
            MemorySegment packed,
            long xAt,
            int length,
            float[] sums,
            int to) {
        MemorySegment data = weights.data();
        long cols = weights.cols();
        long o0 = row * cols + col;
        long o1 = o0 + (valid > 1 ? apart * cols : 0); // rows beyond the end repeat the first one and are dropped
        boolean f32 = weights instanceof Matrix.F32;
        boolean int8 = weights instanceof Matrix.Int8;
        if (width == ROWS) {
            long o2 = o0 + (valid > 2 ? 2L * apart * cols : 0);
            long o3 = o0 + (valid > 3 ? 3L * apart * cols : 0);
            if (f32) {
                VectorDotTiles.f32Four(data, o0, o1, o2, o3, packed, xAt, length, sums, to);
            } else if (int8) {
                VectorInt8Tiles.four(data, o0, o1, o2, o3, packed, xAt, length, sums, to);
            } else {
                VectorDotTiles.bf16Four(data, o0, o1, o2, o3, packed, xAt, length, sums, to);
            }
        } else if (f32) {
            VectorDotTiles.f32Eight(data, o0, o1, packed, xAt, length, sums, to);
        } else if (int8) {
            VectorInt8Tiles.eight(data, o0, o1, packed, xAt, length, sums, to);
        } else {
            VectorDotTiles.bf16Eight(data, o0, o1, packed, xAt, length, sums, to);
        }
    }

    /** Writes the totals of a tile, which lie as folded, [x, width]. */
    private static void write(
            float[] totals, int from, int batch, int width, int valid, int apart, float[] y, int to, int rows) {
        for (int i = 0; i < batch; i++) {
            for (int k = 0; k < valid; k++) {
                y[to + i * rows + k * apart] = totals[from + VectorGemv.SUM_AT[i * width + k]];
            }
        }
    }
}
