package dev.mimic.kernels.matrix;

import static dev.mimic.kernels.VectorWidth.SPECIES;
import static dev.mimic.kernels.matrix.VectorSums.load;
import static dev.mimic.kernels.matrix.VectorWorkspace.LEADING;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * Dot products of four rows of weights at once, which share the loads of x. Every form keeps one vector sum an output
 * and adds to it in order of the columns, so that all of them give the same bits.
 */
final class VectorDots {
    /** Rows of weights at once. */
    static final int ROWS = 4;

    /** Rows of x at once in the wide form. */
    static final int BATCH = 4;

    private static final int LANES = SPECIES.length();

    private VectorDots() {}

    /**
     * F32 in place: {@code sums[k, c mod lanes] += weights[ok + c] · x[xOffset + c]}.
     *
     * @param o0 first row, in elements; likewise the others
     * @param length columns; a multiple of the lanes
     * @param sums [4, lanes]; accumulated into
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
            float[] sums) {
        FloatVector s0 = load(sums, 0);
        FloatVector s1 = load(sums, LANES);
        FloatVector s2 = load(sums, 2 * LANES);
        FloatVector s3 = load(sums, 3 * LANES);
        for (int c = 0; c < length; c += LANES) {
            FloatVector v = load(x, xOffset + c);
            s0 = VectorUnpack.f32(weights, (o0 + c) * Float.BYTES).fma(v, s0);
            s1 = VectorUnpack.f32(weights, (o1 + c) * Float.BYTES).fma(v, s1);
            s2 = VectorUnpack.f32(weights, (o2 + c) * Float.BYTES).fma(v, s2);
            s3 = VectorUnpack.f32(weights, (o3 + c) * Float.BYTES).fma(v, s3);
        }
        s0.intoArray(sums, 0);
        s1.intoArray(sums, LANES);
        s2.intoArray(sums, 2 * LANES);
        s3.intoArray(sums, 3 * LANES);
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
            float[] sums) {
        FloatVector s0 = load(sums, 0);
        FloatVector s1 = load(sums, LANES);
        FloatVector s2 = load(sums, 2 * LANES);
        FloatVector s3 = load(sums, 3 * LANES);
        for (int c = 0; c < length; c += LANES) {
            FloatVector v = load(x, xOffset + c);
            s0 = VectorUnpack.bf16(weights, (o0 + c) * Short.BYTES).fma(v, s0);
            s1 = VectorUnpack.bf16(weights, (o1 + c) * Short.BYTES).fma(v, s1);
            s2 = VectorUnpack.bf16(weights, (o2 + c) * Short.BYTES).fma(v, s2);
            s3 = VectorUnpack.bf16(weights, (o3 + c) * Short.BYTES).fma(v, s3);
        }
        s0.intoArray(sums, 0);
        s1.intoArray(sums, LANES);
        s2.intoArray(sums, 2 * LANES);
        s3.intoArray(sums, 3 * LANES);
    }

    /**
     * Four converted rows with one row of x, added to the sums of an earlier slice.
     *
     * @param w four rows, {@link VectorWorkspace#LEADING} apart from 0
     * @param length columns; a multiple of the lanes
     * @param sums [4, lanes] from {@code sumsOffset}; accumulated into
     */
    static void tile1(float[] w, float[] x, int xOffset, int length, float[] sums, int sumsOffset) {
        FloatVector s0 = load(sums, sumsOffset);
        FloatVector s1 = load(sums, sumsOffset + LANES);
        FloatVector s2 = load(sums, sumsOffset + 2 * LANES);
        FloatVector s3 = load(sums, sumsOffset + 3 * LANES);
        for (int c = 0; c < length; c += LANES) {
            FloatVector v = load(x, xOffset + c);
            s0 = load(w, c).fma(v, s0);
            s1 = load(w, LEADING + c).fma(v, s1);
            s2 = load(w, 2 * LEADING + c).fma(v, s2);
            s3 = load(w, 3 * LEADING + c).fma(v, s3);
        }
        s0.intoArray(sums, sumsOffset);
        s1.intoArray(sums, sumsOffset + LANES);
        s2.intoArray(sums, sumsOffset + 2 * LANES);
        s3.intoArray(sums, sumsOffset + 3 * LANES);
    }

