package dev.mimic.kernels.attention;

import static dev.mimic.kernels.VectorWidth.INTS;
import static dev.mimic.kernels.VectorWidth.SPECIES;
import static dev.mimic.kernels.attention.VectorHeads.CHUNK;
import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.VectorOperators.LSHL;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * {@link VectorValues} of four heads for vectors of 512 bits, whose registers hold sixteen sums: {@link #WIDTH} elements at
 * once of several parts of the positions, each a stream from memory of its own (see {@link VectorWideScores}). The order
 * depends on the range of positions alone.
 */
final class VectorWideValues {
    private static final int LANES = SPECIES.length();

    /** Elements of a value at once. */
    static final int WIDTH = 64;

    /** Parts of the positions that are read side by side; of a chunk of BF16 with 64 elements each is a page of 4 KiB. */
    static final int F32_STREAMS = 8;

    static final int BF16_STREAMS = 16;

    private static final long BYTES = SPECIES.vectorByteSize();
    private static final int HIGH = 0xFFFF0000;

    private VectorWideValues() {}

    /** Parts of the positions that are read side by side. */
    static int streams(KeyValueType type) {
        return type == KeyValueType.F32 ? F32_STREAMS : BF16_STREAMS;
    }

    /**
     * Four heads, their weights CHUNK apart: position i of the first of {@link #F32_STREAMS} parts, of the second, and so on; what
     * equal parts leave comes last.
     *
     * @param j first element
     * @param first first position; likewise {@code last}, one past the last
     * @param sums written from {@code to + j} on, the heads a width apart
     */
    static void f32Four(
            MemorySegment values,
            long base,
            int width,
            int j,
            int first,
            int last,
            float[] weights,
            int weight,
            float[] sums,
            int to) {
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
        long row = 4L * width;
        long from = base + 4L * j + first * row;
        int part = (last - first) / F32_STREAMS;
        for (int i = 0; i < part; i++) {
            long at = from + i * row;
            int x = weight + first + i;
            for (int stream = 0; stream < F32_STREAMS; stream++) {
                FloatVector v0 = FloatVector.fromMemorySegment(SPECIES, values, at, LITTLE_ENDIAN);
                FloatVector v1 = FloatVector.fromMemorySegment(SPECIES, values, at + BYTES, LITTLE_ENDIAN);
                FloatVector v2 = FloatVector.fromMemorySegment(SPECIES, values, at + 2 * BYTES, LITTLE_ENDIAN);
                FloatVector v3 = FloatVector.fromMemorySegment(SPECIES, values, at + 3 * BYTES, LITTLE_ENDIAN);
                FloatVector x0 = FloatVector.broadcast(SPECIES, weights[x]);
                a0 = v0.fma(x0, a0);
                a1 = v1.fma(x0, a1);
                a2 = v2.fma(x0, a2);
                a3 = v3.fma(x0, a3);
                FloatVector x1 = FloatVector.broadcast(SPECIES, weights[x + CHUNK]);
                b0 = v0.fma(x1, b0);
                b1 = v1.fma(x1, b1);
                b2 = v2.fma(x1, b2);
                b3 = v3.fma(x1, b3);
                FloatVector x2 = FloatVector.broadcast(SPECIES, weights[x + 2 * CHUNK]);
                c0 = v0.fma(x2, c0);
                c1 = v1.fma(x2, c1);
                c2 = v2.fma(x2, c2);
                c3 = v3.fma(x2, c3);
                FloatVector x3 = FloatVector.broadcast(SPECIES, weights[x + 3 * CHUNK]);
                d0 = v0.fma(x3, d0);
                d1 = v1.fma(x3, d1);
                d2 = v2.fma(x3, d2);
                d3 = v3.fma(x3, d3);
                at += part * row;
                x += part;
            }
        }
        for (int p = F32_STREAMS * part; p < last - first; p++) {
            long at = from + p * row;
            int x = weight + first + p;
            FloatVector v0 = FloatVector.fromMemorySegment(SPECIES, values, at, LITTLE_ENDIAN);
            FloatVector v1 = FloatVector.fromMemorySegment(SPECIES, values, at + BYTES, LITTLE_ENDIAN);
            FloatVector v2 = FloatVector.fromMemorySegment(SPECIES, values, at + 2 * BYTES, LITTLE_ENDIAN);
            FloatVector v3 = FloatVector.fromMemorySegment(SPECIES, values, at + 3 * BYTES, LITTLE_ENDIAN);
            FloatVector x0 = FloatVector.broadcast(SPECIES, weights[x]);
            a0 = v0.fma(x0, a0);
            a1 = v1.fma(x0, a1);
            a2 = v2.fma(x0, a2);
            a3 = v3.fma(x0, a3);
            FloatVector x1 = FloatVector.broadcast(SPECIES, weights[x + CHUNK]);
            b0 = v0.fma(x1, b0);
            b1 = v1.fma(x1, b1);
            b2 = v2.fma(x1, b2);
            b3 = v3.fma(x1, b3);
            FloatVector x2 = FloatVector.broadcast(SPECIES, weights[x + 2 * CHUNK]);
            c0 = v0.fma(x2, c0);
            c1 = v1.fma(x2, c1);
            c2 = v2.fma(x2, c2);
            c3 = v3.fma(x2, c3);
            FloatVector x3 = FloatVector.broadcast(SPECIES, weights[x + 3 * CHUNK]);
            d0 = v0.fma(x3, d0);
            d1 = v1.fma(x3, d1);
            d2 = v2.fma(x3, d2);
            d3 = v3.fma(x3, d3);
        }
        a0.intoArray(sums, to + j);
        a1.intoArray(sums, to + j + LANES);
        a2.intoArray(sums, to + j + 2 * LANES);
        a3.intoArray(sums, to + j + 3 * LANES);
        b0.intoArray(sums, to + width + j);
        b1.intoArray(sums, to + width + j + LANES);
        b2.intoArray(sums, to + width + j + 2 * LANES);
        b3.intoArray(sums, to + width + j + 3 * LANES);
        c0.intoArray(sums, to + 2 * width + j);
        c1.intoArray(sums, to + 2 * width + j + LANES);
        c2.intoArray(sums, to + 2 * width + j + 2 * LANES);
        c3.intoArray(sums, to + 2 * width + j + 3 * LANES);
        d0.intoArray(sums, to + 3 * width + j);
        d1.intoArray(sums, to + 3 * width + j + LANES);
        d2.intoArray(sums, to + 3 * width + j + 2 * LANES);
        d3.intoArray(sums, to + 3 * width + j + 3 * LANES);
    }

    /** BF16; as {@link #f32Four}, in {@link #BF16_STREAMS} parts. */
    static void bf16Four(
            MemorySegment values,
            long base,
            int width,
            int j,
            int first,
            int last,
            float[] weights,
            int weight,
            float[] sums,
            int to) {
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
        long row = 2L * width;
        long from = base + 2L * j + first * row;
        int part = (last - first) / BF16_STREAMS;
        for (int i = 0; i < part; i++) {
            long at = from + i * row;
            int x = weight + first + i;
            for (int stream = 0; stream < BF16_STREAMS; stream++) {
                IntVector v0And1 = IntVector.fromMemorySegment(INTS, values, at, LITTLE_ENDIAN);
                FloatVector v0 = v0And1.lanewise(LSHL, 16).reinterpretAsFloats();
                FloatVector v1 = v0And1.and(HIGH).reinterpretAsFloats();
                IntVector v2And3 = IntVector.fromMemorySegment(INTS, values, at + BYTES, LITTLE_ENDIAN);
                FloatVector v2 = v2And3.lanewise(LSHL, 16).reinterpretAsFloats();
                FloatVector v3 = v2And3.and(HIGH).reinterpretAsFloats();
                FloatVector x0 = FloatVector.broadcast(SPECIES, weights[x]);
                a0 = v0.fma(x0, a0);
                a1 = v1.fma(x0, a1);
                a2 = v2.fma(x0, a2);
                a3 = v3.fma(x0, a3);
                FloatVector x1 = FloatVector.broadcast(SPECIES, weights[x + CHUNK]);
                b0 = v0.fma(x1, b0);
                b1 = v1.fma(x1, b1);
                b2 = v2.fma(x1, b2);
                b3 = v3.fma(x1, b3);
                FloatVector x2 = FloatVector.broadcast(SPECIES, weights[x + 2 * CHUNK]);
                c0 = v0.fma(x2, c0);
                c1 = v1.fma(x2, c1);
                c2 = v2.fma(x2, c2);
                c3 = v3.fma(x2, c3);
                FloatVector x3 = FloatVector.broadcast(SPECIES, weights[x + 3 * CHUNK]);
                d0 = v0.fma(x3, d0);
                d1 = v1.fma(x3, d1);
                d2 = v2.fma(x3, d2);
                d3 = v3.fma(x3, d3);
                at += part * row;
                x += part;
            }
        }
        for (int p = BF16_STREAMS * part; p < last - first; p++) {
            long at = from + p * row;
            int x = weight + first + p;
            IntVector v0And1 = IntVector.fromMemorySegment(INTS, values, at, LITTLE_ENDIAN);
            FloatVector v0 = v0And1.lanewise(LSHL, 16).reinterpretAsFloats();
            FloatVector v1 = v0And1.and(HIGH).reinterpretAsFloats();
            IntVector v2And3 = IntVector.fromMemorySegment(INTS, values, at + BYTES, LITTLE_ENDIAN);
            FloatVector v2 = v2And3.lanewise(LSHL, 16).reinterpretAsFloats();
            FloatVector v3 = v2And3.and(HIGH).reinterpretAsFloats();
            FloatVector x0 = FloatVector.broadcast(SPECIES, weights[x]);
            a0 = v0.fma(x0, a0);
            a1 = v1.fma(x0, a1);
            a2 = v2.fma(x0, a2);
            a3 = v3.fma(x0, a3);
            FloatVector x1 = FloatVector.broadcast(SPECIES, weights[x + CHUNK]);
            b0 = v0.fma(x1, b0);
            b1 = v1.fma(x1, b1);
            b2 = v2.fma(x1, b2);
            b3 = v3.fma(x1, b3);
            FloatVector x2 = FloatVector.broadcast(SPECIES, weights[x + 2 * CHUNK]);
            c0 = v0.fma(x2, c0);
            c1 = v1.fma(x2, c1);
            c2 = v2.fma(x2, c2);
            c3 = v3.fma(x2, c3);
            FloatVector x3 = FloatVector.broadcast(SPECIES, weights[x + 3 * CHUNK]);
            d0 = v0.fma(x3, d0);
            d1 = v1.fma(x3, d1);
            d2 = v2.fma(x3, d2);
            d3 = v3.fma(x3, d3);
        }
        a0.intoArray(sums, to + j);
        a1.intoArray(sums, to + j + LANES);
        a2.intoArray(sums, to + j + 2 * LANES);
        a3.intoArray(sums, to + j + 3 * LANES);
        b0.intoArray(sums, to + width + j);
        b1.intoArray(sums, to + width + j + LANES);
        b2.intoArray(sums, to + width + j + 2 * LANES);
        b3.intoArray(sums, to + width + j + 3 * LANES);
        c0.intoArray(sums, to + 2 * width + j);
        c1.intoArray(sums, to + 2 * width + j + LANES);
        c2.intoArray(sums, to + 2 * width + j + 2 * LANES);
        c3.intoArray(sums, to + 2 * width + j + 3 * LANES);
        d0.intoArray(sums, to + 3 * width + j);
        d1.intoArray(sums, to + 3 * width + j + LANES);
        d2.intoArray(sums, to + 3 * width + j + 2 * LANES);
        d3.intoArray(sums, to + 3 * width + j + 3 * LANES);
    }
}
