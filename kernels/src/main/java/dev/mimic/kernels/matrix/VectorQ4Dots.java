package dev.mimic.kernels.matrix;

import static dev.mimic.kernels.VectorWidth.INTS;
import static dev.mimic.kernels.VectorWidth.SHORTS;
import static dev.mimic.kernels.VectorWidth.SPECIES;
import static dev.mimic.kernels.VectorWidth.WORDS;
import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.ZERO_EXTEND_S2I;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;

/**
 * Dot products with Q4 in place, by activations of 8 bits ({@link QuantizedActivations}). A lane is a row; a unit is as many
 * rows as a float vector has lanes. Products and their sums within a block are integers, so that their order is free; the
 * block's sum times both scales is added to the row's with fma, in order of the blocks.
 *
 * <p>Nibbles are taken as 0 to 15. A half of an int has 16 products of a block: |sum| ≤ 16 · 15 · 127 = 30480, fits 16 bits.
 *
 * <p>The integers of some blocks are made first and scaled in a loop of their own: in one loop C2 leaves boxes behind,
 * depending on the order in which it happens to inline.
 */
final class VectorQ4Dots {
    private static final int LANES = SPECIES.length();

    /** Bytes of one int of each row of a panel. */
    private static final int LINE = QuantizedFormat.ROWS * Integer.BYTES;

    /** Bytes of a block of values and of its scales in a panel. */
    static final int BLOCK = 4 * LINE;

    static final int SCALES = QuantizedFormat.ROWS * Short.BYTES;

    /** Ints of a block of activations. */
    private static final int PAIRS = QuantizedFormat.BLOCK / 2;

    /** Blocks whose integers are made before they are scaled. */
    private static final int SOME = 16;

    /** Elements of the scratch for integers. */
    static final int SCRATCH = SOME * 4 * LANES;

    private static final short NIBBLE = 15;

    private VectorQ4Dots() {}

