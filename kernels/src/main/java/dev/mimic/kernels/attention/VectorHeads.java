package dev.mimic.kernels.attention;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import dev.mimic.kernels.VectorLanes;
import dev.mimic.kernels.VectorWidth;
import dev.mimic.kernels.matrix.Matrix;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** The two products of a single query with a run of cached positions. */
final class VectorHeads {
    private static final VectorSpecies<Float> SPECIES = VectorWidth.SPECIES;
    private static final int LANES = SPECIES.length();

    private VectorHeads() {}

    /**
     * {@code scores[p] = Σ_j q[qOffset + j] · keys[p, j]}.
     *
     * @param keys [count, size] from byte {@code base} on
     * @param scores [count]; overwritten
     */
    static void scores(MemorySegment keys, long base, int count, float[] q, int qOffset, int size, float[] scores) {
        long row = (long) size * Float.BYTES;
        int p = 0;
        for (; p <= count - 4; p += 4) {
            fourScores(keys, base + p * row, q, qOffset, size, scores, p);
        }
        for (; p < count; p++) {
            FloatVector sum = FloatVector.zero(SPECIES);
            int j = 0;
            for (; j <= size - LANES; j += LANES) {
                sum = load(keys, base + p * row, j).fma(FloatVector.fromArray(SPECIES, q, qOffset + j), sum);
            }
            scores[p] = VectorLanes.sum(sum) + tail(keys, base + p * row, q, qOffset, j, size);
        }
    }

    private static void fourScores(
            MemorySegment keys, long base, float[] q, int qOffset, int size, float[] scores, int p) {
        long row = (long) size * Float.BYTES;
        FloatVector a = FloatVector.zero(SPECIES);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        int j = 0;
        for (; j <= size - LANES; j += LANES) {
            FloatVector x = FloatVector.fromArray(SPECIES, q, qOffset + j);
            a = load(keys, base, j).fma(x, a);
            b = load(keys, base + row, j).fma(x, b);
            c = load(keys, base + 2 * row, j).fma(x, c);
            d = load(keys, base + 3 * row, j).fma(x, d);
        }
        scores[p] = VectorLanes.sum(a);
        scores[p + 1] = VectorLanes.sum(b);
        scores[p + 2] = VectorLanes.sum(c);
        scores[p + 3] = VectorLanes.sum(d);
        if (j < size) {
            for (int i = 0; i < 4; i++) {
                scores[p + i] += tail(keys, base + i * row, q, qOffset, j, size);
            }
        }
    }

    private static float tail(MemorySegment keys, long base, float[] q, int qOffset, int from, int size) {
        float sum = 0;
        for (int j = from; j < size; j++) {
            sum += q[qOffset + j] * keys.get(Matrix.FLOAT, base + (long) j * Float.BYTES);
        }
        return sum;
    }

    /**
     * {@code sums[offset + j] = correction · sums[offset + j] + Σ_p weights[p] · values[p, j]}.
     *
     * @param values [count, size] from byte {@code base} on
     * @param weights [count]
     */
    static void addValues(
            MemorySegment values,
            long base,
            int count,
            float[] weights,
            float correction,
            float[] sums,
            int offset,
            int size) {
        int j = 0;
        for (; j <= size - 4 * LANES; j += 4 * LANES) {
            fourColumns(values, base + (long) j * Float.BYTES, count, weights, correction, sums, offset + j, size);
        }
        for (; j <= size - LANES; j += LANES) {
            FloatVector sum = FloatVector.fromArray(SPECIES, sums, offset + j).mul(correction);
            for (int p = 0; p < count; p++) {
                sum = load(values, base + (long) p * size * Float.BYTES, j).fma(splat(weights[p]), sum);
            }
            sum.intoArray(sums, offset + j);
        }
        for (; j < size; j++) {
            float sum = sums[offset + j] * correction;
            for (int p = 0; p < count; p++) {
                sum += weights[p] * values.get(Matrix.FLOAT, base + ((long) p * size + j) * Float.BYTES);
            }
            sums[offset + j] = sum;
        }
    }

    private static void fourColumns(
            MemorySegment values,
            long base,
            int count,
            float[] weights,
            float correction,
            float[] sums,
            int offset,
            int size) {
        long row = (long) size * Float.BYTES;
        FloatVector a = FloatVector.fromArray(SPECIES, sums, offset).mul(correction);
        FloatVector b = FloatVector.fromArray(SPECIES, sums, offset + LANES).mul(correction);
        FloatVector c = FloatVector.fromArray(SPECIES, sums, offset + 2 * LANES).mul(correction);
        FloatVector d = FloatVector.fromArray(SPECIES, sums, offset + 3 * LANES).mul(correction);
        FloatVector oddA = FloatVector.zero(SPECIES);
        FloatVector oddB = oddA;
        FloatVector oddC = oddA;
        FloatVector oddD = oddA;
        int p = 0;
        for (; p <= count - 2; p += 2) { // eight sums in flight hide the latency of fma
            FloatVector even = splat(weights[p]);
            FloatVector odd = splat(weights[p + 1]);
            long at = base + p * row;
            a = load(values, at, 0).fma(even, a);
            b = load(values, at, LANES).fma(even, b);
            c = load(values, at, 2 * LANES).fma(even, c);
            d = load(values, at, 3 * LANES).fma(even, d);
            oddA = load(values, at + row, 0).fma(odd, oddA);
            oddB = load(values, at + row, LANES).fma(odd, oddB);
            oddC = load(values, at + row, 2 * LANES).fma(odd, oddC);
            oddD = load(values, at + row, 3 * LANES).fma(odd, oddD);
        }
        if (p < count) {
            FloatVector even = splat(weights[p]);
            long at = base + p * row;
            a = load(values, at, 0).fma(even, a);
            b = load(values, at, LANES).fma(even, b);
            c = load(values, at, 2 * LANES).fma(even, c);
            d = load(values, at, 3 * LANES).fma(even, d);
        }
        a.add(oddA).intoArray(sums, offset);
        b.add(oddB).intoArray(sums, offset + LANES);
        c.add(oddC).intoArray(sums, offset + 2 * LANES);
        d.add(oddD).intoArray(sums, offset + 3 * LANES);
    }

    /** {@code y[i] += alpha · x[offset + i]}. */
    static void add(float alpha, float[] x, int offset, float[] y, int length) {
        int i = 0;
        for (; i <= length - LANES; i += LANES) {
            FloatVector.fromArray(SPECIES, x, offset + i)
                    .fma(splat(alpha), FloatVector.fromArray(SPECIES, y, i))
                    .intoArray(y, i);
        }
        for (; i < length; i++) {
            y[i] += alpha * x[offset + i];
        }
    }

    private static FloatVector load(MemorySegment segment, long base, int element) {
        return FloatVector.fromMemorySegment(SPECIES, segment, base + (long) element * Float.BYTES, LITTLE_ENDIAN);
    }

    private static FloatVector splat(float value) {
        return FloatVector.broadcast(SPECIES, value);
    }
}
