package dev.mimic.kernels.matrix;

import static dev.mimic.kernels.VectorWidth.SPECIES;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * Register tiles of products with the transpose for a few rows of x and weights of F32 in place: some rows of weights, one, two
 * or four vectors of columns, eight or four rows of x. Every sum adds up with fma in the order of the {@linkplain
 * VectorQuarters lines}.
 */
final class VectorF32AxpyTiles {
    /** Rows of x at once. */
    static final int BATCH = 8;

    private static final int LANES = SPECIES.length();

    private VectorF32AxpyTiles() {}

    /**
     * Two vectors of columns of F32: {@code sums[to + b · stride + c] += Σ x[xOffset + 8 n + b] · weights[row n, c]}, row n being
     * {@code count} rows {@code inner} apart, and as many again {@code outer} behind them, and so on.
     *
     * @param o first element
     * @param x [lines, 8] from {@code xOffset}
     * @param sums eight rows, {@code stride} apart
     */
    static void two(
            MemorySegment weights,
            long o,
            long inner,
            int count,
            long outer,
            int times,
            float[] x,
            int xOffset,
            float[] sums,
            int to,
            int stride) {
        int t1 = to + stride;
        int t2 = to + 2 * stride;
        int t3 = to + 3 * stride;
        int t4 = to + 4 * stride;
        int t5 = to + 5 * stride;
        int t6 = to + 6 * stride;
        int t7 = to + 7 * stride;
        FloatVector s00 = FloatVector.fromArray(SPECIES, sums, to);
        FloatVector s01 = FloatVector.fromArray(SPECIES, sums, to + LANES);
        FloatVector s10 = FloatVector.fromArray(SPECIES, sums, t1);
        FloatVector s11 = FloatVector.fromArray(SPECIES, sums, t1 + LANES);
        FloatVector s20 = FloatVector.fromArray(SPECIES, sums, t2);
        FloatVector s21 = FloatVector.fromArray(SPECIES, sums, t2 + LANES);
        FloatVector s30 = FloatVector.fromArray(SPECIES, sums, t3);
        FloatVector s31 = FloatVector.fromArray(SPECIES, sums, t3 + LANES);
        FloatVector s40 = FloatVector.fromArray(SPECIES, sums, t4);
        FloatVector s41 = FloatVector.fromArray(SPECIES, sums, t4 + LANES);
        FloatVector s50 = FloatVector.fromArray(SPECIES, sums, t5);
        FloatVector s51 = FloatVector.fromArray(SPECIES, sums, t5 + LANES);
        FloatVector s60 = FloatVector.fromArray(SPECIES, sums, t6);
        FloatVector s61 = FloatVector.fromArray(SPECIES, sums, t6 + LANES);
        FloatVector s70 = FloatVector.fromArray(SPECIES, sums, t7);
        FloatVector s71 = FloatVector.fromArray(SPECIES, sums, t7 + LANES);
        int at = xOffset;
        for (int i = 0; i < times; i++) {
            long row = o + i * outer;
            for (int j = 0; j < count; j++) {
                FloatVector w0 = FloatVector.fromMemorySegment(SPECIES, weights, row * Float.BYTES, LITTLE_ENDIAN);
                FloatVector w1 =
                        FloatVector.fromMemorySegment(SPECIES, weights, (row + LANES) * Float.BYTES, LITTLE_ENDIAN);
                FloatVector v = FloatVector.broadcast(SPECIES, x[at]);
                s00 = w0.fma(v, s00);
                s01 = w1.fma(v, s01);
                v = FloatVector.broadcast(SPECIES, x[at + 1]);
                s10 = w0.fma(v, s10);
                s11 = w1.fma(v, s11);
                v = FloatVector.broadcast(SPECIES, x[at + 2]);
                s20 = w0.fma(v, s20);
                s21 = w1.fma(v, s21);
                v = FloatVector.broadcast(SPECIES, x[at + 3]);
                s30 = w0.fma(v, s30);
                s31 = w1.fma(v, s31);
                v = FloatVector.broadcast(SPECIES, x[at + 4]);
                s40 = w0.fma(v, s40);
                s41 = w1.fma(v, s41);
                v = FloatVector.broadcast(SPECIES, x[at + 5]);
                s50 = w0.fma(v, s50);
                s51 = w1.fma(v, s51);
                v = FloatVector.broadcast(SPECIES, x[at + 6]);
                s60 = w0.fma(v, s60);
                s61 = w1.fma(v, s61);
                v = FloatVector.broadcast(SPECIES, x[at + 7]);
                s70 = w0.fma(v, s70);
                s71 = w1.fma(v, s71);
                row += inner;
                at += BATCH;
            }
        }
        s00.intoArray(sums, to);
        s01.intoArray(sums, to + LANES);
        s10.intoArray(sums, t1);
        s11.intoArray(sums, t1 + LANES);
        s20.intoArray(sums, t2);
        s21.intoArray(sums, t2 + LANES);
        s30.intoArray(sums, t3);
        s31.intoArray(sums, t3 + LANES);
        s40.intoArray(sums, t4);
        s41.intoArray(sums, t4 + LANES);
        s50.intoArray(sums, t5);
        s51.intoArray(sums, t5 + LANES);
        s60.intoArray(sums, t6);
        s61.intoArray(sums, t6 + LANES);
        s70.intoArray(sums, t7);
        s71.intoArray(sums, t7 + LANES);
    }