    /**
     * One unit with one row of x.
     *
     * @param v0 the first int of the unit's first block, in bytes
     * @param t0 its first scale, in bytes
     * @param row of the activations
     * @param scratch [SCRATCH]; overwritten
     * @param sums [1, lanes]; overwritten
     */
    static void unit(
            MemorySegment values,
            MemorySegment scales,
            long v0,
            long t0,
            int blocks,
            QuantizedActivations x,
            int row,
            int[] scratch,
            float[] sums) {
        clear(sums, 1);
        for (int b = 0; b < blocks; b += SOME) {
            int count = Math.min(SOME, blocks - b);
            int at = row * blocks + b;
            multiply(values, v0 + (long) b * BLOCK, count, x.pairs(), at, scratch);
            scale(scratch, 0, count, scales, t0 + (long) b * SCALES, x, at, sums);
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
            QuantizedActivations x,
            int row,
            int[] scratch,
            float[] sums) {
        clear(sums, 4);
        for (int b = 0; b < blocks; b += SOME) {
            int count = Math.min(SOME, blocks - b);
            int at = row * blocks + b;
            long block = (long) b * BLOCK;
            long scale = (long) b * SCALES;
            multiplyUnits(values, v0 + block, v1 + block, v2 + block, v3 + block, count, x.pairs(), at, scratch);
            scale(scratch, 0, count, scales, t0 + scale, x, at, sums);
            scale(scratch, 1, count, scales, t1 + scale, x, at, sums);
            scale(scratch, 2, count, scales, t2 + scale, x, at, sums);
            scale(scratch, 3, count, scales, t3 + scale, x, at, sums);
        }
    }

    /** One unit with four rows of x from {@code row} on; sums is [4, lanes]. */
    static void rows4(
            MemorySegment values,
            MemorySegment scales,
            long v0,
            long t0,
            int blocks,
            QuantizedActivations x,
            int row,
            int[] scratch,
            float[] sums) {
        clear(sums, 4);
        for (int b = 0; b < blocks; b += SOME) {
            int count = Math.min(SOME, blocks - b);
            int at = row * blocks + b;
            long scale = t0 + (long) b * SCALES;
            multiplyRows(values, v0 + (long) b * BLOCK, count, x.pairs(), at, blocks, scratch);
            scale(scratch, 0, count, scales, scale, x, at, sums);
            scale(scratch, 1, count, scales, scale, x, at + blocks, sums);
            scale(scratch, 2, count, scales, scale, x, at + 2 * blocks, sums);
            scale(scratch, 3, count, scales, scale, x, at + 3 * blocks, sums);
        }
    }

    private static void clear(float[] sums, int vectors) {
        for (int k = 0; k < vectors; k++) {
            FloatVector.zero(SPECIES).intoArray(sums, k * LANES);
        }
    }

    /**
     * Adds the scaled integers of blocks to a sum.
     *
     * @param scratch [count, 4, lanes]
     * @param of which of the four, of the scratch and of sums
     * @param t the first scale of the weights, in bytes
     * @param at the first block of the activations
     */
    private static void scale(
            int[] scratch,
            int of,
            int count,
            MemorySegment scales,
            long t,
            QuantizedActivations x,
            int at,
            float[] sums) {
        int[] offsets = x.offsets();
        float[] xScales = x.scales();
        FloatVector sum = FloatVector.fromArray(SPECIES, sums, of * LANES);
        for (int b = 0; b < count; b++) {
            IntVector both = IntVector.fromArray(INTS, scratch, (4 * b + of) * LANES);
            IntVector high = both.lanewise(ASHR, 16);
            IntVector low = both.lanewise(LSHL, 16);
            IntVector whole = low.lanewise(ASHR, 16).add(high).add(IntVector.broadcast(INTS, offsets[at + b]));
            FloatVector scale = ShortVector.fromMemorySegment(SHORTS, scales, t + (long) b * SCALES, LITTLE_ENDIAN)
                    .convertShape(ZERO_EXTEND_S2I, INTS, 0)
                    .lanewise(LSHL, 16)
                    .reinterpretAsFloats()
                    .mul(FloatVector.broadcast(SPECIES, xScales[at + b]));
            sum = scale.fma((FloatVector) whole.convertShape(I2F, SPECIES, 0), sum);
        }
        sum.intoArray(sums, of * LANES);
    }

    // the integers: both halves of an int are sums of their own

    private static void multiply(MemorySegment values, long v0, int count, int[] a, int at, int[] scratch) {
        ShortVector nibble = ShortVector.broadcast(WORDS, NIBBLE);
        for (int b = 0; b < count; b++) {
            int c = (at + b) * PAIRS;
            long block = (long) b * BLOCK;
            ShortVector s0 = ShortVector.zero(WORDS);
            for (int i = 0; i < 4; i++) {
                ShortVector a0 = IntVector.broadcast(INTS, a[c + 4 * i + 0]).reinterpretAsShorts();
                ShortVector a1 = IntVector.broadcast(INTS, a[c + 4 * i + 1]).reinterpretAsShorts();
                ShortVector a2 = IntVector.broadcast(INTS, a[c + 4 * i + 2]).reinterpretAsShorts();
                ShortVector a3 = IntVector.broadcast(INTS, a[c + 4 * i + 3]).reinterpretAsShorts();
                ShortVector v;
                v = ShortVector.fromMemorySegment(WORDS, values, v0 + block + (long) i * LINE, LITTLE_ENDIAN);
                s0 = s0.add(v.and(nibble).mul(a0));
                s0 = s0.add(v.lanewise(LSHR, (short) 4).and(nibble).mul(a1));
                s0 = s0.add(v.lanewise(LSHR, (short) 8).and(nibble).mul(a2));
                s0 = s0.add(v.lanewise(LSHR, (short) 12).mul(a3));
            }
            s0.reinterpretAsInts().intoArray(scratch, 4 * b * LANES);
        }
    }

    private static void multiplyUnits(
            MemorySegment values, long v0, long v1, long v2, long v3, int count, int[] a, int at, int[] scratch) {
        ShortVector nibble = ShortVector.broadcast(WORDS, NIBBLE);
        for (int b = 0; b < count; b++) {
            int c = (at + b) * PAIRS;
            long block = (long) b * BLOCK;
            ShortVector s0 = ShortVector.zero(WORDS);
            ShortVector s1 = ShortVector.zero(WORDS);
            ShortVector s2 = ShortVector.zero(WORDS);
            ShortVector s3 = ShortVector.zero(WORDS);
            for (int i = 0; i < 4; i++) {
                ShortVector a0 = IntVector.broadcast(INTS, a[c + 4 * i + 0]).reinterpretAsShorts();
                ShortVector a1 = IntVector.broadcast(INTS, a[c + 4 * i + 1]).reinterpretAsShorts();
                ShortVector a2 = IntVector.broadcast(INTS, a[c + 4 * i + 2]).reinterpretAsShorts();
                ShortVector a3 = IntVector.broadcast(INTS, a[c + 4 * i + 3]).reinterpretAsShorts();
                ShortVector v;
                v = ShortVector.fromMemorySegment(WORDS, values, v0 + block + (long) i * LINE, LITTLE_ENDIAN);
                s0 = s0.add(v.and(nibble).mul(a0));
                s0 = s0.add(v.lanewise(LSHR, (short) 4).and(nibble).mul(a1));
                s0 = s0.add(v.lanewise(LSHR, (short) 8).and(nibble).mul(a2));
                s0 = s0.add(v.lanewise(LSHR, (short) 12).mul(a3));
                v = ShortVector.fromMemorySegment(WORDS, values, v1 + block + (long) i * LINE, LITTLE_ENDIAN);
                s1 = s1.add(v.and(nibble).mul(a0));
                s1 = s1.add(v.lanewise(LSHR, (short) 4).and(nibble).mul(a1));
                s1 = s1.add(v.lanewise(LSHR, (short) 8).and(nibble).mul(a2));
                s1 = s1.add(v.lanewise(LSHR, (short) 12).mul(a3));
                v = ShortVector.fromMemorySegment(WORDS, values, v2 + block + (long) i * LINE, LITTLE_ENDIAN);
                s2 = s2.add(v.and(nibble).mul(a0));
                s2 = s2.add(v.lanewise(LSHR, (short) 4).and(nibble).mul(a1));
                s2 = s2.add(v.lanewise(LSHR, (short) 8).and(nibble).mul(a2));
                s2 = s2.add(v.lanewise(LSHR, (short) 12).mul(a3));
                v = ShortVector.fromMemorySegment(WORDS, values, v3 + block + (long) i * LINE, LITTLE_ENDIAN);
                s3 = s3.add(v.and(nibble).mul(a0));
                s3 = s3.add(v.lanewise(LSHR, (short) 4).and(nibble).mul(a1));
                s3 = s3.add(v.lanewise(LSHR, (short) 8).and(nibble).mul(a2));
                s3 = s3.add(v.lanewise(LSHR, (short) 12).mul(a3));
            }
            s0.reinterpretAsInts().intoArray(scratch, 4 * b * LANES);
            s1.reinterpretAsInts().intoArray(scratch, (4 * b + 1) * LANES);
            s2.reinterpretAsInts().intoArray(scratch, (4 * b + 2) * LANES);
            s3.reinterpretAsInts().intoArray(scratch, (4 * b + 3) * LANES);
        }
    }

    private static void multiplyRows(
            MemorySegment values, long v0, int count, int[] a, int at, int stride, int[] scratch) {
        ShortVector nibble = ShortVector.broadcast(WORDS, NIBBLE);
        for (int b = 0; b < count; b++) {
            long block = v0 + (long) b * BLOCK;
            int c0 = (at + b) * PAIRS;
            int c1 = c0 + stride * PAIRS;
            int c2 = c1 + stride * PAIRS;
            int c3 = c2 + stride * PAIRS;
            ShortVector s0 = ShortVector.zero(WORDS);
            ShortVector s1 = ShortVector.zero(WORDS);
            ShortVector s2 = ShortVector.zero(WORDS);
            ShortVector s3 = ShortVector.zero(WORDS);
            for (int i = 0; i < 4; i++) {
                ShortVector v = ShortVector.fromMemorySegment(WORDS, values, block + (long) i * LINE, LITTLE_ENDIAN);
                ShortVector w;
                w = v.and(nibble);
                s0 = s0.add(w.mul(IntVector.broadcast(INTS, a[c0 + 4 * i + 0]).reinterpretAsShorts()));
                s1 = s1.add(w.mul(IntVector.broadcast(INTS, a[c1 + 4 * i + 0]).reinterpretAsShorts()));
                s2 = s2.add(w.mul(IntVector.broadcast(INTS, a[c2 + 4 * i + 0]).reinterpretAsShorts()));
                s3 = s3.add(w.mul(IntVector.broadcast(INTS, a[c3 + 4 * i + 0]).reinterpretAsShorts()));
                w = v.lanewise(LSHR, (short) 4).and(nibble);
                s0 = s0.add(w.mul(IntVector.broadcast(INTS, a[c0 + 4 * i + 1]).reinterpretAsShorts()));
                s1 = s1.add(w.mul(IntVector.broadcast(INTS, a[c1 + 4 * i + 1]).reinterpretAsShorts()));
                s2 = s2.add(w.mul(IntVector.broadcast(INTS, a[c2 + 4 * i + 1]).reinterpretAsShorts()));
                s3 = s3.add(w.mul(IntVector.broadcast(INTS, a[c3 + 4 * i + 1]).reinterpretAsShorts()));
                w = v.lanewise(LSHR, (short) 8).and(nibble);
                s0 = s0.add(w.mul(IntVector.broadcast(INTS, a[c0 + 4 * i + 2]).reinterpretAsShorts()));
                s1 = s1.add(w.mul(IntVector.broadcast(INTS, a[c1 + 4 * i + 2]).reinterpretAsShorts()));
                s2 = s2.add(w.mul(IntVector.broadcast(INTS, a[c2 + 4 * i + 2]).reinterpretAsShorts()));
                s3 = s3.add(w.mul(IntVector.broadcast(INTS, a[c3 + 4 * i + 2]).reinterpretAsShorts()));
                w = v.lanewise(LSHR, (short) 12);
                s0 = s0.add(w.mul(IntVector.broadcast(INTS, a[c0 + 4 * i + 3]).reinterpretAsShorts()));
                s1 = s1.add(w.mul(IntVector.broadcast(INTS, a[c1 + 4 * i + 3]).reinterpretAsShorts()));
                s2 = s2.add(w.mul(IntVector.broadcast(INTS, a[c2 + 4 * i + 3]).reinterpretAsShorts()));
                s3 = s3.add(w.mul(IntVector.broadcast(INTS, a[c3 + 4 * i + 3]).reinterpretAsShorts()));
            }
            s0.reinterpretAsInts().intoArray(scratch, 4 * b * LANES);
            s1.reinterpretAsInts().intoArray(scratch, (4 * b + 1) * LANES);
            s2.reinterpretAsInts().intoArray(scratch, (4 * b + 2) * LANES);
            s3.reinterpretAsInts().intoArray(scratch, (4 * b + 3) * LANES);
        }
    }
}
