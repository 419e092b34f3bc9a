package dev.mimic.kernels.matrix;

import static dev.mimic.kernels.VectorWidth.INTS;
import static dev.mimic.kernels.VectorWidth.SHORTS;
import static dev.mimic.kernels.VectorWidth.SPECIES;
import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.ZERO_EXTEND_S2I;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.ShortVector;

/**
 * Dot products of four rows of weights at once, which share the loads of x. Every form keeps one vector sum an output,
 * which starts at zero, and adds to it in order of the columns, so that all of them give the same bits.
 */
final class VectorDots {
    /** Rows of weights at once. */
    static final int ROWS = 4;

    /** Rows of x at once in the wide form. */
    static final int BATCH = 4;

    /** Leading dimension of widened rows: a constant for addressing, an odd number of cache lines for the caches' sake. */
    static final int LEADING = 640 + 16;

    private static final int LANES = SPECIES.length();

    private VectorDots() {}

    /**
     * F32 in place: {@code sums[k, c mod lanes] = Σ weights[ok + c] · x[xOffset + c]}.
     *
     * @param o0 first row, in elements; likewise the others
     * @param length columns; a multiple of the lanes
     * @param sums [4, lanes] from {@code to}; overwritten
     */
    static void f32(
            MemorySegment weights,
            long o0,
            long o1,
            long o2,
            long o3,
            float[] x,
            int xOffset,
            int length,
            float[] sums,
            int to) {
        FloatVector zero = FloatVector.zero(SPECIES);
        FloatVector s0 = zero;
        FloatVector s1 = zero;
        FloatVector s2 = zero;
        FloatVector s3 = zero;
        for (int c = 0; c < length; c += LANES) {
            FloatVector v = FloatVector.fromArray(SPECIES, x, xOffset + c);
            s0 = FloatVector.fromMemorySegment(SPECIES, weights, (o0 + c) * Float.BYTES, LITTLE_ENDIAN)
                    .fma(v, s0);
            s1 = FloatVector.fromMemorySegment(SPECIES, weights, (o1 + c) * Float.BYTES, LITTLE_ENDIAN)
                    .fma(v, s1);
            s2 = FloatVector.fromMemorySegment(SPECIES, weights, (o2 + c) * Float.BYTES, LITTLE_ENDIAN)
                    .fma(v, s2);
            s3 = FloatVector.fromMemorySegment(SPECIES, weights, (o3 + c) * Float.BYTES, LITTLE_ENDIAN)
                    .fma(v, s3);
        }
        s0.intoArray(sums, to);
        s1.intoArray(sums, to + LANES);
        s2.intoArray(sums, to + 2 * LANES);
        s3.intoArray(sums, to + 3 * LANES);
    }

    /** BF16 in place; as {@link #f32}. */
    static void bf16(
            MemorySegment weights,
            long o0,
            long o1,
            long o2,
            long o3,
            float[] x,
            int xOffset,
            int length,
            float[] sums,
            int to) {
        FloatVector zero = FloatVector.zero(SPECIES);
        FloatVector s0 = zero;
        FloatVector s1 = zero;
        FloatVector s2 = zero;
        FloatVector s3 = zero;
        for (int c = 0; c < length; c += LANES) {
            FloatVector v = FloatVector.fromArray(SPECIES, x, xOffset + c);
            s0 = ShortVector.fromMemorySegment(SHORTS, weights, (o0 + c) * Short.BYTES, LITTLE_ENDIAN)
                    .convertShape(ZERO_EXTEND_S2I, INTS, 0)
                    .lanewise(LSHL, 16)
                    .reinterpretAsFloats()
                    .fma(v, s0);
            s1 = ShortVector.fromMemorySegment(SHORTS, weights, (o1 + c) * Short.BYTES, LITTLE_ENDIAN)
                    .convertShape(ZERO_EXTEND_S2I, INTS, 0)
                    .lanewise(LSHL, 16)
                    .reinterpretAsFloats()
                    .fma(v, s1);
            s2 = ShortVector.fromMemorySegment(SHORTS, weights, (o2 + c) * Short.BYTES, LITTLE_ENDIAN)
                    .convertShape(ZERO_EXTEND_S2I, INTS, 0)
                    .lanewise(LSHL, 16)
                    .reinterpretAsFloats()
                    .fma(v, s2);
            s3 = ShortVector.fromMemorySegment(SHORTS, weights, (o3 + c) * Short.BYTES, LITTLE_ENDIAN)
                    .convertShape(ZERO_EXTEND_S2I, INTS, 0)
                    .lanewise(LSHL, 16)
                    .reinterpretAsFloats()
                    .fma(v, s3);
        }
        s0.intoArray(sums, to);
        s1.intoArray(sums, to + LANES);
        s2.intoArray(sums, to + 2 * LANES);
        s3.intoArray(sums, to + 3 * LANES);
    }

