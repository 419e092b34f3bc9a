package dev.mimic.kernels.attention;

import static dev.mimic.kernels.VectorWidth.INTS;
import static dev.mimic.kernels.VectorWidth.SPECIES;
import static dev.mimic.kernels.attention.VectorWideValues.BF16_STREAMS;
import static dev.mimic.kernels.attention.VectorWideValues.F32_STREAMS;
import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.VectorOperators.LSHL;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/** {@link VectorWideValues} of a head alone: two sums, of the even and the odd parts of the positions. */
final class VectorWideValuesOfOne {
    private static final int LANES = SPECIES.length();
    private static final long BYTES = SPECIES.vectorByteSize();
    private static final int HIGH = 0xFFFF0000;

    private VectorWideValuesOfOne() {}

    /**
     * F32, in {@link VectorWideValues#F32_STREAMS} parts.
     *
     * @param j first of {@link VectorWideValues#WIDTH} elements
     * @param first first position; likewise {@code last}, one past the last
     * @param sums written from {@code to + j} on
     */
    static void f32(
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
        long row = 4L * width;
        long from = base + 4L * j + first * row;
        int part = (last - first) / F32_STREAMS;
        for (int i = 0; i < part; i++) {
            long at = from + i * row;
            int x = weight + first + i;
            for (int stream = 0; stream < F32_STREAMS; stream += 2) {
                FloatVector av0 = FloatVector.fromMemorySegment(SPECIES, values, at, LITTLE_ENDIAN);
                FloatVector av1 = FloatVector.fromMemorySegment(SPECIES, values, at + BYTES, LITTLE_ENDIAN);
                FloatVector av2 = FloatVector.fromMemorySegment(SPECIES, values, at + 2 * BYTES, LITTLE_ENDIAN);
                FloatVector av3 = FloatVector.fromMemorySegment(SPECIES, values, at + 3 * BYTES, LITTLE_ENDIAN);
                FloatVector ax = FloatVector.broadcast(SPECIES, weights[x]);
                a0 = av0.fma(ax, a0);
                a1 = av1.fma(ax, a1);
                a2 = av2.fma(ax, a2);
                a3 = av3.fma(ax, a3);
                at += part * row;
                FloatVector bv0 = FloatVector.fromMemorySegment(SPECIES, values, at, LITTLE_ENDIAN);
                FloatVector bv1 = FloatVector.fromMemorySegment(SPECIES, values, at + BYTES, LITTLE_ENDIAN);
                FloatVector bv2 = FloatVector.fromMemorySegment(SPECIES, values, at + 2 * BYTES, LITTLE_ENDIAN);
                FloatVector bv3 = FloatVector.fromMemorySegment(SPECIES, values, at + 3 * BYTES, LITTLE_ENDIAN);
                FloatVector bx = FloatVector.broadcast(SPECIES, weights[x + part]);
                b0 = bv0.fma(bx, b0);
                b1 = bv1.fma(bx, b1);
                b2 = bv2.fma(bx, b2);
                b3 = bv3.fma(bx, b3);
                at += part * row;
                x += 2 * part;
            }
        }
        for (int p = F32_STREAMS * part; p < last - first; p++) {
            long at = from + p * row;
            FloatVector av0 = FloatVector.fromMemorySegment(SPECIES, values, at, LITTLE_ENDIAN);
            FloatVector av1 = FloatVector.fromMemorySegment(SPECIES, values, at + BYTES, LITTLE_ENDIAN);
            FloatVector av2 = FloatVector.fromMemorySegment(SPECIES, values, at + 2 * BYTES, LITTLE_ENDIAN);
            FloatVector av3 = FloatVector.fromMemorySegment(SPECIES, values, at + 3 * BYTES, LITTLE_ENDIAN);
            FloatVector ax = FloatVector.broadcast(SPECIES, weights[weight + first + p]);
            a0 = av0.fma(ax, a0);
            a1 = av1.fma(ax, a1);
            a2 = av2.fma(ax, a2);
            a3 = av3.fma(ax, a3);
        }
        a0.add(b0).intoArray(sums, to + j);
        a1.add(b1).intoArray(sums, to + j + LANES);
        a2.add(b2).intoArray(sums, to + j + 2 * LANES);
        a3.add(b3).intoArray(sums, to + j + 3 * LANES);
    }

