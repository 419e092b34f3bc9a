package dev.mimic.kernels.matrix;

import static dev.mimic.kernels.VectorWidth.INTS;
import static dev.mimic.kernels.VectorWidth.SHORTS;
import static dev.mimic.kernels.VectorWidth.SPECIES;
import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.ZERO_EXTEND_S2I;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;

/**
 * Dot products with Q8 in place. A lane is a row; a unit is as many rows as a vector has lanes. The order: within a block of
 * 32 columns a sum by column modulo 4, with fma in order of the columns; the four added in pairs; the block's sum times its
 * scale added to the row's with fma, in order of the blocks. Every form has it, so that all give the same bits.
 *
 * <p>Several units at once are several streams from memory, which is what suits some processors, and share the loads of x;
 * several rows of x share the widened weights.
 */
final class VectorQ8Dots {
    private static final int LANES = SPECIES.length();

    /** Bytes of one int of each row of a panel. */
    private static final int LINE = QuantizedFormat.ROWS * Integer.BYTES;

    /** Bytes of a block of values and of its scales in a panel. */
    static final int BLOCK = 8 * LINE;

    static final int SCALES = QuantizedFormat.ROWS * Short.BYTES;

    /** A value stays in the upper eight bits of its int, 2^24 times as large. */
    private static final int TOP = 0xff000000;

    private static final float TO_UNITS = 0x1p-24f;

    private VectorQ8Dots() {}

    /**
     * One unit with one row of x.
     *
     * @param v0 the first int of the unit's first block, in bytes
     * @param t0 its first scale, in bytes
     * @param x from {@code xOffset} on, in whole blocks
     * @param sums [1 + blocks, lanes]; the first row is overwritten with the sums, the others with scales
     */
    static void unit(
            MemorySegment values,
            MemorySegment scales,
            long v0,
            long t0,
            int blocks,
            float[] x,
            int xOffset,
            float[] sums) {
        widen(scales, t0, blocks, sums); // by itself: among the products C2 may leave a box of shorts behind each block
        FloatVector toUnits = FloatVector.broadcast(SPECIES, TO_UNITS);
        FloatVector.zero(SPECIES).intoArray(sums, 0); // a sum kept in a vector from block to block may get boxed there
        for (int b = 0; b < blocks; b++) {
            int c = xOffset + b * QuantizedFormat.BLOCK;
            long block = (long) b * BLOCK;
            FloatVector s00 = FloatVector.zero(SPECIES);
            FloatVector s01 = FloatVector.zero(SPECIES);
            FloatVector s02 = FloatVector.zero(SPECIES);
            FloatVector s03 = FloatVector.zero(SPECIES);
            for (int i = 0; i < 8; i++) {
                FloatVector x0 = FloatVector.broadcast(SPECIES, x[c + 4 * i + 0]);
                FloatVector x1 = FloatVector.broadcast(SPECIES, x[c + 4 * i + 1]);
                FloatVector x2 = FloatVector.broadcast(SPECIES, x[c + 4 * i + 2]);
                FloatVector x3 = FloatVector.broadcast(SPECIES, x[c + 4 * i + 3]);
                IntVector v;
                v = IntVector.fromMemorySegment(INTS, values, v0 + block + (long) i * LINE, LITTLE_ENDIAN);
                s00 = ((FloatVector) v.lanewise(LSHL, 24).convertShape(I2F, SPECIES, 0)).fma(x0, s00);
                s01 = ((FloatVector) v.lanewise(LSHL, 16).and(TOP).convertShape(I2F, SPECIES, 0)).fma(x1, s01);
                s02 = ((FloatVector) v.lanewise(LSHL, 8).and(TOP).convertShape(I2F, SPECIES, 0)).fma(x2, s02);
                s03 = ((FloatVector) v.and(TOP).convertShape(I2F, SPECIES, 0)).fma(x3, s03);
            }
            s00.add(s01)
                    .add(s02.add(s03))
                    .mul(toUnits)
                    .fma(FloatVector.fromArray(SPECIES, sums, (1 + b) * LANES), FloatVector.fromArray(SPECIES, sums, 0))
                    .intoArray(sums, 0);
        }
    }