    /** One vector of columns of F32; as {@link #two}. */
    static void one(
            MemorySegment weights,
            long o,
            long inner,
            int count,
            long outer,
            int times,
            float[] x,
            int xOffset,
            float[] sums,
            int to,
            int stride) {
        int t1 = to + stride;
        int t2 = to + 2 * stride;
        int t3 = to + 3 * stride;
        int t4 = to + 4 * stride;
        int t5 = to + 5 * stride;
        int t6 = to + 6 * stride;
        int t7 = to + 7 * stride;
        FloatVector s00 = FloatVector.fromArray(SPECIES, sums, to);
        FloatVector s10 = FloatVector.fromArray(SPECIES, sums, t1);
        FloatVector s20 = FloatVector.fromArray(SPECIES, sums, t2);
        FloatVector s30 = FloatVector.fromArray(SPECIES, sums, t3);
        FloatVector s40 = FloatVector.fromArray(SPECIES, sums, t4);
        FloatVector s50 = FloatVector.fromArray(SPECIES, sums, t5);
        FloatVector s60 = FloatVector.fromArray(SPECIES, sums, t6);
        FloatVector s70 = FloatVector.fromArray(SPECIES, sums, t7);
        int at = xOffset;
        for (int i = 0; i < times; i++) {
            long row = o + i * outer;
            for (int j = 0; j < count; j++) {
                FloatVector w0 = FloatVector.fromMemorySegment(SPECIES, weights, row * Float.BYTES, LITTLE_ENDIAN);
                FloatVector v = FloatVector.broadcast(SPECIES, x[at]);
                s00 = w0.fma(v, s00);
                v = FloatVector.broadcast(SPECIES, x[at + 1]);
                s10 = w0.fma(v, s10);
                v = FloatVector.broadcast(SPECIES, x[at + 2]);
                s20 = w0.fma(v, s20);
                v = FloatVector.broadcast(SPECIES, x[at + 3]);
                s30 = w0.fma(v, s30);
                v = FloatVector.broadcast(SPECIES, x[at + 4]);
                s40 = w0.fma(v, s40);
                v = FloatVector.broadcast(SPECIES, x[at + 5]);
                s50 = w0.fma(v, s50);
                v = FloatVector.broadcast(SPECIES, x[at + 6]);
                s60 = w0.fma(v, s60);
                v = FloatVector.broadcast(SPECIES, x[at + 7]);
                s70 = w0.fma(v, s70);
                row += inner;
                at += BATCH;
            }
        }
        s00.intoArray(sums, to);
        s10.intoArray(sums, t1);
        s20.intoArray(sums, t2);
        s30.intoArray(sums, t3);
        s40.intoArray(sums, t4);
        s50.intoArray(sums, t5);
        s60.intoArray(sums, t6);
        s70.intoArray(sums, t7);
    }

