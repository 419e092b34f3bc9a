package dev.mimic.kernels.matrix;

import static dev.mimic.kernels.VectorWidth.INTS;
import static dev.mimic.kernels.VectorWidth.SHORTS;
import static dev.mimic.kernels.VectorWidth.SPECIES;
import static dev.mimic.kernels.matrix.VectorDots.ROWS;
import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.ZERO_EXTEND_S2I;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.ShortVector;

/**
 * {@link VectorGemv} of one row of x with F32 and BF16 in place, in its order and so with its bits, one row of weights after
 * the other: one long stream a thread, which is what some processors read fastest. Columns are taken in blocks of a few
 * slices whose x stays in L1.
 *
 * <p>A slice is one chain of fma; chains of slices that follow each other overlap, because a processor looks ahead by more
 * instructions than a slice has.
 */
final class VectorGemvSequential {
    /** Slices of a block of columns at most: 20 KB of x. */
    private static final int BLOCK = 8;

    private static final int LANES = SPECIES.length();

    /** Columns of a step of a loop: four vectors. */
    private static final int STEP = 4 * LANES;

    private VectorGemvSequential() {}

    /** The rows {@code [begin, end)}; overwrites those of y. */
    static void range(Matrix weights, int begin, int end, float[] x, float[] y, VectorWorkspace workspace) {
        int body = SPECIES.loopBound(weights.cols());
        int slice = VectorGemv.slice(body);
        int slices = (body + slice - 1) / slice;
        int blocks = Math.max(1, (slices + BLOCK - 1) / BLOCK);
        int block = Math.max(1, (slices + blocks - 1) / blocks) * slice;
        Arrays.fill(y, begin, end, 0);
        for (int col = 0; col < body; col += block) {
            block(weights, begin, end, col, Math.min(col + block, body), slice, x, y, workspace);
        }
        for (int row = begin; row < end; row += ROWS) {
            VectorGemv.tail(weights, row, Math.min(ROWS, end - row), 0, 1, x, y, workspace);
        }
    }

    /** Adds the columns {@code [from, to)}; lanes are added up for sixteen slices at a time. */
    private static void block(
            Matrix weights,
            int begin,
            int end,
            int from,
            int to,
            int slice,
            float[] x,
            float[] y,
            VectorWorkspace workspace) {
        MemorySegment data = weights.data();
        boolean f32 = weights instanceof Matrix.F32;
        int slices = (to - from + slice - 1) / slice;
        float[] sums = workspace.sums(VectorSums.COUNT * LANES);
        int done = 0;
        for (int row = begin; row < end; row++) {
            long o = (long) row * weights.cols();
            for (int col = from; col < to; col += slice) {
                int length = Math.min(slice, to - col);
                int at = done % VectorSums.COUNT * LANES;
                if (f32) {
                    f32(data, (o + col) * Float.BYTES, x, col, length, sums, at);
                } else {
                    bf16(data, (o + col) * Short.BYTES, x, col, length, sums, at);
                }
                done++;
                if (done % VectorSums.COUNT == 0) {
                    add(sums, done - VectorSums.COUNT, done, slices, begin, y);
                }
            }
        }
        add(sums, done - done % VectorSums.COUNT, done, slices, begin, y);
    }

    private static void add(float[] sums, int from, int to, int slices, int begin, float[] y) {
        if (from == to) {
            return;
        }
        VectorSums.fold(sums);
        for (int i = from; i < to; i++) {
            y[begin + i / slices] += sums[VectorGemv.SUM_AT[i - from]];
        }
    }

    /**
     * Columns from step to step. That C2 does not know them keeps it from unrolling the loops below once more, which costs a
     * tenth where this form pays.
     */
    private static int step(int length) {
        return Math.min(STEP, length);
    }

