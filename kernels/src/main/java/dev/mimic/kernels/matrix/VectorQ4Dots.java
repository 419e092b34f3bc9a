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

    private static final short NIBBLE = 15;

    private VectorQ4Dots() {}

    /**
     * One unit with one row of x.
     *
     * @param v0 the first int of the unit's first block, in bytes
     * @param t0 its first scale, in bytes
     * @param row of the activations
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
            float[] sums) {
        int[] a = x.pairs();
        float[] xScales = x.scales();
        int[] offsets = x.offsets();
        int first = row * blocks;
        FloatVector.zero(SPECIES).intoArray(sums, 0); // a sum kept in a vector from block to block may get boxed there
        for (int b = 0; b < blocks; b++) {
            int c = (first + b) * PAIRS;
            long block = (long) b * BLOCK;
            long scale = (long) b * SCALES;
            ShortVector s0 = ShortVector.zero(WORDS);
            for (int i = 0; i < 4; i++) {
                ShortVector a0 = IntVector.broadcast(INTS, a[c + 4 * i + 0]).reinterpretAsShorts();
                ShortVector a1 = IntVector.broadcast(INTS, a[c + 4 * i + 1]).reinterpretAsShorts();
                ShortVector a2 = IntVector.broadcast(INTS, a[c + 4 * i + 2]).reinterpretAsShorts();
                ShortVector a3 = IntVector.broadcast(INTS, a[c + 4 * i + 3]).reinterpretAsShorts();
                ShortVector v;
                v = ShortVector.fromMemorySegment(WORDS, values, v0 + block + (long) i * LINE, LITTLE_ENDIAN);
                s0 = s0.add(v.and(NIBBLE).mul(a0));
                s0 = s0.add(v.lanewise(LSHR, 4).and(NIBBLE).mul(a1));
                s0 = s0.add(v.lanewise(LSHR, 8).and(NIBBLE).mul(a2));
                s0 = s0.add(v.lanewise(LSHR, 12).mul(a3));
            }
            IntVector offset = IntVector.broadcast(INTS, offsets[first + b]);
            FloatVector xScale = FloatVector.broadcast(SPECIES, xScales[first + b]);
            IntVector both;
            both = s0.reinterpretAsInts();
            ((FloatVector) both.lanewise(LSHL, 16)
                            .lanewise(ASHR, 16)
                            .add(both.lanewise(ASHR, 16))
                            .add(offset)
                            .convert(I2F, 0))
                    .fma(
                            ShortVector.fromMemorySegment(SHORTS, scales, t0 + scale, LITTLE_ENDIAN)
                                    .convertShape(ZERO_EXTEND_S2I, INTS, 0)
                                    .lanewise(LSHL, 16)
                                    .reinterpretAsFloats()
                                    .mul(xScale),
                            FloatVector.fromArray(SPECIES, sums, 0))
                    .intoArray(sums, 0);
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
            float[] sums) {
        int[] a = x.pairs();
        float[] xScales = x.scales();
        int[] offsets = x.offsets();
        int first = row * blocks;
        FloatVector y0 = FloatVector.zero(SPECIES);
        FloatVector y1 = FloatVector.zero(SPECIES);
        FloatVector y2 = FloatVector.zero(SPECIES);
        FloatVector y3 = FloatVector.zero(SPECIES);
        for (int b = 0; b < blocks; b++) {
            int c = (first + b) * PAIRS;
            long block = (long) b * BLOCK;
            long scale = (long) b * SCALES;
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
                s0 = s0.add(v.and(NIBBLE).mul(a0));
                s0 = s0.add(v.lanewise(LSHR, 4).and(NIBBLE).mul(a1));
                s0 = s0.add(v.lanewise(LSHR, 8).and(NIBBLE).mul(a2));
                s0 = s0.add(v.lanewise(LSHR, 12).mul(a3));
                v = ShortVector.fromMemorySegment(WORDS, values, v1 + block + (long) i * LINE, LITTLE_ENDIAN);
                s1 = s1.add(v.and(NIBBLE).mul(a0));
                s1 = s1.add(v.lanewise(LSHR, 4).and(NIBBLE).mul(a1));
                s1 = s1.add(v.lanewise(LSHR, 8).and(NIBBLE).mul(a2));
                s1 = s1.add(v.lanewise(LSHR, 12).mul(a3));
                v = ShortVector.fromMemorySegment(WORDS, values, v2 + block + (long) i * LINE, LITTLE_ENDIAN);
                s2 = s2.add(v.and(NIBBLE).mul(a0));
                s2 = s2.add(v.lanewise(LSHR, 4).and(NIBBLE).mul(a1));
                s2 = s2.add(v.lanewise(LSHR, 8).and(NIBBLE).mul(a2));
                s2 = s2.add(v.lanewise(LSHR, 12).mul(a3));
                v = ShortVector.fromMemorySegment(WORDS, values, v3 + block + (long) i * LINE, LITTLE_ENDIAN);
                s3 = s3.add(v.and(NIBBLE).mul(a0));
                s3 = s3.add(v.lanewise(LSHR, 4).and(NIBBLE).mul(a1));
                s3 = s3.add(v.lanewise(LSHR, 8).and(NIBBLE).mul(a2));
                s3 = s3.add(v.lanewise(LSHR, 12).mul(a3));
            }
            IntVector offset = IntVector.broadcast(INTS, offsets[first + b]);
            FloatVector xScale = FloatVector.broadcast(SPECIES, xScales[first + b]);
            IntVector both;
            both = s0.reinterpretAsInts();
            y0 = ((FloatVector) both.lanewise(LSHL, 16)
                            .lanewise(ASHR, 16)
                            .add(both.lanewise(ASHR, 16))
                            .add(offset)
                            .convert(I2F, 0))
                    .fma(
                            ShortVector.fromMemorySegment(SHORTS, scales, t0 + scale, LITTLE_ENDIAN)
                                    .convertShape(ZERO_EXTEND_S2I, INTS, 0)
                                    .lanewise(LSHL, 16)
                                    .reinterpretAsFloats()
                                    .mul(xScale),
                            y0);
            both = s1.reinterpretAsInts();
            y1 = ((FloatVector) both.lanewise(LSHL, 16)
                            .lanewise(ASHR, 16)
                            .add(both.lanewise(ASHR, 16))
                            .add(offset)
                            .convert(I2F, 0))
                    .fma(
                            ShortVector.fromMemorySegment(SHORTS, scales, t1 + scale, LITTLE_ENDIAN)
                                    .convertShape(ZERO_EXTEND_S2I, INTS, 0)
                                    .lanewise(LSHL, 16)
                                    .reinterpretAsFloats()
                                    .mul(xScale),
                            y1);
            both = s2.reinterpretAsInts();
            y2 = ((FloatVector) both.lanewise(LSHL, 16)
                            .lanewise(ASHR, 16)
                            .add(both.lanewise(ASHR, 16))
                            .add(offset)
                            .convert(I2F, 0))
                    .fma(
                            ShortVector.fromMemorySegment(SHORTS, scales, t2 + scale, LITTLE_ENDIAN)
                                    .convertShape(ZERO_EXTEND_S2I, INTS, 0)
                                    .lanewise(LSHL, 16)
                                    .reinterpretAsFloats()
                                    .mul(xScale),
                            y2);
            both = s3.reinterpretAsInts();
            y3 = ((FloatVector) both.lanewise(LSHL, 16)
                            .lanewise(ASHR, 16)
                            .add(both.lanewise(ASHR, 16))
                            .add(offset)
                            .convert(I2F, 0))
                    .fma(
                            ShortVector.fromMemorySegment(SHORTS, scales, t3 + scale, LITTLE_ENDIAN)
                                    .convertShape(ZERO_EXTEND_S2I, INTS, 0)
                                    .lanewise(LSHL, 16)
                                    .reinterpretAsFloats()
                                    .mul(xScale),
                            y3);
        }
        y0.intoArray(sums, 0);
        y1.intoArray(sums, LANES);
        y2.intoArray(sums, 2 * LANES);
        y3.intoArray(sums, 3 * LANES);
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
            float[] sums) {
        int[] a = x.pairs();
        float[] xScales = x.scales();
        int[] offsets = x.offsets();
        int x0 = row * blocks;
        int x1 = x0 + blocks;
        int x2 = x0 + 2 * blocks;
        int x3 = x0 + 3 * blocks;
        FloatVector y0 = FloatVector.zero(SPECIES);
        FloatVector y1 = FloatVector.zero(SPECIES);
        FloatVector y2 = FloatVector.zero(SPECIES);
        FloatVector y3 = FloatVector.zero(SPECIES);
        for (int b = 0; b < blocks; b++) {
            long block = v0 + (long) b * BLOCK;
            int c0 = (x0 + b) * PAIRS;
            int c1 = (x1 + b) * PAIRS;
            int c2 = (x2 + b) * PAIRS;
            int c3 = (x3 + b) * PAIRS;
            ShortVector s0 = ShortVector.zero(WORDS);
            ShortVector s1 = ShortVector.zero(WORDS);
            ShortVector s2 = ShortVector.zero(WORDS);
            ShortVector s3 = ShortVector.zero(WORDS);
            for (int i = 0; i < 4; i++) {
                ShortVector v = ShortVector.fromMemorySegment(WORDS, values, block + (long) i * LINE, LITTLE_ENDIAN);
                ShortVector w;
                w = v.and(NIBBLE);
                s0 = s0.add(w.mul(IntVector.broadcast(INTS, a[c0 + 4 * i + 0]).reinterpretAsShorts()));
                s1 = s1.add(w.mul(IntVector.broadcast(INTS, a[c1 + 4 * i + 0]).reinterpretAsShorts()));
                s2 = s2.add(w.mul(IntVector.broadcast(INTS, a[c2 + 4 * i + 0]).reinterpretAsShorts()));
                s3 = s3.add(w.mul(IntVector.broadcast(INTS, a[c3 + 4 * i + 0]).reinterpretAsShorts()));
                w = v.lanewise(LSHR, 4).and(NIBBLE);
                s0 = s0.add(w.mul(IntVector.broadcast(INTS, a[c0 + 4 * i + 1]).reinterpretAsShorts()));
                s1 = s1.add(w.mul(IntVector.broadcast(INTS, a[c1 + 4 * i + 1]).reinterpretAsShorts()));
                s2 = s2.add(w.mul(IntVector.broadcast(INTS, a[c2 + 4 * i + 1]).reinterpretAsShorts()));
                s3 = s3.add(w.mul(IntVector.broadcast(INTS, a[c3 + 4 * i + 1]).reinterpretAsShorts()));
                w = v.lanewise(LSHR, 8).and(NIBBLE);
                s0 = s0.add(w.mul(IntVector.broadcast(INTS, a[c0 + 4 * i + 2]).reinterpretAsShorts()));
                s1 = s1.add(w.mul(IntVector.broadcast(INTS, a[c1 + 4 * i + 2]).reinterpretAsShorts()));
                s2 = s2.add(w.mul(IntVector.broadcast(INTS, a[c2 + 4 * i + 2]).reinterpretAsShorts()));
                s3 = s3.add(w.mul(IntVector.broadcast(INTS, a[c3 + 4 * i + 2]).reinterpretAsShorts()));
                w = v.lanewise(LSHR, 12);
                s0 = s0.add(w.mul(IntVector.broadcast(INTS, a[c0 + 4 * i + 3]).reinterpretAsShorts()));
                s1 = s1.add(w.mul(IntVector.broadcast(INTS, a[c1 + 4 * i + 3]).reinterpretAsShorts()));
                s2 = s2.add(w.mul(IntVector.broadcast(INTS, a[c2 + 4 * i + 3]).reinterpretAsShorts()));
                s3 = s3.add(w.mul(IntVector.broadcast(INTS, a[c3 + 4 * i + 3]).reinterpretAsShorts()));
            }
            FloatVector scale = ShortVector.fromMemorySegment(SHORTS, scales, t0 + (long) b * SCALES, LITTLE_ENDIAN)
                    .convertShape(ZERO_EXTEND_S2I, INTS, 0)
                    .lanewise(LSHL, 16)
                    .reinterpretAsFloats();
            IntVector both;
            both = s0.reinterpretAsInts();
            y0 = ((FloatVector) both.lanewise(LSHL, 16)
                            .lanewise(ASHR, 16)
                            .add(both.lanewise(ASHR, 16))
                            .add(IntVector.broadcast(INTS, offsets[x0 + b]))
                            .convert(I2F, 0))
                    .fma(scale.mul(FloatVector.broadcast(SPECIES, xScales[x0 + b])), y0);
            both = s1.reinterpretAsInts();
            y1 = ((FloatVector) both.lanewise(LSHL, 16)
                            .lanewise(ASHR, 16)
                            .add(both.lanewise(ASHR, 16))
                            .add(IntVector.broadcast(INTS, offsets[x1 + b]))
                            .convert(I2F, 0))
                    .fma(scale.mul(FloatVector.broadcast(SPECIES, xScales[x1 + b])), y1);
            both = s2.reinterpretAsInts();
            y2 = ((FloatVector) both.lanewise(LSHL, 16)
                            .lanewise(ASHR, 16)
                            .add(both.lanewise(ASHR, 16))
                            .add(IntVector.broadcast(INTS, offsets[x2 + b]))
                            .convert(I2F, 0))
                    .fma(scale.mul(FloatVector.broadcast(SPECIES, xScales[x2 + b])), y2);
            both = s3.reinterpretAsInts();
            y3 = ((FloatVector) both.lanewise(LSHL, 16)
                            .lanewise(ASHR, 16)
                            .add(both.lanewise(ASHR, 16))
                            .add(IntVector.broadcast(INTS, offsets[x3 + b]))
                            .convert(I2F, 0))
                    .fma(scale.mul(FloatVector.broadcast(SPECIES, xScales[x3 + b])), y3);
        }
        y0.intoArray(sums, 0);
        y1.intoArray(sums, LANES);
        y2.intoArray(sums, 2 * LANES);
        y3.intoArray(sums, 3 * LANES);
    }
}
