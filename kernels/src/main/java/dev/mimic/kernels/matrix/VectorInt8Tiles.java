package dev.mimic.kernels.matrix;

import static dev.mimic.kernels.VectorWidth.SPECIES;
import static dev.mimic.kernels.matrix.VectorDots.LEADING;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * {@link VectorDotTiles} of {@link Matrix.Int8}: bytes in place, widened in registers. Written out again, because the loads
 * are all that differs and a loop can't be given another: a load chosen by an argument is one more branch for each vector,
 * unless C2 takes the whole tile into a caller that knows the argument, and tiles are larger than it takes.
 */
final class VectorInt8Tiles {
    private static final int LANES = SPECIES.length();

    /** Bytes from one packed row of x to the next. */
    private static final long NEXT = (long) LEADING * Float.BYTES;

    private VectorInt8Tiles() {}

    /** Two rows with eight rows of x; as {@link VectorDotTiles#f32Eight}. */
    static void eight(
            MemorySegment weights, long o0, long o1, MemorySegment x, long xAt, int length, float[] sums, int to) {
        FloatVector zero = FloatVector.zero(SPECIES);
        FloatVector s00 = zero;
        FloatVector s01 = zero;
        FloatVector s10 = zero;
        FloatVector s11 = zero;
        FloatVector s20 = zero;
        FloatVector s21 = zero;
        FloatVector s30 = zero;
        FloatVector s31 = zero;
        FloatVector s40 = zero;
        FloatVector s41 = zero;
        FloatVector s50 = zero;
        FloatVector s51 = zero;
        FloatVector s60 = zero;
        FloatVector s61 = zero;
        FloatVector s70 = zero;
        FloatVector s71 = zero;
        for (int c = 0; c < length; c += LANES) {
            FloatVector w0 = VectorInt8.load(weights, o0 + c);
            FloatVector w1 = VectorInt8.load(weights, o1 + c);
            long at = xAt + (long) c * Float.BYTES;
            FloatVector v = FloatVector.fromMemorySegment(SPECIES, x, at, LITTLE_ENDIAN);
            s00 = w0.fma(v, s00);
            s01 = w1.fma(v, s01);
            v = FloatVector.fromMemorySegment(SPECIES, x, at + NEXT, LITTLE_ENDIAN);
            s10 = w0.fma(v, s10);
            s11 = w1.fma(v, s11);
            v = FloatVector.fromMemorySegment(SPECIES, x, at + 2 * NEXT, LITTLE_ENDIAN);
            s20 = w0.fma(v, s20);
            s21 = w1.fma(v, s21);
            v = FloatVector.fromMemorySegment(SPECIES, x, at + 3 * NEXT, LITTLE_ENDIAN);
            s30 = w0.fma(v, s30);
            s31 = w1.fma(v, s31);
            v = FloatVector.fromMemorySegment(SPECIES, x, at + 4 * NEXT, LITTLE_ENDIAN);
            s40 = w0.fma(v, s40);
            s41 = w1.fma(v, s41);
            v = FloatVector.fromMemorySegment(SPECIES, x, at + 5 * NEXT, LITTLE_ENDIAN);
            s50 = w0.fma(v, s50);
            s51 = w1.fma(v, s51);
            v = FloatVector.fromMemorySegment(SPECIES, x, at + 6 * NEXT, LITTLE_ENDIAN);
            s60 = w0.fma(v, s60);
            s61 = w1.fma(v, s61);
            v = FloatVector.fromMemorySegment(SPECIES, x, at + 7 * NEXT, LITTLE_ENDIAN);
            s70 = w0.fma(v, s70);
            s71 = w1.fma(v, s71);
        }
        s00.intoArray(sums, to);
        s01.intoArray(sums, to + LANES);
        s10.intoArray(sums, to + 2 * LANES);
        s11.intoArray(sums, to + 3 * LANES);
        s20.intoArray(sums, to + 4 * LANES);
        s21.intoArray(sums, to + 5 * LANES);
        s30.intoArray(sums, to + 6 * LANES);
        s31.intoArray(sums, to + 7 * LANES);
        s40.intoArray(sums, to + 8 * LANES);
        s41.intoArray(sums, to + 9 * LANES);
        s50.intoArray(sums, to + 10 * LANES);
        s51.intoArray(sums, to + 11 * LANES);
        s60.intoArray(sums, to + 12 * LANES);
        s61.intoArray(sums, to + 13 * LANES);
        s70.intoArray(sums, to + 14 * LANES);
        s71.intoArray(sums, to + 15 * LANES);
    }

    /** Four rows with four rows of x; as {@link VectorDotTiles#f32Four}. */
    static void four(
            MemorySegment weights,
            long o0,
            long o1,
            long o2,
            long o3,
            MemorySegment x,
            long xAt,
            int length,
            float[] sums,
            int to) {
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
            FloatVector w0 = VectorInt8.load(weights, o0 + c);
            FloatVector w1 = VectorInt8.load(weights, o1 + c);
            FloatVector w2 = VectorInt8.load(weights, o2 + c);
            FloatVector w3 = VectorInt8.load(weights, o3 + c);
            long at = xAt + (long) c * Float.BYTES;
            FloatVector v = FloatVector.fromMemorySegment(SPECIES, x, at, LITTLE_ENDIAN);
            s00 = w0.fma(v, s00);
            s01 = w1.fma(v, s01);
            s02 = w2.fma(v, s02);
            s03 = w3.fma(v, s03);
            v = FloatVector.fromMemorySegment(SPECIES, x, at + NEXT, LITTLE_ENDIAN);
            s10 = w0.fma(v, s10);
            s11 = w1.fma(v, s11);
            s12 = w2.fma(v, s12);
            s13 = w3.fma(v, s13);
            v = FloatVector.fromMemorySegment(SPECIES, x, at + 2 * NEXT, LITTLE_ENDIAN);
            s20 = w0.fma(v, s20);
            s21 = w1.fma(v, s21);
            s22 = w2.fma(v, s22);
            s23 = w3.fma(v, s23);
            v = FloatVector.fromMemorySegment(SPECIES, x, at + 3 * NEXT, LITTLE_ENDIAN);
            s30 = w0.fma(v, s30);
            s31 = w1.fma(v, s31);
            s32 = w2.fma(v, s32);
            s33 = w3.fma(v, s33);
        }
        s00.intoArray(sums, to);
        s01.intoArray(sums, to + LANES);
        s02.intoArray(sums, to + 2 * LANES);
        s03.intoArray(sums, to + 3 * LANES);
        s10.intoArray(sums, to + 4 * LANES);
        s11.intoArray(sums, to + 5 * LANES);
        s12.intoArray(sums, to + 6 * LANES);
        s13.intoArray(sums, to + 7 * LANES);
        s20.intoArray(sums, to + 8 * LANES);
        s21.intoArray(sums, to + 9 * LANES);
        s22.intoArray(sums, to + 10 * LANES);
        s23.intoArray(sums, to + 11 * LANES);
        s30.intoArray(sums, to + 12 * LANES);
        s31.intoArray(sums, to + 13 * LANES);
        s32.intoArray(sums, to + 14 * LANES);
        s33.intoArray(sums, to + 15 * LANES);
    }
}