    /**
     * Four converted rows with four rows of x.
     *
     * @param x0 first row of x; likewise the others
     * @param sums [4 (x), 4 (w), lanes] from {@code sumsOffset}; accumulated into
     */
    static void tile4(float[] w, float[] x, int x0, int x1, int x2, int x3, int length, float[] sums, int sumsOffset) {
        FloatVector s00 = load(sums, sumsOffset);
        FloatVector s01 = load(sums, sumsOffset + LANES);
        FloatVector s02 = load(sums, sumsOffset + 2 * LANES);
        FloatVector s03 = load(sums, sumsOffset + 3 * LANES);
        FloatVector s10 = load(sums, sumsOffset + 4 * LANES);
        FloatVector s11 = load(sums, sumsOffset + 5 * LANES);
        FloatVector s12 = load(sums, sumsOffset + 6 * LANES);
        FloatVector s13 = load(sums, sumsOffset + 7 * LANES);
        FloatVector s20 = load(sums, sumsOffset + 8 * LANES);
        FloatVector s21 = load(sums, sumsOffset + 9 * LANES);
        FloatVector s22 = load(sums, sumsOffset + 10 * LANES);
        FloatVector s23 = load(sums, sumsOffset + 11 * LANES);
        FloatVector s30 = load(sums, sumsOffset + 12 * LANES);
        FloatVector s31 = load(sums, sumsOffset + 13 * LANES);
        FloatVector s32 = load(sums, sumsOffset + 14 * LANES);
        FloatVector s33 = load(sums, sumsOffset + 15 * LANES);
        for (int c = 0; c < length; c += LANES) {
            FloatVector w0 = load(w, c);
            FloatVector w1 = load(w, LEADING + c);
            FloatVector w2 = load(w, 2 * LEADING + c);
            FloatVector w3 = load(w, 3 * LEADING + c);
            FloatVector v = load(x, x0 + c);
            s00 = w0.fma(v, s00);
            s01 = w1.fma(v, s01);
            s02 = w2.fma(v, s02);
            s03 = w3.fma(v, s03);
            v = load(x, x1 + c);
            s10 = w0.fma(v, s10);
            s11 = w1.fma(v, s11);
            s12 = w2.fma(v, s12);
            s13 = w3.fma(v, s13);
            v = load(x, x2 + c);
            s20 = w0.fma(v, s20);
            s21 = w1.fma(v, s21);
            s22 = w2.fma(v, s22);
            s23 = w3.fma(v, s23);
            v = load(x, x3 + c);
            s30 = w0.fma(v, s30);
            s31 = w1.fma(v, s31);
            s32 = w2.fma(v, s32);
            s33 = w3.fma(v, s33);
        }
        s00.intoArray(sums, sumsOffset);
        s01.intoArray(sums, sumsOffset + LANES);
        s02.intoArray(sums, sumsOffset + 2 * LANES);
        s03.intoArray(sums, sumsOffset + 3 * LANES);
        s10.intoArray(sums, sumsOffset + 4 * LANES);
        s11.intoArray(sums, sumsOffset + 5 * LANES);
        s12.intoArray(sums, sumsOffset + 6 * LANES);
        s13.intoArray(sums, sumsOffset + 7 * LANES);
        s20.intoArray(sums, sumsOffset + 8 * LANES);
        s21.intoArray(sums, sumsOffset + 9 * LANES);
        s22.intoArray(sums, sumsOffset + 10 * LANES);
        s23.intoArray(sums, sumsOffset + 11 * LANES);
        s30.intoArray(sums, sumsOffset + 12 * LANES);
        s31.intoArray(sums, sumsOffset + 13 * LANES);
        s32.intoArray(sums, sumsOffset + 14 * LANES);
        s33.intoArray(sums, sumsOffset + 15 * LANES);
    }
}
