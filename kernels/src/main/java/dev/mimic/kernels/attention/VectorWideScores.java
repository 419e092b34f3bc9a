package dev.mimic.kernels.attention;

import static dev.mimic.kernels.VectorWidth.INTS;
import static dev.mimic.kernels.VectorWidth.SPECIES;
import static dev.mimic.kernels.attention.KeyValues.PANEL;
import static dev.mimic.kernels.attention.VectorHeads.CHUNK;
import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.VectorOperators.LSHL;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * {@link VectorScores} for vectors of 512 bits, whose registers hold sixteen sums: two panels of keys at once, each a stream
 * from memory of its own, because with one stream arithmetic adds to the time of reading instead of hiding behind it.
 * Every sum adds up in the order it has there, so the bits are the same.
 */
final class VectorWideScores {
    private static final int LANES = SPECIES.length();

    /** Whether vectors are that wide. */
    static final boolean FIT = LANES == 16;

    private static final long BYTES = SPECIES.vectorByteSize();
    private static final int HIGH = 0xFFFF0000;

    private VectorWideScores() {}

    /**
     * The elements {@code [begin, end)} of four queries, [headSize, 4], and of keys. A few of one pair of panels after a few of
     * another make a stream of each panel of a chunk.
     *
     * @param panel first byte of one panel, whose scores are at {@code to}
     * @param other first byte of the other one, whose scores are {@code apart} behind
     * @param scores accumulated into
     */
    static void f32Four(
            MemorySegment keys,
            long panel,
            long other,
            int begin,
            int end,
            float[] q,
            int query,
            float[] scores,
            int to,
            int apart) {
        FloatVector a0 = FloatVector.fromArray(SPECIES, scores, to);
        FloatVector a1 = FloatVector.fromArray(SPECIES, scores, to + LANES);
        FloatVector a2 = FloatVector.fromArray(SPECIES, scores, to + apart);
        FloatVector a3 = FloatVector.fromArray(SPECIES, scores, to + apart + LANES);
        FloatVector b0 = FloatVector.fromArray(SPECIES, scores, to + CHUNK);
        FloatVector b1 = FloatVector.fromArray(SPECIES, scores, to + CHUNK + LANES);
        FloatVector b2 = FloatVector.fromArray(SPECIES, scores, to + CHUNK + apart);
        FloatVector b3 = FloatVector.fromArray(SPECIES, scores, to + CHUNK + apart + LANES);
        FloatVector c0 = FloatVector.fromArray(SPECIES, scores, to + 2 * CHUNK);
        FloatVector c1 = FloatVector.fromArray(SPECIES, scores, to + 2 * CHUNK + LANES);
        FloatVector c2 = FloatVector.fromArray(SPECIES, scores, to + 2 * CHUNK + apart);
        FloatVector c3 = FloatVector.fromArray(SPECIES, scores, to + 2 * CHUNK + apart + LANES);
        FloatVector d0 = FloatVector.fromArray(SPECIES, scores, to + 3 * CHUNK);
        FloatVector d1 = FloatVector.fromArray(SPECIES, scores, to + 3 * CHUNK + LANES);
        FloatVector d2 = FloatVector.fromArray(SPECIES, scores, to + 3 * CHUNK + apart);
        FloatVector d3 = FloatVector.fromArray(SPECIES, scores, to + 3 * CHUNK + apart + LANES);
        int x = query + 4 * begin;
        for (int j = begin; j < end; j++) {
            long at = j * (4L * PANEL);
            FloatVector k0 = FloatVector.fromMemorySegment(SPECIES, keys, panel + at, LITTLE_ENDIAN);
            FloatVector k1 = FloatVector.fromMemorySegment(SPECIES, keys, panel + at + BYTES, LITTLE_ENDIAN);
            FloatVector k2 = FloatVector.fromMemorySegment(SPECIES, keys, other + at, LITTLE_ENDIAN);
            FloatVector k3 = FloatVector.fromMemorySegment(SPECIES, keys, other + at + BYTES, LITTLE_ENDIAN);
            FloatVector q0 = FloatVector.broadcast(SPECIES, q[x]);
            a0 = k0.fma(q0, a0);
            a1 = k1.fma(q0, a1);
            a2 = k2.fma(q0, a2);
            a3 = k3.fma(q0, a3);
            FloatVector q1 = FloatVector.broadcast(SPECIES, q[x + 1]);
            b0 = k0.fma(q1, b0);
            b1 = k1.fma(q1, b1);
            b2 = k2.fma(q1, b2);
            b3 = k3.fma(q1, b3);
            FloatVector q2 = FloatVector.broadcast(SPECIES, q[x + 2]);
            c0 = k0.fma(q2, c0);
            c1 = k1.fma(q2, c1);
            c2 = k2.fma(q2, c2);
            c3 = k3.fma(q2, c3);
            FloatVector q3 = FloatVector.broadcast(SPECIES, q[x + 3]);
            d0 = k0.fma(q3, d0);
            d1 = k1.fma(q3, d1);
            d2 = k2.fma(q3, d2);
            d3 = k3.fma(q3, d3);
            x += 4;
        }
        a0.intoArray(scores, to);
        a1.intoArray(scores, to + LANES);
        a2.intoArray(scores, to + apart);
        a3.intoArray(scores, to + apart + LANES);
        b0.intoArray(scores, to + CHUNK);
        b1.intoArray(scores, to + CHUNK + LANES);
        b2.intoArray(scores, to + CHUNK + apart);
        b3.intoArray(scores, to + CHUNK + apart + LANES);
        c0.intoArray(scores, to + 2 * CHUNK);
        c1.intoArray(scores, to + 2 * CHUNK + LANES);
        c2.intoArray(scores, to + 2 * CHUNK + apart);
        c3.intoArray(scores, to + 2 * CHUNK + apart + LANES);
        d0.intoArray(scores, to + 3 * CHUNK);
        d1.intoArray(scores, to + 3 * CHUNK + LANES);
        d2.intoArray(scores, to + 3 * CHUNK + apart);
        d3.intoArray(scores, to + 3 * CHUNK + apart + LANES);
    }

