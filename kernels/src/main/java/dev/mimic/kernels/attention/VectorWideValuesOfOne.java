package dev.mimic.kernels.attention;

import static dev.mimic.kernels.VectorWidth.INTS;
import static dev.mimic.kernels.VectorWidth.SPECIES;
import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.VectorOperators.LSHL;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/** {@link VectorWideValues} of a head alone: four sums, of the even and the odd positions of both halves. */
final class VectorWideValuesOfOne {
    private static final int LANES = SPECIES.length();
    private static final long BYTES = SPECIES.vectorByteSize();
    private static final int HIGH = 0xFFFF0000;

    private VectorWideValuesOfOne() {}

    /**
     * F32.
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
        FloatVector c0 = FloatVector.zero(SPECIES);
        FloatVector c1 = FloatVector.zero(SPECIES);
        FloatVector c2 = FloatVector.zero(SPECIES);
        FloatVector c3 = FloatVector.zero(SPECIES);
        FloatVector d0 = FloatVector.zero(SPECIES);
        FloatVector d1 = FloatVector.zero(SPECIES);
        FloatVector d2 = FloatVector.zero(SPECIES);
        FloatVector d3 = FloatVector.zero(SPECIES);
        long row = 4L * width;
        int half = (last - first) / 2;
        int even = half / 2 * 2;
        long from = base + 4L * j;
        for (int p = first; p < first + even; p += 2) {
            long at0 = from + p * row;
            long at1 = at0 + row;
            long at2 = from + (p + half) * row;
            long at3 = at2 + row;
            FloatVector av0 = FloatVector.fromMemorySegment(SPECIES, values, at0, LITTLE_ENDIAN);
            FloatVector av1 = FloatVector.fromMemorySegment(SPECIES, values, at0 + BYTES, LITTLE_ENDIAN);
            FloatVector av2 = FloatVector.fromMemorySegment(SPECIES, values, at0 + 2 * BYTES, LITTLE_ENDIAN);
            FloatVector av3 = FloatVector.fromMemorySegment(SPECIES, values, at0 + 3 * BYTES, LITTLE_ENDIAN);
            FloatVector x0 = FloatVector.broadcast(SPECIES, weights[weight + p]);
            a0 = av0.fma(x0, a0);
            a1 = av1.fma(x0, a1);
            a2 = av2.fma(x0, a2);
            a3 = av3.fma(x0, a3);
            FloatVector bv0 = FloatVector.fromMemorySegment(SPECIES, values, at1, LITTLE_ENDIAN);
            FloatVector bv1 = FloatVector.fromMemorySegment(SPECIES, values, at1 + BYTES, LITTLE_ENDIAN);
            FloatVector bv2 = FloatVector.fromMemorySegment(SPECIES, values, at1 + 2 * BYTES, LITTLE_ENDIAN);
            FloatVector bv3 = FloatVector.fromMemorySegment(SPECIES, values, at1 + 3 * BYTES, LITTLE_ENDIAN);
            FloatVector x1 = FloatVector.broadcast(SPECIES, weights[weight + p + 1]);
            b0 = bv0.fma(x1, b0);
            b1 = bv1.fma(x1, b1);
            b2 = bv2.fma(x1, b2);
            b3 = bv3.fma(x1, b3);
            FloatVector cv0 = FloatVector.fromMemorySegment(SPECIES, values, at2, LITTLE_ENDIAN);
            FloatVector cv1 = FloatVector.fromMemorySegment(SPECIES, values, at2 + BYTES, LITTLE_ENDIAN);
            FloatVector cv2 = FloatVector.fromMemorySegment(SPECIES, values, at2 + 2 * BYTES, LITTLE_ENDIAN);
            FloatVector cv3 = FloatVector.fromMemorySegment(SPECIES, values, at2 + 3 * BYTES, LITTLE_ENDIAN);
            FloatVector x2 = FloatVector.broadcast(SPECIES, weights[weight + p + half]);
            c0 = cv0.fma(x2, c0);
            c1 = cv1.fma(x2, c1);
            c2 = cv2.fma(x2, c2);
            c3 = cv3.fma(x2, c3);
            FloatVector dv0 = FloatVector.fromMemorySegment(SPECIES, values, at3, LITTLE_ENDIAN);
            FloatVector dv1 = FloatVector.fromMemorySegment(SPECIES, values, at3 + BYTES, LITTLE_ENDIAN);
            FloatVector dv2 = FloatVector.fromMemorySegment(SPECIES, values, at3 + 2 * BYTES, LITTLE_ENDIAN);
            FloatVector dv3 = FloatVector.fromMemorySegment(SPECIES, values, at3 + 3 * BYTES, LITTLE_ENDIAN);
            FloatVector x3 = FloatVector.broadcast(SPECIES, weights[weight + p + half + 1]);
            d0 = dv0.fma(x3, d0);
            d1 = dv1.fma(x3, d1);
            d2 = dv2.fma(x3, d2);
            d3 = dv3.fma(x3, d3);
        }
        for (int p = first + even; p < first + half; p++) {
            long at = from + p * row;
            FloatVector v0 = FloatVector.fromMemorySegment(SPECIES, values, at, LITTLE_ENDIAN);
            FloatVector v1 = FloatVector.fromMemorySegment(SPECIES, values, at + BYTES, LITTLE_ENDIAN);
            FloatVector v2 = FloatVector.fromMemorySegment(SPECIES, values, at + 2 * BYTES, LITTLE_ENDIAN);
            FloatVector v3 = FloatVector.fromMemorySegment(SPECIES, values, at + 3 * BYTES, LITTLE_ENDIAN);
            FloatVector x = FloatVector.broadcast(SPECIES, weights[weight + p]);
            a0 = v0.fma(x, a0);
            a1 = v1.fma(x, a1);
            a2 = v2.fma(x, a2);
            a3 = v3.fma(x, a3);
        }
        for (int p = first + half + even; p < last; p++) {
            long at = from + p * row;
            FloatVector v0 = FloatVector.fromMemorySegment(SPECIES, values, at, LITTLE_ENDIAN);
            FloatVector v1 = FloatVector.fromMemorySegment(SPECIES, values, at + BYTES, LITTLE_ENDIAN);
            FloatVector v2 = FloatVector.fromMemorySegment(SPECIES, values, at + 2 * BYTES, LITTLE_ENDIAN);
            FloatVector v3 = FloatVector.fromMemorySegment(SPECIES, values, at + 3 * BYTES, LITTLE_ENDIAN);
            FloatVector x = FloatVector.broadcast(SPECIES, weights[weight + p]);
            c0 = v0.fma(x, c0);
            c1 = v1.fma(x, c1);
            c2 = v2.fma(x, c2);
            c3 = v3.fma(x, c3);
        }
        a0.add(b0).add(c0.add(d0)).intoArray(sums, to + j);
        a1.add(b1).add(c1.add(d1)).intoArray(sums, to + j + LANES);
        a2.add(b2).add(c2.add(d2)).intoArray(sums, to + j + 2 * LANES);
        a3.add(b3).add(c3.add(d3)).intoArray(sums, to + j + 3 * LANES);
    }

    /** BF16; as {@link #f32}. */
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
        FloatVector c0 = FloatVector.zero(SPECIES);
        FloatVector c1 = FloatVector.zero(SPECIES);
        FloatVector c2 = FloatVector.zero(SPECIES);
        FloatVector c3 = FloatVector.zero(SPECIES);
        FloatVector d0 = FloatVector.zero(SPECIES);
        FloatVector d1 = FloatVector.zero(SPECIES);
        FloatVector d2 = FloatVector.zero(SPECIES);
        FloatVector d3 = FloatVector.zero(SPECIES);
        long row = 2L * width;
        int half = (last - first) / 2;
        int even = half / 2 * 2;
        long from = base + 2L * j;
        for (int p = first; p < first + even; p += 2) {
            long at0 = from + p * row;
            long at1 = at0 + row;
            long at2 = from + (p + half) * row;
            long at3 = at2 + row;
            IntVector aOne = IntVector.fromMemorySegment(INTS, values, at0, LITTLE_ENDIAN);
            FloatVector av0 = aOne.lanewise(LSHL, 16).reinterpretAsFloats();
            FloatVector av1 = aOne.and(HIGH).reinterpretAsFloats();
            IntVector aTwo = IntVector.fromMemorySegment(INTS, values, at0 + BYTES, LITTLE_ENDIAN);
            FloatVector av2 = aTwo.lanewise(LSHL, 16).reinterpretAsFloats();
            FloatVector av3 = aTwo.and(HIGH).reinterpretAsFloats();
            FloatVector x0 = FloatVector.broadcast(SPECIES, weights[weight + p]);
            a0 = av0.fma(x0, a0);
            a1 = av1.fma(x0, a1);
            a2 = av2.fma(x0, a2);
            a3 = av3.fma(x0, a3);
            IntVector bOne = IntVector.fromMemorySegment(INTS, values, at1, LITTLE_ENDIAN);
            FloatVector bv0 = bOne.lanewise(LSHL, 16).reinterpretAsFloats();
            FloatVector bv1 = bOne.and(HIGH).reinterpretAsFloats();
            IntVector bTwo = IntVector.fromMemorySegment(INTS, values, at1 + BYTES, LITTLE_ENDIAN);
            FloatVector bv2 = bTwo.lanewise(LSHL, 16).reinterpretAsFloats();
            FloatVector bv3 = bTwo.and(HIGH).reinterpretAsFloats();
            FloatVector x1 = FloatVector.broadcast(SPECIES, weights[weight + p + 1]);
            b0 = bv0.fma(x1, b0);
            b1 = bv1.fma(x1, b1);
            b2 = bv2.fma(x1, b2);
            b3 = bv3.fma(x1, b3);
            IntVector cOne = IntVector.fromMemorySegment(INTS, values, at2, LITTLE_ENDIAN);
            FloatVector cv0 = cOne.lanewise(LSHL, 16).reinterpretAsFloats();
            FloatVector cv1 = cOne.and(HIGH).reinterpretAsFloats();
            IntVector cTwo = IntVector.fromMemorySegment(INTS, values, at2 + BYTES, LITTLE_ENDIAN);
            FloatVector cv2 = cTwo.lanewise(LSHL, 16).reinterpretAsFloats();
            FloatVector cv3 = cTwo.and(HIGH).reinterpretAsFloats();
            FloatVector x2 = FloatVector.broadcast(SPECIES, weights[weight + p + half]);
            c0 = cv0.fma(x2, c0);
            c1 = cv1.fma(x2, c1);
            c2 = cv2.fma(x2, c2);
            c3 = cv3.fma(x2, c3);
            IntVector dOne = IntVector.fromMemorySegment(INTS, values, at3, LITTLE_ENDIAN);
            FloatVector dv0 = dOne.lanewise(LSHL, 16).reinterpretAsFloats();
            FloatVector dv1 = dOne.and(HIGH).reinterpretAsFloats();
            IntVector dTwo = IntVector.fromMemorySegment(INTS, values, at3 + BYTES, LITTLE_ENDIAN);
            FloatVector dv2 = dTwo.lanewise(LSHL, 16).reinterpretAsFloats();
            FloatVector dv3 = dTwo.and(HIGH).reinterpretAsFloats();
            FloatVector x3 = FloatVector.broadcast(SPECIES, weights[weight + p + half + 1]);
            d0 = dv0.fma(x3, d0);
            d1 = dv1.fma(x3, d1);
            d2 = dv2.fma(x3, d2);
            d3 = dv3.fma(x3, d3);
        }
        for (int p = first + even; p < first + half; p++) {
            long at = from + p * row;
            IntVector v0And1 = IntVector.fromMemorySegment(INTS, values, at, LITTLE_ENDIAN);
            FloatVector v0 = v0And1.lanewise(LSHL, 16).reinterpretAsFloats();
            FloatVector v1 = v0And1.and(HIGH).reinterpretAsFloats();
            IntVector v2And3 = IntVector.fromMemorySegment(INTS, values, at + BYTES, LITTLE_ENDIAN);
            FloatVector v2 = v2And3.lanewise(LSHL, 16).reinterpretAsFloats();
            FloatVector v3 = v2And3.and(HIGH).reinterpretAsFloats();
            FloatVector x = FloatVector.broadcast(SPECIES, weights[weight + p]);
            a0 = v0.fma(x, a0);
            a1 = v1.fma(x, a1);
            a2 = v2.fma(x, a2);
            a3 = v3.fma(x, a3);
        }
        for (int p = first + half + even; p < last; p++) {
            long at = from + p * row;
            IntVector v0And1 = IntVector.fromMemorySegment(INTS, values, at, LITTLE_ENDIAN);
            FloatVector v0 = v0And1.lanewise(LSHL, 16).reinterpretAsFloats();
            FloatVector v1 = v0And1.and(HIGH).reinterpretAsFloats();
            IntVector v2And3 = IntVector.fromMemorySegment(INTS, values, at + BYTES, LITTLE_ENDIAN);
            FloatVector v2 = v2And3.lanewise(LSHL, 16).reinterpretAsFloats();
            FloatVector v3 = v2And3.and(HIGH).reinterpretAsFloats();
            FloatVector x = FloatVector.broadcast(SPECIES, weights[weight + p]);
            c0 = v0.fma(x, c0);
            c1 = v1.fma(x, c1);
            c2 = v2.fma(x, c2);
            c3 = v3.fma(x, c3);
        }
        a0.add(b0).add(c0.add(d0)).intoArray(sums, to + j);
        a1.add(b1).add(c1.add(d1)).intoArray(sums, to + j + LANES);
        a2.add(b2).add(c2.add(d2)).intoArray(sums, to + j + 2 * LANES);
        a3.add(b3).add(c3.add(d3)).intoArray(sums, to + j + 3 * LANES);
    }
}