    /** The scales of a unit's blocks as floats, from the second row of sums on. */
    private static void widen(MemorySegment scales, long t0, int blocks, float[] sums) {
        for (int b = 0; b < blocks; b++) {
            ShortVector.fromMemorySegment(SHORTS, scales, t0 + (long) b * SCALES, LITTLE_ENDIAN)
                    .convertShape(ZERO_EXTEND_S2I, INTS, 0)
                    .lanewise(LSHL, 16)
                    .reinterpretAsFloats()
                    .intoArray(sums, (1 + b) * LANES);
        }
    }

    /** Four units with one row of x; sums is [4, lanes]. */
    static void units4(
            MemorySegment values,
            MemorySegment scales,
            long v0,
            long v1,
            long v2,
            long v3,
            long t0,
            long t1,
            long t2,
            long t3,
            int blocks,
            float[] x,
            int xOffset,
            float[] sums) {
        FloatVector toUnits = FloatVector.broadcast(SPECIES, TO_UNITS);
        FloatVector y0 = FloatVector.zero(SPECIES);
        FloatVector y1 = FloatVector.zero(SPECIES);
        FloatVector y2 = FloatVector.zero(SPECIES);
        FloatVector y3 = FloatVector.zero(SPECIES);
        for (int b = 0; b < blocks; b++) {
            int c = xOffset + b * QuantizedFormat.BLOCK;
            long block = (long) b * BLOCK;
            long scale = (long) b * SCALES;
            FloatVector s00 = FloatVector.zero(SPECIES);
            FloatVector s01 = FloatVector.zero(SPECIES);
            FloatVector s02 = FloatVector.zero(SPECIES);
            FloatVector s03 = FloatVector.zero(SPECIES);
            FloatVector s10 = FloatVector.zero(SPECIES);
            FloatVector s11 = FloatVector.zero(SPECIES);
            FloatVector s12 = FloatVector.zero(SPECIES);
            FloatVector s13 = FloatVector.zero(SPECIES);
            FloatVector s20 = FloatVector.zero(SPECIES);
            FloatVector s21 = FloatVector.zero(SPECIES);
            FloatVector s22 = FloatVector.zero(SPECIES);
            FloatVector s23 = FloatVector.zero(SPECIES);
            FloatVector s30 = FloatVector.zero(SPECIES);
            FloatVector s31 = FloatVector.zero(SPECIES);
            FloatVector s32 = FloatVector.zero(SPECIES);
            FloatVector s33 = FloatVector.zero(SPECIES);
            for (int i = 0; i < 8; i++) {
                FloatVector x0 = FloatVector.broadcast(SPECIES, x[c + 4 * i + 0]);
                FloatVector x1 = FloatVector.broadcast(SPECIES, x[c + 4 * i + 1]);
                FloatVector x2 = FloatVector.broadcast(SPECIES, x[c + 4 * i + 2]);
                FloatVector x3 = FloatVector.broadcast(SPECIES, x[c + 4 * i + 3]);
                IntVector v;
                v = IntVector.fromMemorySegment(INTS, values, v0 + block + (long) i * LINE, LITTLE_ENDIAN);
                s00 = ((FloatVector) v.lanewise(LSHL, 24).convertShape(I2F, SPECIES, 0)).fma(x0, s00);
                s01 = ((FloatVector) v.lanewise(LSHL, 16).and(TOP).convertShape(I2F, SPECIES, 0)).fma(x1, s01);
                s02 = ((FloatVector) v.lanewise(LSHL, 8).and(TOP).convertShape(I2F, SPECIES, 0)).fma(x2, s02);
                s03 = ((FloatVector) v.and(TOP).convertShape(I2F, SPECIES, 0)).fma(x3, s03);
                v = IntVector.fromMemorySegment(INTS, values, v1 + block + (long) i * LINE, LITTLE_ENDIAN);
                s10 = ((FloatVector) v.lanewise(LSHL, 24).convertShape(I2F, SPECIES, 0)).fma(x0, s10);
                s11 = ((FloatVector) v.lanewise(LSHL, 16).and(TOP).convertShape(I2F, SPECIES, 0)).fma(x1, s11);
                s12 = ((FloatVector) v.lanewise(LSHL, 8).and(TOP).convertShape(I2F, SPECIES, 0)).fma(x2, s12);
                s13 = ((FloatVector) v.and(TOP).convertShape(I2F, SPECIES, 0)).fma(x3, s13);
                v = IntVector.fromMemorySegment(INTS, values, v2 + block + (long) i * LINE, LITTLE_ENDIAN);
                s20 = ((FloatVector) v.lanewise(LSHL, 24).convertShape(I2F, SPECIES, 0)).fma(x0, s20);
                s21 = ((FloatVector) v.lanewise(LSHL, 16).and(TOP).convertShape(I2F, SPECIES, 0)).fma(x1, s21);
                s22 = ((FloatVector) v.lanewise(LSHL, 8).and(TOP).convertShape(I2F, SPECIES, 0)).fma(x2, s22);
                s23 = ((FloatVector) v.and(TOP).convertShape(I2F, SPECIES, 0)).fma(x3, s23);
                v = IntVector.fromMemorySegment(INTS, values, v3 + block + (long) i * LINE, LITTLE_ENDIAN);
                s30 = ((FloatVector) v.lanewise(LSHL, 24).convertShape(I2F, SPECIES, 0)).fma(x0, s30);
                s31 = ((FloatVector) v.lanewise(LSHL, 16).and(TOP).convertShape(I2F, SPECIES, 0)).fma(x1, s31);
                s32 = ((FloatVector) v.lanewise(LSHL, 8).and(TOP).convertShape(I2F, SPECIES, 0)).fma(x2, s32);
                s33 = ((FloatVector) v.and(TOP).convertShape(I2F, SPECIES, 0)).fma(x3, s33);
            }
            y0 = s00.add(s01)
                    .add(s02.add(s03))
                    .mul(toUnits)
                    .fma(
                            ShortVector.fromMemorySegment(SHORTS, scales, t0 + scale, LITTLE_ENDIAN)
                                    .convertShape(ZERO_EXTEND_S2I, INTS, 0)
                                    .lanewise(LSHL, 16)
                                    .reinterpretAsFloats(),
                            y0);
            y1 = s10.add(s11)
                    .add(s12.add(s13))
                    .mul(toUnits)
                    .fma(
                            ShortVector.fromMemorySegment(SHORTS, scales, t1 + scale, LITTLE_ENDIAN)
                                    .convertShape(ZERO_EXTEND_S2I, INTS, 0)
                                    .lanewise(LSHL, 16)
                                    .reinterpretAsFloats(),
                            y1);
            y2 = s20.add(s21)
                    .add(s22.add(s23))
                    .mul(toUnits)
                    .fma(
                            ShortVector.fromMemorySegment(SHORTS, scales, t2 + scale, LITTLE_ENDIAN)
                                    .convertShape(ZERO_EXTEND_S2I, INTS, 0)
                                    .lanewise(LSHL, 16)
                                    .reinterpretAsFloats(),
                            y2);
            y3 = s30.add(s31)
                    .add(s32.add(s33))
                    .mul(toUnits)
                    .fma(
                            ShortVector.fromMemorySegment(SHORTS, scales, t3 + scale, LITTLE_ENDIAN)
                                    .convertShape(ZERO_EXTEND_S2I, INTS, 0)
                                    .lanewise(LSHL, 16)
                                    .reinterpretAsFloats(),
                            y3);
        }
        y0.intoArray(sums, 0);
        y1.intoArray(sums, LANES);
        y2.intoArray(sums, 2 * LANES);
        y3.intoArray(sums, 3 * LANES);
    }