    /** All elements of a query alone, [headSize]; else as {@link #f32Four}, but {@code scores} is overwritten. */
    static void f32One(
            MemorySegment keys,
            long panel,
            long other,
            int size,
            float[] q,
            int query,
            float[] scores,
            int to,
            int apart) {
        FloatVector a0 = FloatVector.zero(SPECIES);
        FloatVector a1 = FloatVector.zero(SPECIES);
        FloatVector a2 = FloatVector.zero(SPECIES);
        FloatVector a3 = FloatVector.zero(SPECIES);
        FloatVector b0 = FloatVector.zero(SPECIES);
        FloatVector b1 = FloatVector.zero(SPECIES);
        FloatVector b2 = FloatVector.zero(SPECIES);
        FloatVector b3 = FloatVector.zero(SPECIES);
        FloatVector c0 = FloatVector.zero(SPECIES);
        FloatVector c1 = FloatVector.zero(SPECIES);
        FloatVector c2 = FloatVector.zero(SPECIES);
        FloatVector c3 = FloatVector.zero(SPECIES);
        FloatVector d0 = FloatVector.zero(SPECIES);
        FloatVector d1 = FloatVector.zero(SPECIES);
        FloatVector d2 = FloatVector.zero(SPECIES);
        FloatVector d3 = FloatVector.zero(SPECIES);
        int j = 0;
        for (; j <= size - 4; j += 4) {
            long at0 = j * (4L * PANEL);
            FloatVector ak0 = FloatVector.fromMemorySegment(SPECIES, keys, panel + at0, LITTLE_ENDIAN);
            FloatVector ak1 = FloatVector.fromMemorySegment(SPECIES, keys, panel + at0 + BYTES, LITTLE_ENDIAN);
            FloatVector ak2 = FloatVector.fromMemorySegment(SPECIES, keys, other + at0, LITTLE_ENDIAN);
            FloatVector ak3 = FloatVector.fromMemorySegment(SPECIES, keys, other + at0 + BYTES, LITTLE_ENDIAN);
            FloatVector x0 = FloatVector.broadcast(SPECIES, q[query + j]);
            a0 = ak0.fma(x0, a0);
            a1 = ak1.fma(x0, a1);
            a2 = ak2.fma(x0, a2);
            a3 = ak3.fma(x0, a3);
            long at1 = (j + 1) * (4L * PANEL);
            FloatVector bk0 = FloatVector.fromMemorySegment(SPECIES, keys, panel + at1, LITTLE_ENDIAN);
            FloatVector bk1 = FloatVector.fromMemorySegment(SPECIES, keys, panel + at1 + BYTES, LITTLE_ENDIAN);
            FloatVector bk2 = FloatVector.fromMemorySegment(SPECIES, keys, other + at1, LITTLE_ENDIAN);
            FloatVector bk3 = FloatVector.fromMemorySegment(SPECIES, keys, other + at1 + BYTES, LITTLE_ENDIAN);
            FloatVector x1 = FloatVector.broadcast(SPECIES, q[query + j + 1]);
            b0 = bk0.fma(x1, b0);
            b1 = bk1.fma(x1, b1);
            b2 = bk2.fma(x1, b2);
            b3 = bk3.fma(x1, b3);
            long at2 = (j + 2) * (4L * PANEL);
            FloatVector ck0 = FloatVector.fromMemorySegment(SPECIES, keys, panel + at2, LITTLE_ENDIAN);
            FloatVector ck1 = FloatVector.fromMemorySegment(SPECIES, keys, panel + at2 + BYTES, LITTLE_ENDIAN);
            FloatVector ck2 = FloatVector.fromMemorySegment(SPECIES, keys, other + at2, LITTLE_ENDIAN);
            FloatVector ck3 = FloatVector.fromMemorySegment(SPECIES, keys, other + at2 + BYTES, LITTLE_ENDIAN);
            FloatVector x2 = FloatVector.broadcast(SPECIES, q[query + j + 2]);
            c0 = ck0.fma(x2, c0);
            c1 = ck1.fma(x2, c1);
            c2 = ck2.fma(x2, c2);
            c3 = ck3.fma(x2, c3);
            long at3 = (j + 3) * (4L * PANEL);
            FloatVector dk0 = FloatVector.fromMemorySegment(SPECIES, keys, panel + at3, LITTLE_ENDIAN);
            FloatVector dk1 = FloatVector.fromMemorySegment(SPECIES, keys, panel + at3 + BYTES, LITTLE_ENDIAN);
            FloatVector dk2 = FloatVector.fromMemorySegment(SPECIES, keys, other + at3, LITTLE_ENDIAN);
            FloatVector dk3 = FloatVector.fromMemorySegment(SPECIES, keys, other + at3 + BYTES, LITTLE_ENDIAN);
            FloatVector x3 = FloatVector.broadcast(SPECIES, q[query + j + 3]);
            d0 = dk0.fma(x3, d0);
            d1 = dk1.fma(x3, d1);
            d2 = dk2.fma(x3, d2);
            d3 = dk3.fma(x3, d3);
        }
        for (; j < size; j++) {
            long at = j * (4L * PANEL);
            FloatVector k0 = FloatVector.fromMemorySegment(SPECIES, keys, panel + at, LITTLE_ENDIAN);
            FloatVector k1 = FloatVector.fromMemorySegment(SPECIES, keys, panel + at + BYTES, LITTLE_ENDIAN);
            FloatVector k2 = FloatVector.fromMemorySegment(SPECIES, keys, other + at, LITTLE_ENDIAN);
            FloatVector k3 = FloatVector.fromMemorySegment(SPECIES, keys, other + at + BYTES, LITTLE_ENDIAN);
            FloatVector x = FloatVector.broadcast(SPECIES, q[query + j]);
            a0 = k0.fma(x, a0);
            a1 = k1.fma(x, a1);
            a2 = k2.fma(x, a2);
            a3 = k3.fma(x, a3);
        }
        a0.add(b0).add(c0.add(d0)).intoArray(scores, to);
        a1.add(b1).add(c1.add(d1)).intoArray(scores, to + LANES);
        a2.add(b2).add(c2.add(d2)).intoArray(scores, to + apart);
        a3.add(b3).add(c3.add(d3)).intoArray(scores, to + apart + LANES);
    }

