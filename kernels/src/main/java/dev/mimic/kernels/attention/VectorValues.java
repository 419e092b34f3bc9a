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
 * Sums of a head's values by the weights of the positions: {@code sums[to + j] += Σ_p weights[weight + p] · values[p, j]}
 * for the positions {@code [first, last)}; rows of values and sums are a multiple of PANEL wide. Of four heads at once, the
 * weights CHUNK apart and the sums a row, each has one sum an element in flight; a head alone has four. Written out as in
 * {@link VectorScores}.
 */
final class VectorValues {
    private static final int LANES = SPECIES.length();
    private static final long BYTES = SPECIES.vectorByteSize();
    private static final int HIGH = 0xFFFF0000;

    /** As many bytes as a vector has lanes; of four lanes eight, of which the first four count. */
    private static final VectorSpecies<Byte> NARROW =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, LANES * 8)));

    private VectorValues() {}

    static void f32Four(
            MemorySegment values,
            long base,
            int width,
            int first,
            int last,
            float[] weights,
            int weight,
            float[] sums,
            int to) {
        long row = 4L * width;
        for (int j = 0; j < width; j += 2 * LANES) {
            FloatVector a0 = FloatVector.fromArray(SPECIES, sums, to + j);
            FloatVector a1 = FloatVector.fromArray(SPECIES, sums, to + j + LANES);
            FloatVector b0 = FloatVector.fromArray(SPECIES, sums, to + width + j);
            FloatVector b1 = FloatVector.fromArray(SPECIES, sums, to + width + j + LANES);
            FloatVector c0 = FloatVector.fromArray(SPECIES, sums, to + 2 * width + j);
            FloatVector c1 = FloatVector.fromArray(SPECIES, sums, to + 2 * width + j + LANES);
            FloatVector d0 = FloatVector.fromArray(SPECIES, sums, to + 3 * width + j);
            FloatVector d1 = FloatVector.fromArray(SPECIES, sums, to + 3 * width + j + LANES);
            long from = base + 4L * j;
            for (int p = first; p < last; p++) {
                long at = from + p * row;
                FloatVector v0 = FloatVector.fromMemorySegment(SPECIES, values, at, LITTLE_ENDIAN);
                FloatVector v1 = FloatVector.fromMemorySegment(SPECIES, values, at + BYTES, LITTLE_ENDIAN);
                FloatVector x0 = FloatVector.broadcast(SPECIES, weights[weight + p]);
                a0 = v0.fma(x0, a0);
                a1 = v1.fma(x0, a1);
                FloatVector x1 = FloatVector.broadcast(SPECIES, weights[weight + CHUNK + p]);
                b0 = v0.fma(x1, b0);
                b1 = v1.fma(x1, b1);
                FloatVector x2 = FloatVector.broadcast(SPECIES, weights[weight + 2 * CHUNK + p]);
                c0 = v0.fma(x2, c0);
                c1 = v1.fma(x2, c1);
                FloatVector x3 = FloatVector.broadcast(SPECIES, weights[weight + 3 * CHUNK + p]);
                d0 = v0.fma(x3, d0);
                d1 = v1.fma(x3, d1);
            }
            a0.intoArray(sums, to + j);
            a1.intoArray(sums, to + j + LANES);
            b0.intoArray(sums, to + width + j);
            b1.intoArray(sums, to + width + j + LANES);
            c0.intoArray(sums, to + 2 * width + j);
            c1.intoArray(sums, to + 2 * width + j + LANES);
            d0.intoArray(sums, to + 3 * width + j);
            d1.intoArray(sums, to + 3 * width + j + LANES);
        }
    }

    static void f32One(
            MemorySegment values,
            long base,
            int width,
            int first,
            int last,
            float[] weights,
            int weight,
            float[] sums,
            int to) {
        long row = 4L * width;
        for (int j = 0; j < width; j += 2 * LANES) {
            FloatVector a0 = FloatVector.fromArray(SPECIES, sums, to + j);
            FloatVector a1 = FloatVector.fromArray(SPECIES, sums, to + j + LANES);
            FloatVector b0 = FloatVector.zero(SPECIES);
            FloatVector b1 = FloatVector.zero(SPECIES);
            FloatVector c0 = FloatVector.zero(SPECIES);
            FloatVector c1 = FloatVector.zero(SPECIES);
            FloatVector d0 = FloatVector.zero(SPECIES);
            FloatVector d1 = FloatVector.zero(SPECIES);
            long from = base + 4L * j;
            int p = first;
            for (; p <= last - 4; p += 4) {
                long at = from + p * row;
                FloatVector av0 = FloatVector.fromMemorySegment(SPECIES, values, at, LITTLE_ENDIAN);
                FloatVector av1 = FloatVector.fromMemorySegment(SPECIES, values, at + BYTES, LITTLE_ENDIAN);
                FloatVector x0 = FloatVector.broadcast(SPECIES, weights[weight + p]);
                a0 = av0.fma(x0, a0);
                a1 = av1.fma(x0, a1);
                FloatVector bv0 = FloatVector.fromMemorySegment(SPECIES, values, at + row, LITTLE_ENDIAN);
                FloatVector bv1 = FloatVector.fromMemorySegment(SPECIES, values, at + row + BYTES, LITTLE_ENDIAN);
                FloatVector x1 = FloatVector.broadcast(SPECIES, weights[weight + p + 1]);
                b0 = bv0.fma(x1, b0);
                b1 = bv1.fma(x1, b1);
                FloatVector cv0 = FloatVector.fromMemorySegment(SPECIES, values, at + 2 * row, LITTLE_ENDIAN);
                FloatVector cv1 = FloatVector.fromMemorySegment(SPECIES, values, at + 2 * row + BYTES, LITTLE_ENDIAN);
                FloatVector x2 = FloatVector.broadcast(SPECIES, weights[weight + p + 2]);
                c0 = cv0.fma(x2, c0);
                c1 = cv1.fma(x2, c1);
                FloatVector dv0 = FloatVector.fromMemorySegment(SPECIES, values, at + 3 * row, LITTLE_ENDIAN);
                FloatVector dv1 = FloatVector.fromMemorySegment(SPECIES, values, at + 3 * row + BYTES, LITTLE_ENDIAN);
                FloatVector x3 = FloatVector.broadcast(SPECIES, weights[weight + p + 3]);
                d0 = dv0.fma(x3, d0);
                d1 = dv1.fma(x3, d1);
            }
            for (; p < last; p++) {
                long at = from + p * row;
                FloatVector v0 = FloatVector.fromMemorySegment(SPECIES, values, at, LITTLE_ENDIAN);
                FloatVector v1 = FloatVector.fromMemorySegment(SPECIES, values, at + BYTES, LITTLE_ENDIAN);
                FloatVector x = FloatVector.broadcast(SPECIES, weights[weight + p]);
                a0 = v0.fma(x, a0);
                a1 = v1.fma(x, a1);
            }
            a0.add(b0).add(c0.add(d0)).intoArray(sums, to + j);
            a1.add(b1).add(c1.add(d1)).intoArray(sums, to + j + LANES);
        }
    }

    static void bf16Four(
            MemorySegment values,
            long base,
            int width,
            int first,
            int last,
            float[] weights,
            int weight,
            float[] sums,
            int to) {
        long row = 2L * width;
        for (int panel = 0; panel < width; panel += PANEL) {
            for (int lane = 0; lane < PANEL / 2; lane += LANES) {
                FloatVector a0 = FloatVector.fromArray(SPECIES, sums, to + panel + lane);
                FloatVector a1 = FloatVector.fromArray(SPECIES, sums, to + panel + lane + PANEL / 2);
                FloatVector b0 = FloatVector.fromArray(SPECIES, sums, to + width + panel + lane);
                FloatVector b1 = FloatVector.fromArray(SPECIES, sums, to + width + panel + lane + PANEL / 2);
                FloatVector c0 = FloatVector.fromArray(SPECIES, sums, to + 2 * width + panel + lane);
                FloatVector c1 = FloatVector.fromArray(SPECIES, sums, to + 2 * width + panel + lane + PANEL / 2);
                FloatVector d0 = FloatVector.fromArray(SPECIES, sums, to + 3 * width + panel + lane);
                FloatVector d1 = FloatVector.fromArray(SPECIES, sums, to + 3 * width + panel + lane + PANEL / 2);
                long from = base + 2L * panel + 4L * lane;
                for (int p = first; p < last; p++) {
                    long at = from + p * row;
                    IntVector pair = IntVector.fromMemorySegment(INTS, values, at, LITTLE_ENDIAN);
                    FloatVector v0 = pair.lanewise(LSHL, 16).reinterpretAsFloats();
                    FloatVector v1 = pair.and(HIGH).reinterpretAsFloats();
                    FloatVector x0 = FloatVector.broadcast(SPECIES, weights[weight + p]);
                    a0 = v0.fma(x0, a0);
                    a1 = v1.fma(x0, a1);
                    FloatVector x1 = FloatVector.broadcast(SPECIES, weights[weight + CHUNK + p]);
                    b0 = v0.fma(x1, b0);
                    b1 = v1.fma(x1, b1);
                    FloatVector x2 = FloatVector.broadcast(SPECIES, weights[weight + 2 * CHUNK + p]);
                    c0 = v0.fma(x2, c0);
                    c1 = v1.fma(x2, c1);
                    FloatVector x3 = FloatVector.broadcast(SPECIES, weights[weight + 3 * CHUNK + p]);
                    d0 = v0.fma(x3, d0);
                    d1 = v1.fma(x3, d1);
                }
                a0.intoArray(sums, to + panel + lane);
                a1.intoArray(sums, to + panel + lane + PANEL / 2);
                b0.intoArray(sums, to + width + panel + lane);
                b1.intoArray(sums, to + width + panel + lane + PANEL / 2);
                c0.intoArray(sums, to + 2 * width + panel + lane);
                c1.intoArray(sums, to + 2 * width + panel + lane + PANEL / 2);
                d0.intoArray(sums, to + 3 * width + panel + lane);
                d1.intoArray(sums, to + 3 * width + panel + lane + PANEL / 2);
            }
        }
    }

    static void bf16One(
            MemorySegment values,
            long base,
            int width,
            int first,
            int last,
            float[] weights,
            int weight,
            float[] sums,
            int to) {
        long row = 2L * width;
        for (int panel = 0; panel < width; panel += PANEL) {
            for (int lane = 0; lane < PANEL / 2; lane += LANES) {
                FloatVector a0 = FloatVector.fromArray(SPECIES, sums, to + panel + lane);
                FloatVector a1 = FloatVector.fromArray(SPECIES, sums, to + panel + lane + PANEL / 2);
                FloatVector b0 = FloatVector.zero(SPECIES);
                FloatVector b1 = FloatVector.zero(SPECIES);
                FloatVector c0 = FloatVector.zero(SPECIES);
                FloatVector c1 = FloatVector.zero(SPECIES);
                FloatVector d0 = FloatVector.zero(SPECIES);
                FloatVector d1 = FloatVector.zero(SPECIES);
                long from = base + 2L * panel + 4L * lane;
                int p = first;
                for (; p <= last - 4; p += 4) {
                    long at = from + p * row;
                    IntVector avPair = IntVector.fromMemorySegment(INTS, values, at, LITTLE_ENDIAN);
                    FloatVector av0 = avPair.lanewise(LSHL, 16).reinterpretAsFloats();
                    FloatVector av1 = avPair.and(HIGH).reinterpretAsFloats();
                    FloatVector x0 = FloatVector.broadcast(SPECIES, weights[weight + p]);
                    a0 = av0.fma(x0, a0);
                    a1 = av1.fma(x0, a1);
                    IntVector bvPair = IntVector.fromMemorySegment(INTS, values, at + row, LITTLE_ENDIAN);
                    FloatVector bv0 = bvPair.lanewise(LSHL, 16).reinterpretAsFloats();
                    FloatVector bv1 = bvPair.and(HIGH).reinterpretAsFloats();
                    FloatVector x1 = FloatVector.broadcast(SPECIES, weights[weight + p + 1]);
                    b0 = bv0.fma(x1, b0);
                    b1 = bv1.fma(x1, b1);
                    IntVector cvPair = IntVector.fromMemorySegment(INTS, values, at + 2 * row, LITTLE_ENDIAN);
                    FloatVector cv0 = cvPair.lanewise(LSHL, 16).reinterpretAsFloats();
                    FloatVector cv1 = cvPair.and(HIGH).reinterpretAsFloats();
                    FloatVector x2 = FloatVector.broadcast(SPECIES, weights[weight + p + 2]);
                    c0 = cv0.fma(x2, c0);
                    c1 = cv1.fma(x2, c1);
                    IntVector dvPair = IntVector.fromMemorySegment(INTS, values, at + 3 * row, LITTLE_ENDIAN);
                    FloatVector dv0 = dvPair.lanewise(LSHL, 16).reinterpretAsFloats();
                    FloatVector dv1 = dvPair.and(HIGH).reinterpretAsFloats();
                    FloatVector x3 = FloatVector.broadcast(SPECIES, weights[weight + p + 3]);
                    d0 = dv0.fma(x3, d0);
                    d1 = dv1.fma(x3, d1);
                }
                for (; p < last; p++) {
                    long at = from + p * row;
                    IntVector pair = IntVector.fromMemorySegment(INTS, values, at, LITTLE_ENDIAN);
                    FloatVector v0 = pair.lanewise(LSHL, 16).reinterpretAsFloats();
                    FloatVector v1 = pair.and(HIGH).reinterpretAsFloats();
                    FloatVector x = FloatVector.broadcast(SPECIES, weights[weight + p]);
                    a0 = v0.fma(x, a0);
                    a1 = v1.fma(x, a1);
                }
                a0.add(b0).add(c0.add(d0)).intoArray(sums, to + panel + lane);
                a1.add(b1).add(c1.add(d1)).intoArray(sums, to + panel + lane + PANEL / 2);
            }
        }
    }

    static void q8Four(
            MemorySegment values,
            long base,
            int width,
            int first,
            int last,
            float[] weights,
            int weight,
            float[] sums,
            int to) {
        long row = width;
        for (int j = 0; j < width; j += 2 * LANES) {
            FloatVector a0 = FloatVector.fromArray(SPECIES, sums, to + j);
            FloatVector a1 = FloatVector.fromArray(SPECIES, sums, to + j + LANES);
            FloatVector b0 = FloatVector.fromArray(SPECIES, sums, to + width + j);
            FloatVector b1 = FloatVector.fromArray(SPECIES, sums, to + width + j + LANES);
            FloatVector c0 = FloatVector.fromArray(SPECIES, sums, to + 2 * width + j);
            FloatVector c1 = FloatVector.fromArray(SPECIES, sums, to + 2 * width + j + LANES);
            FloatVector d0 = FloatVector.fromArray(SPECIES, sums, to + 3 * width + j);
            FloatVector d1 = FloatVector.fromArray(SPECIES, sums, to + 3 * width + j + LANES);
            long from = base + j;
            for (int p = first; p < last; p++) {
                long at = from + p * row;
                FloatVector v0 = (FloatVector) ByteVector.fromMemorySegment(NARROW, values, at, LITTLE_ENDIAN)
                        .convertShape(B2F, SPECIES, 0);
                FloatVector v1 = (FloatVector) ByteVector.fromMemorySegment(NARROW, values, at + LANES, LITTLE_ENDIAN)
                        .convertShape(B2F, SPECIES, 0);
                FloatVector x0 = FloatVector.broadcast(SPECIES, weights[weight + p]);
                a0 = v0.fma(x0, a0);
                a1 = v1.fma(x0, a1);
                FloatVector x1 = FloatVector.broadcast(SPECIES, weights[weight + CHUNK + p]);
                b0 = v0.fma(x1, b0);
                b1 = v1.fma(x1, b1);
                FloatVector x2 = FloatVector.broadcast(SPECIES, weights[weight + 2 * CHUNK + p]);
                c0 = v0.fma(x2, c0);
                c1 = v1.fma(x2, c1);
                FloatVector x3 = FloatVector.broadcast(SPECIES, weights[weight + 3 * CHUNK + p]);
                d0 = v0.fma(x3, d0);
                d1 = v1.fma(x3, d1);
            }
            a0.intoArray(sums, to + j);
            a1.intoArray(sums, to + j + LANES);
            b0.intoArray(sums, to + width + j);
            b1.intoArray(sums, to + width + j + LANES);
            c0.intoArray(sums, to + 2 * width + j);
            c1.intoArray(sums, to + 2 * width + j + LANES);
            d0.intoArray(sums, to + 3 * width + j);
            d1.intoArray(sums, to + 3 * width + j + LANES);
        }
    }

    static void q8One(
            MemorySegment values,
            long base,
            int width,
            int first,
            int last,
            float[] weights,
            int weight,
            float[] sums,
            int to) {
        long row = width;
        for (int j = 0; j < width; j += 2 * LANES) {
            FloatVector a0 = FloatVector.fromArray(SPECIES, sums, to + j);
            FloatVector a1 = FloatVector.fromArray(SPECIES, sums, to + j + LANES);
            FloatVector b0 = FloatVector.zero(SPECIES);
            FloatVector b1 = FloatVector.zero(SPECIES);
            FloatVector c0 = FloatVector.zero(SPECIES);
            FloatVector c1 = FloatVector.zero(SPECIES);
            FloatVector d0 = FloatVector.zero(SPECIES);
            FloatVector d1 = FloatVector.zero(SPECIES);
            long from = base + j;
            int p = first;
            for (; p <= last - 4; p += 4) {
                long at = from + p * row;
                FloatVector av0 = (FloatVector) ByteVector.fromMemorySegment(NARROW, values, at, LITTLE_ENDIAN)
                        .convertShape(B2F, SPECIES, 0);
                FloatVector av1 = (FloatVector) ByteVector.fromMemorySegment(NARROW, values, at + LANES, LITTLE_ENDIAN)
                        .convertShape(B2F, SPECIES, 0);
                FloatVector x0 = FloatVector.broadcast(SPECIES, weights[weight + p]);
                a0 = av0.fma(x0, a0);
                a1 = av1.fma(x0, a1);
                FloatVector bv0 = (FloatVector) ByteVector.fromMemorySegment(NARROW, values, at + row, LITTLE_ENDIAN)
                        .convertShape(B2F, SPECIES, 0);
                FloatVector bv1 =
                        (FloatVector) ByteVector.fromMemorySegment(NARROW, values, at + row + LANES, LITTLE_ENDIAN)
                                .convertShape(B2F, SPECIES, 0);
                FloatVector x1 = FloatVector.broadcast(SPECIES, weights[weight + p + 1]);
                b0 = bv0.fma(x1, b0);
                b1 = bv1.fma(x1, b1);
                FloatVector cv0 =
                        (FloatVector) ByteVector.fromMemorySegment(NARROW, values, at + 2 * row, LITTLE_ENDIAN)
                                .convertShape(B2F, SPECIES, 0);
                FloatVector cv1 =
                        (FloatVector) ByteVector.fromMemorySegment(NARROW, values, at + 2 * row + LANES, LITTLE_ENDIAN)
                                .convertShape(B2F, SPECIES, 0);
                FloatVector x2 = FloatVector.broadcast(SPECIES, weights[weight + p + 2]);
                c0 = cv0.fma(x2, c0);
                c1 = cv1.fma(x2, c1);
                FloatVector dv0 =
                        (FloatVector) ByteVector.fromMemorySegment(NARROW, values, at + 3 * row, LITTLE_ENDIAN)
                                .convertShape(B2F, SPECIES, 0);
                FloatVector dv1 =
                        (FloatVector) ByteVector.fromMemorySegment(NARROW, values, at + 3 * row + LANES, LITTLE_ENDIAN)
                                .convertShape(B2F, SPECIES, 0);
                FloatVector x3 = FloatVector.broadcast(SPECIES, weights[weight + p + 3]);
                d0 = dv0.fma(x3, d0);
                d1 = dv1.fma(x3, d1);
            }
            for (; p < last; p++) {
                long at = from + p * row;
                FloatVector v0 = (FloatVector) ByteVector.fromMemorySegment(NARROW, values, at, LITTLE_ENDIAN)
                        .convertShape(B2F, SPECIES, 0);
                FloatVector v1 = (FloatVector) ByteVector.fromMemorySegment(NARROW, values, at + LANES, LITTLE_ENDIAN)
                        .convertShape(B2F, SPECIES, 0);
                FloatVector x = FloatVector.broadcast(SPECIES, weights[weight + p]);
                a0 = v0.fma(x, a0);
                a1 = v1.fma(x, a1);
            }
            a0.add(b0).add(c0.add(d0)).intoArray(sums, to + j);
            a1.add(b1).add(c1.add(d1)).intoArray(sums, to + j + LANES);
        }
    }
}