    /** BF16; as {@link #f32}, in {@link VectorWideValues#BF16_STREAMS} parts. */
    static void bf16(
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
        long row = 2L * width;
        long from = base + 2L * j + first * row;
        int part = (last - first) / BF16_STREAMS;
        for (int i = 0; i < part; i++) {
            long at = from + i * row;
            int x = weight + first + i;
            for (int stream = 0; stream < BF16_STREAMS; stream += 2) {
                IntVector av0And1 = IntVector.fromMemorySegment(INTS, values, at, LITTLE_ENDIAN);
                FloatVector av0 = av0And1.lanewise(LSHL, 16).reinterpretAsFloats();
                FloatVector av1 = av0And1.and(HIGH).reinterpretAsFloats();
                IntVector av2And3 = IntVector.fromMemorySegment(INTS, values, at + BYTES, LITTLE_ENDIAN);
                FloatVector av2 = av2And3.lanewise(LSHL, 16).reinterpretAsFloats();
                FloatVector av3 = av2And3.and(HIGH).reinterpretAsFloats();
                FloatVector ax = FloatVector.broadcast(SPECIES, weights[x]);
                a0 = av0.fma(ax, a0);
                a1 = av1.fma(ax, a1);
                a2 = av2.fma(ax, a2);
                a3 = av3.fma(ax, a3);
                at += part * row;
                IntVector bv0And1 = IntVector.fromMemorySegment(INTS, values, at, LITTLE_ENDIAN);
                FloatVector bv0 = bv0And1.lanewise(LSHL, 16).reinterpretAsFloats();
                FloatVector bv1 = bv0And1.and(HIGH).reinterpretAsFloats();
                IntVector bv2And3 = IntVector.fromMemorySegment(INTS, values, at + BYTES, LITTLE_ENDIAN);
                FloatVector bv2 = bv2And3.lanewise(LSHL, 16).reinterpretAsFloats();
                FloatVector bv3 = bv2And3.and(HIGH).reinterpretAsFloats();
                FloatVector bx = FloatVector.broadcast(SPECIES, weights[x + part]);
                b0 = bv0.fma(bx, b0);
                b1 = bv1.fma(bx, b1);
                b2 = bv2.fma(bx, b2);
                b3 = bv3.fma(bx, b3);
                at += part * row;
                x += 2 * part;
            }
        }
        for (int p = BF16_STREAMS * part; p < last - first; p++) {
            long at = from + p * row;
            IntVector av0And1 = IntVector.fromMemorySegment(INTS, values, at, LITTLE_ENDIAN);
            FloatVector av0 = av0And1.lanewise(LSHL, 16).reinterpretAsFloats();
            FloatVector av1 = av0And1.and(HIGH).reinterpretAsFloats();
            IntVector av2And3 = IntVector.fromMemorySegment(INTS, values, at + BYTES, LITTLE_ENDIAN);
            FloatVector av2 = av2And3.lanewise(LSHL, 16).reinterpretAsFloats();
            FloatVector av3 = av2And3.and(HIGH).reinterpretAsFloats();
            FloatVector ax = FloatVector.broadcast(SPECIES, weights[weight + first + p]);
            a0 = av0.fma(ax, a0);
            a1 = av1.fma(ax, a1);
            a2 = av2.fma(ax, a2);
            a3 = av3.fma(ax, a3);
        }
        a0.add(b0).intoArray(sums, to + j);
        a1.add(b1).intoArray(sums, to + j + LANES);
        a2.add(b2).intoArray(sums, to + j + 2 * LANES);
        a3.add(b3).intoArray(sums, to + j + 3 * LANES);
    }
}