    /** BF16; as {@link #f32Four}. */
    static void bf16Four(
            MemorySegment keys,
            long panel,
            long other,
            int begin,
            int end,
            float[] q,
            int query,
            float[] scores,
            int to,
            int apart) {
        FloatVector a0 = FloatVector.fromArray(SPECIES, scores, to);
        FloatVector a1 = FloatVector.fromArray(SPECIES, scores, to + LANES);
        FloatVector a2 = FloatVector.fromArray(SPECIES, scores, to + apart);
        FloatVector a3 = FloatVector.fromArray(SPECIES, scores, to + apart + LANES);
        FloatVector b0 = FloatVector.fromArray(SPECIES, scores, to + CHUNK);
        FloatVector b1 = FloatVector.fromArray(SPECIES, scores, to + CHUNK + LANES);
        FloatVector b2 = FloatVector.fromArray(SPECIES, scores, to + CHUNK + apart);
        FloatVector b3 = FloatVector.fromArray(SPECIES, scores, to + CHUNK + apart + LANES);
        FloatVector c0 = FloatVector.fromArray(SPECIES, scores, to + 2 * CHUNK);
        FloatVector c1 = FloatVector.fromArray(SPECIES, scores, to + 2 * CHUNK + LANES);
        FloatVector c2 = FloatVector.fromArray(SPECIES, scores, to + 2 * CHUNK + apart);
        FloatVector c3 = FloatVector.fromArray(SPECIES, scores, to + 2 * CHUNK + apart + LANES);
        FloatVector d0 = FloatVector.fromArray(SPECIES, scores, to + 3 * CHUNK);
        FloatVector d1 = FloatVector.fromArray(SPECIES, scores, to + 3 * CHUNK + LANES);
        FloatVector d2 = FloatVector.fromArray(SPECIES, scores, to + 3 * CHUNK + apart);
        FloatVector d3 = FloatVector.fromArray(SPECIES, scores, to + 3 * CHUNK + apart + LANES);
        int x = query + 4 * begin;
        for (int j = begin; j < end; j++) {
            long at = j * (2L * PANEL);
            IntVector k0And1 = IntVector.fromMemorySegment(INTS, keys, panel + at, LITTLE_ENDIAN);
            FloatVector k0 = k0And1.lanewise(LSHL, 16).reinterpretAsFloats();
            FloatVector k1 = k0And1.and(HIGH).reinterpretAsFloats();
            IntVector k2And3 = IntVector.fromMemorySegment(INTS, keys, other + at, LITTLE_ENDIAN);
            FloatVector k2 = k2And3.lanewise(LSHL, 16).reinterpretAsFloats();
            FloatVector k3 = k2And3.and(HIGH).reinterpretAsFloats();
            FloatVector q0 = FloatVector.broadcast(SPECIES, q[x]);
            a0 = k0.fma(q0, a0);
            a1 = k1.fma(q0, a1);
            a2 = k2.fma(q0, a2);
            a3 = k3.fma(q0, a3);
            FloatVector q1 = FloatVector.broadcast(SPECIES, q[x + 1]);
            b0 = k0.fma(q1, b0);
            b1 = k1.fma(q1, b1);
            b2 = k2.fma(q1, b2);
            b3 = k3.fma(q1, b3);
            FloatVector q2 = FloatVector.broadcast(SPECIES, q[x + 2]);
            c0 = k0.fma(q2, c0);
            c1 = k1.fma(q2, c1);
            c2 = k2.fma(q2, c2);
            c3 = k3.fma(q2, c3);
            FloatVector q3 = FloatVector.broadcast(SPECIES, q[x + 3]);
            d0 = k0.fma(q3, d0);
            d1 = k1.fma(q3, d1);
            d2 = k2.fma(q3, d2);
            d3 = k3.fma(q3, d3);
            x += 4;
        }
        a0.intoArray(scores, to);
        a1.intoArray(scores, to + LANES);
        a2.intoArray(scores, to + apart);
        a3.intoArray(scores, to + apart + LANES);
        b0.intoArray(scores, to + CHUNK);
        b1.intoArray(scores, to + CHUNK + LANES);
        b2.intoArray(scores, to + CHUNK + apart);
        b3.intoArray(scores, to + CHUNK + apart + LANES);
        c0.intoArray(scores, to + 2 * CHUNK);
        c1.intoArray(scores, to + 2 * CHUNK + LANES);
        c2.intoArray(scores, to + 2 * CHUNK + apart);
        c3.intoArray(scores, to + 2 * CHUNK + apart + LANES);
        d0.intoArray(scores, to + 3 * CHUNK);
        d1.intoArray(scores, to + 3 * CHUNK + LANES);
        d2.intoArray(scores, to + 3 * CHUNK + apart);
        d3.intoArray(scores, to + 3 * CHUNK + apart + LANES);
    }