    /**
     * Four converted rows with one row of x.
     *
     * @param w four rows, {@link #LEADING} apart from 0
     * @param length columns; a multiple of the lanes
     * @param sums [4, lanes]; overwritten
     */
    static void tile1(float[] w, float[] x, int xOffset, int length, float[] sums) {
        FloatVector zero = FloatVector.zero(SPECIES);
        FloatVector s0 = zero;
        FloatVector s1 = zero;
        FloatVector s2 = zero;
        FloatVector s3 = zero;
        for (int c = 0; c < length; c += LANES) {
            FloatVector v = FloatVector.fromArray(SPECIES, x, xOffset + c);
            s0 = FloatVector.fromArray(SPECIES, w, c).fma(v, s0);
            s1 = FloatVector.fromArray(SPECIES, w, LEADING + c).fma(v, s1);
            s2 = FloatVector.fromArray(SPECIES, w, 2 * LEADING + c).fma(v, s2);
            s3 = FloatVector.fromArray(SPECIES, w, 3 * LEADING + c).fma(v, s3);
        }
        s0.intoArray(sums, 0);
        s1.intoArray(sums, LANES);
        s2.intoArray(sums, 2 * LANES);
        s3.intoArray(sums, 3 * LANES);
    }

    /**
     * Four converted rows with four rows of x.
     *
     * @param x0 first row of x; likewise the others
     * @param sums [4 (x), 4 (w), lanes]; overwritten
     */
    static void tile4(float[] w, float[] x, int x0, int x1, int x2, int x3, int length, float[] sums) {
        FloatVector zero = FloatVector.zero(SPECIES);
        FloatVector s00 = zero;
        FloatVector s01 = zero;
        FloatVector s02 = zero;
        FloatVector s03 = zero;
        FloatVector s10 = zero;
        FloatVector s11 = zero;
        FloatVector s12 = zero;
        FloatVector s13 = zero;
        FloatVector s20 = zero;
        FloatVector s21 = zero;
        FloatVector s22 = zero;
        FloatVector s23 = zero;
        FloatVector s30 = zero;
        FloatVector s31 = zero;
        FloatVector s32 = zero;
        FloatVector s33 = zero;
        for (int c = 0; c < length; c += LANES) {
            FloatVector w0 = FloatVector.fromArray(SPECIES, w, c);
            FloatVector w1 = FloatVector.fromArray(SPECIES, w, LEADING + c);
            FloatVector w2 = FloatVector.fromArray(SPECIES, w, 2 * LEADING + c);
            FloatVector w3 = FloatVector.fromArray(SPECIES, w, 3 * LEADING + c);
            FloatVector v = FloatVector.fromArray(SPECIES, x, x0 + c);
            s00 = w0.fma(v, s00);
            s01 = w1.fma(v, s01);
            s02 = w2.fma(v, s02);
            s03 = w3.fma(v, s03);
            v = FloatVector.fromArray(SPECIES, x, x1 + c);
            s10 = w0.fma(v, s10);
            s11 = w1.fma(v, s11);
            s12 = w2.fma(v, s12);
            s13 = w3.fma(v, s13);
            v = FloatVector.fromArray(SPECIES, x, x2 + c);
            s20 = w0.fma(v, s20);
            s21 = w1.fma(v, s21);
            s22 = w2.fma(v, s22);
            s23 = w3.fma(v, s23);
            v = FloatVector.fromArray(SPECIES, x, x3 + c);
            s30 = w0.fma(v, s30);
            s31 = w1.fma(v, s31);
            s32 = w2.fma(v, s32);
            s33 = w3.fma(v, s33);
        }
        s00.intoArray(sums, 0);
        s01.intoArray(sums, LANES);
        s02.intoArray(sums, 2 * LANES);
        s03.intoArray(sums, 3 * LANES);
        s10.intoArray(sums, 4 * LANES);
        s11.intoArray(sums, 5 * LANES);
        s12.intoArray(sums, 6 * LANES);
        s13.intoArray(sums, 7 * LANES);
        s20.intoArray(sums, 8 * LANES);
        s21.intoArray(sums, 9 * LANES);
        s22.intoArray(sums, 10 * LANES);
        s23.intoArray(sums, 11 * LANES);
        s30.intoArray(sums, 12 * LANES);
        s31.intoArray(sums, 13 * LANES);
        s32.intoArray(sums, 14 * LANES);
        s33.intoArray(sums, 15 * LANES);
    }
}