    /**
     * F32: {@code sums[to + c mod lanes] = Σ weights[o + 4 · c] · x[xOffset + c]}. Loads are written out: as
     * methods they left boxes behind in some runs at 128 bits.
     *
     * @param o of the weights, in bytes
     * @param length columns; a multiple of the lanes
     * @param sums [lanes] from {@code to}; overwritten
     */
    private static void f32(MemorySegment weights, long o, float[] x, int xOffset, int length, float[] sums, int to) {
        FloatVector sum = FloatVector.zero(SPECIES);
        int step = step(length);
        int whole = length - length % STEP;
        for (int c = 0; c < whole; c += step) {
            long at = o + (long) c * Float.BYTES;
            int xAt = xOffset + c;
            sum = FloatVector.fromMemorySegment(SPECIES, weights, at, LITTLE_ENDIAN)
                    .fma(FloatVector.fromArray(SPECIES, x, xAt), sum);
            sum = FloatVector.fromMemorySegment(SPECIES, weights, at + 4L * LANES, LITTLE_ENDIAN)
                    .fma(FloatVector.fromArray(SPECIES, x, xAt + LANES), sum);
            sum = FloatVector.fromMemorySegment(SPECIES, weights, at + 8L * LANES, LITTLE_ENDIAN)
                    .fma(FloatVector.fromArray(SPECIES, x, xAt + 2 * LANES), sum);
            sum = FloatVector.fromMemorySegment(SPECIES, weights, at + 12L * LANES, LITTLE_ENDIAN)
                    .fma(FloatVector.fromArray(SPECIES, x, xAt + 3 * LANES), sum);
        }
        sum.intoArray(sums, to);
        if (whole < length) {
            f32Rest(weights, o, x, xOffset, whole, length, sums, to);
        }
    }

    /** The vectors behind the last step; by themselves, because a sum kept from one loop to the next may get boxed. */
    private static void f32Rest(
            MemorySegment weights, long o, float[] x, int xOffset, int from, int length, float[] sums, int to) {
        FloatVector sum = FloatVector.fromArray(SPECIES, sums, to);
        for (int c = from; c < length; c += LANES) {
            sum = FloatVector.fromMemorySegment(SPECIES, weights, o + (long) c * Float.BYTES, LITTLE_ENDIAN)
                    .fma(FloatVector.fromArray(SPECIES, x, xOffset + c), sum);
        }
        sum.intoArray(sums, to);
    }

    /** BF16; as {@link #f32}, with two bytes a weight. Eight vectors at once are so many that C2 leaves boxes behind. */
    private static void bf16(MemorySegment weights, long o, float[] x, int xOffset, int length, float[] sums, int to) {
        FloatVector sum = FloatVector.zero(SPECIES);
        int step = step(length);
        int whole = length - length % STEP;
        for (int c = 0; c < whole; c += step) {
            long at = o + (long) c * Short.BYTES;
            int xAt = xOffset + c;
            sum = ShortVector.fromMemorySegment(SHORTS, weights, at, LITTLE_ENDIAN)
                    .convertShape(ZERO_EXTEND_S2I, INTS, 0)
                    .lanewise(LSHL, 16)
                    .reinterpretAsFloats()
                    .fma(FloatVector.fromArray(SPECIES, x, xAt), sum);
            sum = ShortVector.fromMemorySegment(SHORTS, weights, at + 2L * LANES, LITTLE_ENDIAN)
                    .convertShape(ZERO_EXTEND_S2I, INTS, 0)
                    .lanewise(LSHL, 16)
                    .reinterpretAsFloats()
                    .fma(FloatVector.fromArray(SPECIES, x, xAt + LANES), sum);
            sum = ShortVector.fromMemorySegment(SHORTS, weights, at + 4L * LANES, LITTLE_ENDIAN)
                    .convertShape(ZERO_EXTEND_S2I, INTS, 0)
                    .lanewise(LSHL, 16)
                    .reinterpretAsFloats()
                    .fma(FloatVector.fromArray(SPECIES, x, xAt + 2 * LANES), sum);
            sum = ShortVector.fromMemorySegment(SHORTS, weights, at + 6L * LANES, LITTLE_ENDIAN)
                    .convertShape(ZERO_EXTEND_S2I, INTS, 0)
                    .lanewise(LSHL, 16)
                    .reinterpretAsFloats()
                    .fma(FloatVector.fromArray(SPECIES, x, xAt + 3 * LANES), sum);
        }
        sum.intoArray(sums, to);
        if (whole < length) {
            bf16Rest(weights, o, x, xOffset, whole, length, sums, to);
        }
    }

    private static void bf16Rest(
            MemorySegment weights, long o, float[] x, int xOffset, int from, int length, float[] sums, int to) {
        FloatVector sum = FloatVector.fromArray(SPECIES, sums, to);
        for (int c = from; c < length; c += LANES) {
            sum = ShortVector.fromMemorySegment(SHORTS, weights, o + (long) c * Short.BYTES, LITTLE_ENDIAN)
                    .convertShape(ZERO_EXTEND_S2I, INTS, 0)
                    .lanewise(LSHL, 16)
                    .reinterpretAsFloats()
                    .fma(FloatVector.fromArray(SPECIES, x, xOffset + c), sum);
        }
        sum.intoArray(sums, to);
    }
}