    /** BF16; as {@link #f32One}. */
    static void bf16One(
            MemorySegment keys,
            long panel,
            long other,
            int size,
            float[] q,
            int query,
            float[] scores,
            int to,
            int apart) {
        FloatVector a0 = FloatVector.zero(SPECIES);
        FloatVector a1 = FloatVector.zero(SPECIES);
        FloatVector a2 = FloatVector.zero(SPECIES);
        FloatVector a3 = FloatVector.zero(SPECIES);
        FloatVector b0 = FloatVector.zero(SPECIES);
        FloatVector b1 = FloatVector.zero(SPECIES);
        FloatVector b2 = FloatVector.zero(SPECIES);
        FloatVector b3 = FloatVector.zero(SPECIES);
        FloatVector c0 = FloatVector.zero(SPECIES);
        FloatVector c1 = FloatVector.zero(SPECIES);
        FloatVector c2 = FloatVector.zero(SPECIES);
        FloatVector c3 = FloatVector.zero(SPECIES);
        FloatVector d0 = FloatVector.zero(SPECIES);
        FloatVector d1 = FloatVector.zero(SPECIES);
        FloatVector d2 = FloatVector.zero(SPECIES);
        FloatVector d3 = FloatVector.zero(SPECIES);
        int j = 0;
        for (; j <= size - 4; j += 4) {
            long at0 = j * (2L * PANEL);
            IntVector akOne = IntVector.fromMemorySegment(INTS, keys, panel + at0, LITTLE_ENDIAN);
            FloatVector ak0 = akOne.lanewise(LSHL, 16).reinterpretAsFloats();
            FloatVector ak1 = akOne.and(HIGH).reinterpretAsFloats();
            IntVector akOther = IntVector.fromMemorySegment(INTS, keys, other + at0, LITTLE_ENDIAN);
            FloatVector ak2 = akOther.lanewise(LSHL, 16).reinterpretAsFloats();
            FloatVector ak3 = akOther.and(HIGH).reinterpretAsFloats();
            FloatVector x0 = FloatVector.broadcast(SPECIES, q[query + j]);
            a0 = ak0.fma(x0, a0);
            a1 = ak1.fma(x0, a1);
            a2 = ak2.fma(x0, a2);
            a3 = ak3.fma(x0, a3);
            long at1 = (j + 1) * (2L * PANEL);
            IntVector bkOne = IntVector.fromMemorySegment(INTS, keys, panel + at1, LITTLE_ENDIAN);
            FloatVector bk0 = bkOne.lanewise(LSHL, 16).reinterpretAsFloats();
            FloatVector bk1 = bkOne.and(HIGH).reinterpretAsFloats();
            IntVector bkOther = IntVector.fromMemorySegment(INTS, keys, other + at1, LITTLE_ENDIAN);
            FloatVector bk2 = bkOther.lanewise(LSHL, 16).reinterpretAsFloats();
            FloatVector bk3 = bkOther.and(HIGH).reinterpretAsFloats();
            FloatVector x1 = FloatVector.broadcast(SPECIES, q[query + j + 1]);
            b0 = bk0.fma(x1, b0);
            b1 = bk1.fma(x1, b1);
            b2 = bk2.fma(x1, b2);
            b3 = bk3.fma(x1, b3);
            long at2 = (j + 2) * (2L * PANEL);
            IntVector ckOne = IntVector.fromMemorySegment(INTS, keys, panel + at2, LITTLE_ENDIAN);
            FloatVector ck0 = ckOne.lanewise(LSHL, 16).reinterpretAsFloats();
            FloatVector ck1 = ckOne.and(HIGH).reinterpretAsFloats();
            IntVector ckOther = IntVector.fromMemorySegment(INTS, keys, other + at2, LITTLE_ENDIAN);
            FloatVector ck2 = ckOther.lanewise(LSHL, 16).reinterpretAsFloats();
            FloatVector ck3 = ckOther.and(HIGH).reinterpretAsFloats();
            FloatVector x2 = FloatVector.broadcast(SPECIES, q[query + j + 2]);
            c0 = ck0.fma(x2, c0);
            c1 = ck1.fma(x2, c1);
            c2 = ck2.fma(x2, c2);
            c3 = ck3.fma(x2, c3);
            long at3 = (j + 3) * (2L * PANEL);
            IntVector dkOne = IntVector.fromMemorySegment(INTS, keys, panel + at3, LITTLE_ENDIAN);
            FloatVector dk0 = dkOne.lanewise(LSHL, 16).reinterpretAsFloats();
            FloatVector dk1 = dkOne.and(HIGH).reinterpretAsFloats();
            IntVector dkOther = IntVector.fromMemorySegment(INTS, keys, other + at3, LITTLE_ENDIAN);
            FloatVector dk2 = dkOther.lanewise(LSHL, 16).reinterpretAsFloats();
            FloatVector dk3 = dkOther.and(HIGH).reinterpretAsFloats();
            FloatVector x3 = FloatVector.broadcast(SPECIES, q[query + j + 3]);
            d0 = dk0.fma(x3, d0);
            d1 = dk1.fma(x3, d1);
            d2 = dk2.fma(x3, d2);
            d3 = dk3.fma(x3, d3);
        }
        for (; j < size; j++) {
            long at = j * (2L * PANEL);
            IntVector k0And1 = IntVector.fromMemorySegment(INTS, keys, panel + at, LITTLE_ENDIAN);
            FloatVector k0 = k0And1.lanewise(LSHL, 16).reinterpretAsFloats();
            FloatVector k1 = k0And1.and(HIGH).reinterpretAsFloats();
            IntVector k2And3 = IntVector.fromMemorySegment(INTS, keys, other + at, LITTLE_ENDIAN);
            FloatVector k2 = k2And3.lanewise(LSHL, 16).reinterpretAsFloats();
            FloatVector k3 = k2And3.and(HIGH).reinterpretAsFloats();
            FloatVector x = FloatVector.broadcast(SPECIES, q[query + j]);
            a0 = k0.fma(x, a0);
            a1 = k1.fma(x, a1);
            a2 = k2.fma(x, a2);
            a3 = k3.fma(x, a3);
        }
        a0.add(b0).add(c0.add(d0)).intoArray(scores, to);
        a1.add(b1).add(c1.add(d1)).intoArray(scores, to + LANES);
        a2.add(b2).add(c2.add(d2)).intoArray(scores, to + apart);
        a3.add(b3).add(c3.add(d3)).intoArray(scores, to + apart + LANES);
    }
}
