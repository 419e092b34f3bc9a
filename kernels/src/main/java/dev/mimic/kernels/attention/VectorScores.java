package dev.mimic.kernels.attention;

import static dev.mimic.kernels.VectorWidth.INTS;
import static dev.mimic.kernels.VectorWidth.SPECIES;
import static dev.mimic.kernels.attention.KeyValues.PANEL;
import static dev.mimic.kernels.attention.VectorHeads.CHUNK;
import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.VectorOperators.B2F;
import static jdk.incubator.vector.VectorOperators.LSHL;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * Products of queries with a panel of keys: {@code scores[to + p] = Σ_j q[j] · keys[j, p]} for the PANEL positions of it.
 * Of four queries at once, [headSize, 4], each has one sum a position, and its scores lie CHUNK behind those of the one
 * before; a query alone, [headSize], has four sums, which are added up in the end. All written out: a vector that passes a
 * call of ours is boxed where C2 refuses to inline it.
 */
final class VectorScores {
    private static final int LANES = SPECIES.length();
    private static final long BYTES = SPECIES.vectorByteSize();
    private static final int HIGH = 0xFFFF0000;

    /** As many bytes as a vector has lanes; of four lanes eight, of which the first four count. */
    private static final VectorSpecies<Byte> NARROW =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, LANES * 8)));

    private VectorScores() {}

    static void f32Four(MemorySegment keys, long panel, int size, float[] q, int query, float[] scores, int to) {
        for (int lane = 0; lane < PANEL; lane += 2 * LANES) {
            FloatVector a0 = FloatVector.zero(SPECIES);
            FloatVector a1 = FloatVector.zero(SPECIES);
            FloatVector b0 = FloatVector.zero(SPECIES);
            FloatVector b1 = FloatVector.zero(SPECIES);
            FloatVector c0 = FloatVector.zero(SPECIES);
            FloatVector c1 = FloatVector.zero(SPECIES);
            FloatVector d0 = FloatVector.zero(SPECIES);
            FloatVector d1 = FloatVector.zero(SPECIES);
            long at = panel + 4L * lane;
            int x = query;
            for (int j = 0; j < size; j++) {
                FloatVector k0 = FloatVector.fromMemorySegment(SPECIES, keys, at, LITTLE_ENDIAN);
                FloatVector k1 = FloatVector.fromMemorySegment(SPECIES, keys, at + BYTES, LITTLE_ENDIAN);
                FloatVector q0 = FloatVector.broadcast(SPECIES, q[x]);
                a0 = k0.fma(q0, a0);
                a1 = k1.fma(q0, a1);
                FloatVector q1 = FloatVector.broadcast(SPECIES, q[x + 1]);
                b0 = k0.fma(q1, b0);
                b1 = k1.fma(q1, b1);
                FloatVector q2 = FloatVector.broadcast(SPECIES, q[x + 2]);
                c0 = k0.fma(q2, c0);
                c1 = k1.fma(q2, c1);
                FloatVector q3 = FloatVector.broadcast(SPECIES, q[x + 3]);
                d0 = k0.fma(q3, d0);
                d1 = k1.fma(q3, d1);
                at += 4L * PANEL;
                x += 4;
            }
            a0.intoArray(scores, to + lane);
            a1.intoArray(scores, to + lane + LANES);
            b0.intoArray(scores, to + CHUNK + lane);
            b1.intoArray(scores, to + CHUNK + lane + LANES);
            c0.intoArray(scores, to + 2 * CHUNK + lane);
            c1.intoArray(scores, to + 2 * CHUNK + lane + LANES);
            d0.intoArray(scores, to + 3 * CHUNK + lane);
            d1.intoArray(scores, to + 3 * CHUNK + lane + LANES);
        }
    }

    static void f32One(MemorySegment keys, long panel, int size, float[] q, int query, float[] scores, int to) {
        for (int lane = 0; lane < PANEL; lane += 2 * LANES) {
            FloatVector a0 = FloatVector.zero(SPECIES);
            FloatVector a1 = FloatVector.zero(SPECIES);
            FloatVector b0 = FloatVector.zero(SPECIES);
            FloatVector b1 = FloatVector.zero(SPECIES);
            FloatVector c0 = FloatVector.zero(SPECIES);
            FloatVector c1 = FloatVector.zero(SPECIES);
            FloatVector d0 = FloatVector.zero(SPECIES);
            FloatVector d1 = FloatVector.zero(SPECIES);
            long from = panel + 4L * lane;
            int j = 0;
            for (; j <= size - 4; j += 4) {
                long at = from + j * (4L * PANEL);
                FloatVector ak0 = FloatVector.fromMemorySegment(SPECIES, keys, at, LITTLE_ENDIAN);
                FloatVector ak1 = FloatVector.fromMemorySegment(SPECIES, keys, at + BYTES, LITTLE_ENDIAN);
                FloatVector x0 = FloatVector.broadcast(SPECIES, q[query + j]);
                a0 = ak0.fma(x0, a0);
                a1 = ak1.fma(x0, a1);
                FloatVector bk0 = FloatVector.fromMemorySegment(SPECIES, keys, at + 1 * (4L * PANEL), LITTLE_ENDIAN);
                FloatVector bk1 =
                        FloatVector.fromMemorySegment(SPECIES, keys, at + 1 * (4L * PANEL) + BYTES, LITTLE_ENDIAN);
                FloatVector x1 = FloatVector.broadcast(SPECIES, q[query + j + 1]);
                b0 = bk0.fma(x1, b0);
                b1 = bk1.fma(x1, b1);
                FloatVector ck0 = FloatVector.fromMemorySegment(SPECIES, keys, at + 2 * (4L * PANEL), LITTLE_ENDIAN);
                FloatVector ck1 =
                        FloatVector.fromMemorySegment(SPECIES, keys, at + 2 * (4L * PANEL) + BYTES, LITTLE_ENDIAN);
                FloatVector x2 = FloatVector.broadcast(SPECIES, q[query + j + 2]);
                c0 = ck0.fma(x2, c0);
                c1 = ck1.fma(x2, c1);
                FloatVector dk0 = FloatVector.fromMemorySegment(SPECIES, keys, at + 3 * (4L * PANEL), LITTLE_ENDIAN);
                FloatVector dk1 =
                        FloatVector.fromMemorySegment(SPECIES, keys, at + 3 * (4L * PANEL) + BYTES, LITTLE_ENDIAN);
                FloatVector x3 = FloatVector.broadcast(SPECIES, q[query + j + 3]);
                d0 = dk0.fma(x3, d0);
                d1 = dk1.fma(x3, d1);
            }
            for (; j < size; j++) {
                long at = from + j * (4L * PANEL);
                FloatVector k0 = FloatVector.fromMemorySegment(SPECIES, keys, at, LITTLE_ENDIAN);
                FloatVector k1 = FloatVector.fromMemorySegment(SPECIES, keys, at + BYTES, LITTLE_ENDIAN);
                FloatVector x = FloatVector.broadcast(SPECIES, q[query + j]);
                a0 = k0.fma(x, a0);
                a1 = k1.fma(x, a1);
            }
            a0.add(b0).add(c0.add(d0)).intoArray(scores, to + lane);
            a1.add(b1).add(c1.add(d1)).intoArray(scores, to + lane + LANES);
        }
    }

    static void bf16Four(MemorySegment keys, long panel, int size, float[] q, int query, float[] scores, int to) {
        for (int lane = 0; lane < PANEL / 2; lane += LANES) {
            FloatVector a0 = FloatVector.zero(SPECIES);
            FloatVector a1 = FloatVector.zero(SPECIES);
            FloatVector b0 = FloatVector.zero(SPECIES);
            FloatVector b1 = FloatVector.zero(SPECIES);
            FloatVector c0 = FloatVector.zero(SPECIES);
            FloatVector c1 = FloatVector.zero(SPECIES);
            FloatVector d0 = FloatVector.zero(SPECIES);
            FloatVector d1 = FloatVector.zero(SPECIES);
            long at = panel + 4L * lane;
            int x = query;
            for (int j = 0; j < size; j++) {
                IntVector pair = IntVector.fromMemorySegment(INTS, keys, at, LITTLE_ENDIAN);
                FloatVector k0 = pair.lanewise(LSHL, 16).reinterpretAsFloats();
                FloatVector k1 = pair.and(HIGH).reinterpretAsFloats();
                FloatVector q0 = FloatVector.broadcast(SPECIES, q[x]);
                a0 = k0.fma(q0, a0);
                a1 = k1.fma(q0, a1);
                FloatVector q1 = FloatVector.broadcast(SPECIES, q[x + 1]);
                b0 = k0.fma(q1, b0);
                b1 = k1.fma(q1, b1);
                FloatVector q2 = FloatVector.broadcast(SPECIES, q[x + 2]);
                c0 = k0.fma(q2, c0);
                c1 = k1.fma(q2, c1);
                FloatVector q3 = FloatVector.broadcast(SPECIES, q[x + 3]);
                d0 = k0.fma(q3, d0);
                d1 = k1.fma(q3, d1);
                at += 2L * PANEL;
                x += 4;
            }
            a0.intoArray(scores, to + lane);
            a1.intoArray(scores, to + lane + PANEL / 2);
            b0.intoArray(scores, to + CHUNK + lane);
            b1.intoArray(scores, to + CHUNK + lane + PANEL / 2);
            c0.intoArray(scores, to + 2 * CHUNK + lane);
            c1.intoArray(scores, to + 2 * CHUNK + lane + PANEL / 2);
            d0.intoArray(scores, to + 3 * CHUNK + lane);
            d1.intoArray(scores, to + 3 * CHUNK + lane + PANEL / 2);
        }
    }

    static void bf16One(MemorySegment keys, long panel, int size, float[] q, int query, float[] scores, int to) {
        for (int lane = 0; lane < PANEL / 2; lane += LANES) {
            FloatVector a0 = FloatVector.zero(SPECIES);
            FloatVector a1 = FloatVector.zero(SPECIES);
            FloatVector b0 = FloatVector.zero(SPECIES);
            FloatVector b1 = FloatVector.zero(SPECIES);
            FloatVector c0 = FloatVector.zero(SPECIES);
            FloatVector c1 = FloatVector.zero(SPECIES);
            FloatVector d0 = FloatVector.zero(SPECIES);
            FloatVector d1 = FloatVector.zero(SPECIES);
            long from = panel + 4L * lane;
            int j = 0;
            for (; j <= size - 4; j += 4) {
                long at = from + j * (2L * PANEL);
                IntVector akPair = IntVector.fromMemorySegment(INTS, keys, at, LITTLE_ENDIAN);
                FloatVector ak0 = akPair.lanewise(LSHL, 16).reinterpretAsFloats();
                FloatVector ak1 = akPair.and(HIGH).reinterpretAsFloats();
                FloatVector x0 = FloatVector.broadcast(SPECIES, q[query + j]);
                a0 = ak0.fma(x0, a0);
                a1 = ak1.fma(x0, a1);
                IntVector bkPair = IntVector.fromMemorySegment(INTS, keys, at + 1 * (2L * PANEL), LITTLE_ENDIAN);
                FloatVector bk0 = bkPair.lanewise(LSHL, 16).reinterpretAsFloats();
                FloatVector bk1 = bkPair.and(HIGH).reinterpretAsFloats();
                FloatVector x1 = FloatVector.broadcast(SPECIES, q[query + j + 1]);
                b0 = bk0.fma(x1, b0);
                b1 = bk1.fma(x1, b1);
                IntVector ckPair = IntVector.fromMemorySegment(INTS, keys, at + 2 * (2L * PANEL), LITTLE_ENDIAN);
                FloatVector ck0 = ckPair.lanewise(LSHL, 16).reinterpretAsFloats();
                FloatVector ck1 = ckPair.and(HIGH).reinterpretAsFloats();
                FloatVector x2 = FloatVector.broadcast(SPECIES, q[query + j + 2]);
                c0 = ck0.fma(x2, c0);
                c1 = ck1.fma(x2, c1);
                IntVector dkPair = IntVector.fromMemorySegment(INTS, keys, at + 3 * (2L * PANEL), LITTLE_ENDIAN);
                FloatVector dk0 = dkPair.lanewise(LSHL, 16).reinterpretAsFloats();
                FloatVector dk1 = dkPair.and(HIGH).reinterpretAsFloats();
                FloatVector x3 = FloatVector.broadcast(SPECIES, q[query + j + 3]);
                d0 = dk0.fma(x3, d0);
                d1 = dk1.fma(x3, d1);
            }
            for (; j < size; j++) {
                long at = from + j * (2L * PANEL);
                IntVector pair = IntVector.fromMemorySegment(INTS, keys, at, LITTLE_ENDIAN);
                FloatVector k0 = pair.lanewise(LSHL, 16).reinterpretAsFloats();
                FloatVector k1 = pair.and(HIGH).reinterpretAsFloats();
                FloatVector x = FloatVector.broadcast(SPECIES, q[query + j]);
                a0 = k0.fma(x, a0);
                a1 = k1.fma(x, a1);
            }
            a0.add(b0).add(c0.add(d0)).intoArray(scores, to + lane);
            a1.add(b1).add(c1.add(d1)).intoArray(scores, to + lane + PANEL / 2);
        }
    }

    static void q8Four(MemorySegment keys, long panel, int size, float[] q, int query, float[] scores, int to) {
        for (int lane = 0; lane < PANEL; lane += 2 * LANES) {
            FloatVector a0 = FloatVector.zero(SPECIES);
            FloatVector a1 = FloatVector.zero(SPECIES);
            FloatVector b0 = FloatVector.zero(SPECIES);
            FloatVector b1 = FloatVector.zero(SPECIES);
            FloatVector c0 = FloatVector.zero(SPECIES);
            FloatVector c1 = FloatVector.zero(SPECIES);
            FloatVector d0 = FloatVector.zero(SPECIES);
            FloatVector d1 = FloatVector.zero(SPECIES);
            long at = panel + lane;
            int x = query;
            for (int j = 0; j < size; j++) {
                FloatVector k0 = (FloatVector) ByteVector.fromMemorySegment(NARROW, keys, at, LITTLE_ENDIAN)
                        .convertShape(B2F, SPECIES, 0);
                FloatVector k1 = (FloatVector) ByteVector.fromMemorySegment(NARROW, keys, at + LANES, LITTLE_ENDIAN)
                        .convertShape(B2F, SPECIES, 0);
                FloatVector q0 = FloatVector.broadcast(SPECIES, q[x]);
                a0 = k0.fma(q0, a0);
                a1 = k1.fma(q0, a1);
                FloatVector q1 = FloatVector.broadcast(SPECIES, q[x + 1]);
                b0 = k0.fma(q1, b0);
                b1 = k1.fma(q1, b1);
                FloatVector q2 = FloatVector.broadcast(SPECIES, q[x + 2]);
                c0 = k0.fma(q2, c0);
                c1 = k1.fma(q2, c1);
                FloatVector q3 = FloatVector.broadcast(SPECIES, q[x + 3]);
                d0 = k0.fma(q3, d0);
                d1 = k1.fma(q3, d1);
                at += (long) PANEL;
                x += 4;
            }
            a0.intoArray(scores, to + lane);
            a1.intoArray(scores, to + lane + LANES);
            b0.intoArray(scores, to + CHUNK + lane);
            b1.intoArray(scores, to + CHUNK + lane + LANES);
            c0.intoArray(scores, to + 2 * CHUNK + lane);
            c1.intoArray(scores, to + 2 * CHUNK + lane + LANES);
            d0.intoArray(scores, to + 3 * CHUNK + lane);
            d1.intoArray(scores, to + 3 * CHUNK + lane + LANES);
        }
    }

    static void q8One(MemorySegment keys, long panel, int size, float[] q, int query, float[] scores, int to) {
        for (int lane = 0; lane < PANEL; lane += 2 * LANES) {
            FloatVector a0 = FloatVector.zero(SPECIES);
            FloatVector a1 = FloatVector.zero(SPECIES);
            FloatVector b0 = FloatVector.zero(SPECIES);
            FloatVector b1 = FloatVector.zero(SPECIES);
            FloatVector c0 = FloatVector.zero(SPECIES);
            FloatVector c1 = FloatVector.zero(SPECIES);
            FloatVector d0 = FloatVector.zero(SPECIES);
            FloatVector d1 = FloatVector.zero(SPECIES);
            long from = panel + lane;
            int j = 0;
            for (; j <= size - 4; j += 4) {
                long at = from + j * ((long) PANEL);
                FloatVector ak0 = (FloatVector) ByteVector.fromMemorySegment(NARROW, keys, at, LITTLE_ENDIAN)
                        .convertShape(B2F, SPECIES, 0);
                FloatVector ak1 = (FloatVector) ByteVector.fromMemorySegment(NARROW, keys, at + LANES, LITTLE_ENDIAN)
                        .convertShape(B2F, SPECIES, 0);
                FloatVector x0 = FloatVector.broadcast(SPECIES, q[query + j]);
                a0 = ak0.fma(x0, a0);
                a1 = ak1.fma(x0, a1);
                FloatVector bk0 =
                        (FloatVector) ByteVector.fromMemorySegment(NARROW, keys, at + 1 * ((long) PANEL), LITTLE_ENDIAN)
                                .convertShape(B2F, SPECIES, 0);
                FloatVector bk1 = (FloatVector)
                        ByteVector.fromMemorySegment(NARROW, keys, at + 1 * ((long) PANEL) + LANES, LITTLE_ENDIAN)
                                .convertShape(B2F, SPECIES, 0);
                FloatVector x1 = FloatVector.broadcast(SPECIES, q[query + j + 1]);
                b0 = bk0.fma(x1, b0);
                b1 = bk1.fma(x1, b1);
                FloatVector ck0 =
                        (FloatVector) ByteVector.fromMemorySegment(NARROW, keys, at + 2 * ((long) PANEL), LITTLE_ENDIAN)
                                .convertShape(B2F, SPECIES, 0);
                FloatVector ck1 = (FloatVector)
                        ByteVector.fromMemorySegment(NARROW, keys, at + 2 * ((long) PANEL) + LANES, LITTLE_ENDIAN)
                                .convertShape(B2F, SPECIES, 0);
                FloatVector x2 = FloatVector.broadcast(SPECIES, q[query + j + 2]);
                c0 = ck0.fma(x2, c0);
                c1 = ck1.fma(x2, c1);
                FloatVector dk0 =
                        (FloatVector) ByteVector.fromMemorySegment(NARROW, keys, at + 3 * ((long) PANEL), LITTLE_ENDIAN)
                                .convertShape(B2F, SPECIES, 0);
                FloatVector dk1 = (FloatVector)
                        ByteVector.fromMemorySegment(NARROW, keys, at + 3 * ((long) PANEL) + LANES, LITTLE_ENDIAN)
                                .convertShape(B2F, SPECIES, 0);
                FloatVector x3 = FloatVector.broadcast(SPECIES, q[query + j + 3]);
                d0 = dk0.fma(x3, d0);
                d1 = dk1.fma(x3, d1);
            }
            for (; j < size; j++) {
                long at = from + j * ((long) PANEL);
                FloatVector k0 = (FloatVector) ByteVector.fromMemorySegment(NARROW, keys, at, LITTLE_ENDIAN)
                        .convertShape(B2F, SPECIES, 0);
                FloatVector k1 = (FloatVector) ByteVector.fromMemorySegment(NARROW, keys, at + LANES, LITTLE_ENDIAN)
                        .convertShape(B2F, SPECIES, 0);
                FloatVector x = FloatVector.broadcast(SPECIES, q[query + j]);
                a0 = k0.fma(x, a0);
                a1 = k1.fma(x, a1);
            }
            a0.add(b0).add(c0.add(d0)).intoArray(scores, to + lane);
            a1.add(b1).add(c1.add(d1)).intoArray(scores, to + lane + LANES);
        }
    }
}