    /** One unit with four rows of x; sums is [4, lanes]. */
    static void rows4(
            MemorySegment values,
            MemorySegment scales,
            long v0,
            long t0,
            int blocks,
            float[] x,
            int x0,
            int x1,
            int x2,
            int x3,
            float[] sums) {
        FloatVector toUnits = FloatVector.broadcast(SPECIES, TO_UNITS);
        FloatVector y0 = FloatVector.zero(SPECIES);
        FloatVector y1 = FloatVector.zero(SPECIES);
        FloatVector y2 = FloatVector.zero(SPECIES);
        FloatVector y3 = FloatVector.zero(SPECIES);
        for (int b = 0; b < blocks; b++) {
            int c = b * QuantizedFormat.BLOCK;
            long block = v0 + (long) b * BLOCK;
            FloatVector s00 = FloatVector.zero(SPECIES);
            FloatVector s01 = FloatVector.zero(SPECIES);
            FloatVector s02 = FloatVector.zero(SPECIES);
            FloatVector s03 = FloatVector.zero(SPECIES);
            FloatVector s10 = FloatVector.zero(SPECIES);
            FloatVector s11 = FloatVector.zero(SPECIES);
            FloatVector s12 = FloatVector.zero(SPECIES);
            FloatVector s13 = FloatVector.zero(SPECIES);
            FloatVector s20 = FloatVector.zero(SPECIES);
            FloatVector s21 = FloatVector.zero(SPECIES);
            FloatVector s22 = FloatVector.zero(SPECIES);
            FloatVector s23 = FloatVector.zero(SPECIES);
            FloatVector s30 = FloatVector.zero(SPECIES);
            FloatVector s31 = FloatVector.zero(SPECIES);
            FloatVector s32 = FloatVector.zero(SPECIES);
            FloatVector s33 = FloatVector.zero(SPECIES);
            for (int i = 0; i < 8; i++) {
                IntVector v = IntVector.fromMemorySegment(INTS, values, block + (long) i * LINE, LITTLE_ENDIAN);
                int at = c + 4 * i;
                FloatVector w;
                w = (FloatVector) v.lanewise(LSHL, 24).convertShape(I2F, SPECIES, 0);
                s00 = w.fma(FloatVector.broadcast(SPECIES, x[x0 + at + 0]), s00);
                s10 = w.fma(FloatVector.broadcast(SPECIES, x[x1 + at + 0]), s10);
                s20 = w.fma(FloatVector.broadcast(SPECIES, x[x2 + at + 0]), s20);
                s30 = w.fma(FloatVector.broadcast(SPECIES, x[x3 + at + 0]), s30);
                w = (FloatVector) v.lanewise(LSHL, 16).and(TOP).convertShape(I2F, SPECIES, 0);
                s01 = w.fma(FloatVector.broadcast(SPECIES, x[x0 + at + 1]), s01);
                s11 = w.fma(FloatVector.broadcast(SPECIES, x[x1 + at + 1]), s11);
                s21 = w.fma(FloatVector.broadcast(SPECIES, x[x2 + at + 1]), s21);
                s31 = w.fma(FloatVector.broadcast(SPECIES, x[x3 + at + 1]), s31);
                w = (FloatVector) v.lanewise(LSHL, 8).and(TOP).convertShape(I2F, SPECIES, 0);
                s02 = w.fma(FloatVector.broadcast(SPECIES, x[x0 + at + 2]), s02);
                s12 = w.fma(FloatVector.broadcast(SPECIES, x[x1 + at + 2]), s12);
                s22 = w.fma(FloatVector.broadcast(SPECIES, x[x2 + at + 2]), s22);
                s32 = w.fma(FloatVector.broadcast(SPECIES, x[x3 + at + 2]), s32);
                w = (FloatVector) v.and(TOP).convertShape(I2F, SPECIES, 0);
                s03 = w.fma(FloatVector.broadcast(SPECIES, x[x0 + at + 3]), s03);
                s13 = w.fma(FloatVector.broadcast(SPECIES, x[x1 + at + 3]), s13);
                s23 = w.fma(FloatVector.broadcast(SPECIES, x[x2 + at + 3]), s23);
                s33 = w.fma(FloatVector.broadcast(SPECIES, x[x3 + at + 3]), s33);
            }
            FloatVector scale = ShortVector.fromMemorySegment(SHORTS, scales, t0 + (long) b * SCALES, LITTLE_ENDIAN)
                    .convertShape(ZERO_EXTEND_S2I, INTS, 0)
                    .lanewise(LSHL, 16)
                    .reinterpretAsFloats();
            y0 = s00.add(s01).add(s02.add(s03)).mul(toUnits).fma(scale, y0);
            y1 = s10.add(s11).add(s12.add(s13)).mul(toUnits).fma(scale, y1);
            y2 = s20.add(s21).add(s22.add(s23)).mul(toUnits).fma(scale, y2);
            y3 = s30.add(s31).add(s32.add(s33)).mul(toUnits).fma(scale, y3);
        }
        y0.intoArray(sums, 0);
        y1.intoArray(sums, LANES);
        y2.intoArray(sums, 2 * LANES);
        y3.intoArray(sums, 3 * LANES);
    }
}