    /** Four vectors of columns of F32 with the first four of eight rows of x; else as {@link #two}. */
    static void four(
            MemorySegment weights,
            long o,
            long inner,
            int count,
            long outer,
            int times,
            float[] x,
            int xOffset,
            float[] sums,
            int to,
            int stride) {
        int t1 = to + stride;
        int t2 = to + 2 * stride;
        int t3 = to + 3 * stride;
        FloatVector s00 = FloatVector.fromArray(SPECIES, sums, to);
        FloatVector s01 = FloatVector.fromArray(SPECIES, sums, to + LANES);
        FloatVector s02 = FloatVector.fromArray(SPECIES, sums, to + 2 * LANES);
        FloatVector s03 = FloatVector.fromArray(SPECIES, sums, to + 3 * LANES);
        FloatVector s10 = FloatVector.fromArray(SPECIES, sums, t1);
        FloatVector s11 = FloatVector.fromArray(SPECIES, sums, t1 + LANES);
        FloatVector s12 = FloatVector.fromArray(SPECIES, sums, t1 + 2 * LANES);
        FloatVector s13 = FloatVector.fromArray(SPECIES, sums, t1 + 3 * LANES);
        FloatVector s20 = FloatVector.fromArray(SPECIES, sums, t2);
        FloatVector s21 = FloatVector.fromArray(SPECIES, sums, t2 + LANES);
        FloatVector s22 = FloatVector.fromArray(SPECIES, sums, t2 + 2 * LANES);
        FloatVector s23 = FloatVector.fromArray(SPECIES, sums, t2 + 3 * LANES);
        FloatVector s30 = FloatVector.fromArray(SPECIES, sums, t3);
        FloatVector s31 = FloatVector.fromArray(SPECIES, sums, t3 + LANES);
        FloatVector s32 = FloatVector.fromArray(SPECIES, sums, t3 + 2 * LANES);
        FloatVector s33 = FloatVector.fromArray(SPECIES, sums, t3 + 3 * LANES);
        int at = xOffset;
        for (int i = 0; i < times; i++) {
            long row = o + i * outer;
            for (int j = 0; j < count; j++) {
                FloatVector w0 = FloatVector.fromMemorySegment(SPECIES, weights, row * Float.BYTES, LITTLE_ENDIAN);
                FloatVector w1 =
                        FloatVector.fromMemorySegment(SPECIES, weights, (row + LANES) * Float.BYTES, LITTLE_ENDIAN);
                FloatVector w2 = FloatVector.fromMemorySegment(
                        SPECIES, weights, (row + 2L * LANES) * Float.BYTES, LITTLE_ENDIAN);
                FloatVector w3 = FloatVector.fromMemorySegment(
                        SPECIES, weights, (row + 3L * LANES) * Float.BYTES, LITTLE_ENDIAN);
                FloatVector v = FloatVector.broadcast(SPECIES, x[at]);
                s00 = w0.fma(v, s00);
                s01 = w1.fma(v, s01);
                s02 = w2.fma(v, s02);
                s03 = w3.fma(v, s03);
                v = FloatVector.broadcast(SPECIES, x[at + 1]);
                s10 = w0.fma(v, s10);
                s11 = w1.fma(v, s11);
                s12 = w2.fma(v, s12);
                s13 = w3.fma(v, s13);
                v = FloatVector.broadcast(SPECIES, x[at + 2]);
                s20 = w0.fma(v, s20);
                s21 = w1.fma(v, s21);
                s22 = w2.fma(v, s22);
                s23 = w3.fma(v, s23);
                v = FloatVector.broadcast(SPECIES, x[at + 3]);
                s30 = w0.fma(v, s30);
                s31 = w1.fma(v, s31);
                s32 = w2.fma(v, s32);
                s33 = w3.fma(v, s33);
                row += inner;
                at += BATCH;
            }
        }
        s00.intoArray(sums, to);
        s01.intoArray(sums, to + LANES);
        s02.intoArray(sums, to + 2 * LANES);
        s03.intoArray(sums, to + 3 * LANES);
        s10.intoArray(sums, t1);
        s11.intoArray(sums, t1 + LANES);
        s12.intoArray(sums, t1 + 2 * LANES);
        s13.intoArray(sums, t1 + 3 * LANES);
        s20.intoArray(sums, t2);
        s21.intoArray(sums, t2 + LANES);
        s22.intoArray(sums, t2 + 2 * LANES);
        s23.intoArray(sums, t2 + 3 * LANES);
        s30.intoArray(sums, t3);
        s31.intoArray(sums, t3 + LANES);
        s32.intoArray(sums, t3 + 2 * LANES);
        s33.intoArray(sums, t3 + 3 * LANES);
    }
}
