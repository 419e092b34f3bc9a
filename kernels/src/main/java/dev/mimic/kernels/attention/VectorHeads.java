package dev.mimic.kernels.attention;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import dev.mimic.kernels.VectorWidth;
import dev.mimic.kernels.matrix.Matrix;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * The two products of a single query with a run of cached positions. Loads and broadcasts are written out here and in
 * {@link VectorTile}: past a number of nodes C2 inlines the Vector API's own methods but refuses ours, and a vector that
 * passes a call is boxed.
 */
final class VectorHeads {
    private static final VectorSpecies<Float> SPECIES = VectorWidth.SPECIES;
    private static final int LANES = SPECIES.length();

    private static final long BYTES = SPECIES.vectorByteSize();

    private static final VectorMask<Float> HALF = lanesWith(LANES / 2);
    private static final VectorMask<Float> QUARTER = lanesWith(LANES / 4);
    private static final VectorMask<Float> SECOND_PAIR = lanesWith(2);
    private static final VectorMask<Float> ODD = lanesWith(1);
    private static final VectorShuffle<Float> BY_HALF = swapOf(LANES / 2);
    private static final VectorShuffle<Float> BY_QUARTER = swapOf(LANES / 4);
    private static final VectorShuffle<Float> BY_2 = swapOf(2);
    private static final VectorShuffle<Float> BY_1 = swapOf(1);
    private static final VectorShuffle<Float> IN_ORDER = VectorShuffle.fromOp(SPECIES, VectorHeads::laneOf);

    private VectorHeads() {}

    /**
     * {@code scores[p] = Σ_j q[qOffset + j] · keys[p, j]}.
     *
     * @param keys [count, size] from byte {@code base} on
     * @param scores [count rounded up to LANES]; overwritten
     * @param scratch [LANES / 4, LANES]; overwritten
     */
    static void scores(
            MemorySegment keys,
            long base,
            int count,
            float[] q,
            int qOffset,
            int size,
            float[] scores,
            float[] scratch) {
        long row = 4L * size;
        long last = base + (count - 1) * row;
        for (int p = 0; p < count; p += LANES) {
            for (int group = 0; group < LANES / 4; group++) { // behind the last position it is taken again
                long at = Math.min(last, base + (p + 4 * group) * row);
                fourScores(keys, at, row, last, q, qOffset, size, scratch, group * LANES);
            }
            mergeGroups(scratch, scores, p);
        }
        int body = size / LANES * LANES;
        if (body < size) {
            for (int p = 0; p < count; p++) {
                scores[p] += tail(keys, base + p * row, q, qOffset, body, size);
            }
        }
    }

    /** Products of a query with four keys, each added up to {@code LANES / 4} lanes, in the order 0, 2, 1, 3. */
    private static void fourScores(
            MemorySegment keys, long at, long row, long last, float[] q, int qOffset, int size, float[] to, int toAt) {
        long at1 = Math.min(last, at + row);
        long at2 = Math.min(last, at + 2 * row);
        long at3 = Math.min(last, at + 3 * row);
        FloatVector a = FloatVector.zero(SPECIES);
        FloatVector b = FloatVector.zero(SPECIES);
        FloatVector c = FloatVector.zero(SPECIES);
        FloatVector d = FloatVector.zero(SPECIES);
        for (int j = 0; j <= size - LANES; j += LANES) {
            FloatVector x = FloatVector.fromArray(SPECIES, q, qOffset + j);
            a = FloatVector.fromMemorySegment(SPECIES, keys, at + 4L * j, LITTLE_ENDIAN)
                    .fma(x, a);
            b = FloatVector.fromMemorySegment(SPECIES, keys, at1 + 4L * j, LITTLE_ENDIAN)
                    .fma(x, b);
            c = FloatVector.fromMemorySegment(SPECIES, keys, at2 + 4L * j, LITTLE_ENDIAN)
                    .fma(x, c);
            d = FloatVector.fromMemorySegment(SPECIES, keys, at3 + 4L * j, LITTLE_ENDIAN)
                    .fma(x, d);
        }
        // a merge adds two vectors up to half the lanes each: one blend, moved, meets the other
        FloatVector ab = a.blend(b, HALF).add(b.blend(a, HALF).rearrange(BY_HALF));
        FloatVector cd = c.blend(d, HALF).add(d.blend(c, HALF).rearrange(BY_HALF));
        ab.blend(cd, QUARTER).add(cd.blend(ab, QUARTER).rearrange(BY_QUARTER)).intoArray(to, toAt);
    }

    /** Goes on from {@link #fourScores} to one lane a score. */
    private static void mergeGroups(float[] groups, float[] scores, int p) {
        FloatVector a = FloatVector.fromArray(SPECIES, groups, 0);
        if (LANES == 8) {
            FloatVector b = FloatVector.fromArray(SPECIES, groups, 8);
            a = a.blend(b, ODD).add(b.blend(a, ODD).rearrange(BY_1));
        } else if (LANES == 16) {
            FloatVector b = FloatVector.fromArray(SPECIES, groups, 16);
            FloatVector c = FloatVector.fromArray(SPECIES, groups, 32);
            FloatVector d = FloatVector.fromArray(SPECIES, groups, 48);
            a = a.blend(b, SECOND_PAIR).add(b.blend(a, SECOND_PAIR).rearrange(BY_2));
            c = c.blend(d, SECOND_PAIR).add(d.blend(c, SECOND_PAIR).rearrange(BY_2));
            a = a.blend(c, ODD).add(c.blend(a, ODD).rearrange(BY_1));
        }
        a.rearrange(IN_ORDER).intoArray(scores, p);
    }

    /** The lane in which the merges leave the score of a position. */
    private static int laneOf(int position) {
        int group = position / 4;
        int lane = position % 2 * (LANES / 2) + position / 2 % 2 * (LANES / 4);
        return switch (LANES) {
            case 16 -> lane + group % 2 * 2 + group / 2;
            case 8 -> lane + group;
            default -> lane;
        };
    }

    /** The lanes that have a bit. */
    private static VectorMask<Float> lanesWith(int bit) {
        long lanes = 0;
        for (int lane = 0; lane < LANES; lane++) {
            lanes |= (lane & bit) == 0 ? 0 : 1L << lane;
        }
        return VectorMask.fromLong(SPECIES, lanes);
    }

    /** Swaps the lanes that differ in a bit. */
    private static VectorShuffle<Float> swapOf(int bit) {
        return VectorShuffle.fromOp(SPECIES, lane -> lane ^ bit);
    }

    private static float tail(MemorySegment keys, long base, float[] q, int qOffset, int from, int size) {
        float sum = 0;
        for (int j = from; j < size; j++) {
            sum += q[qOffset + j] * keys.get(Matrix.FLOAT, base + 4L * j);
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
                sum = FloatVector.fromMemorySegment(
                                SPECIES, values, base + (long) p * size * Float.BYTES + 4L * j, LITTLE_ENDIAN)
                        .fma(FloatVector.broadcast(SPECIES, weights[p]), sum);
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
            FloatVector even = FloatVector.broadcast(SPECIES, weights[p]);
            FloatVector odd = FloatVector.broadcast(SPECIES, weights[p + 1]);
            long at = base + p * row;
            a = FloatVector.fromMemorySegment(SPECIES, values, at, LITTLE_ENDIAN)
                    .fma(even, a);
            b = FloatVector.fromMemorySegment(SPECIES, values, at + BYTES, LITTLE_ENDIAN)
                    .fma(even, b);
            c = FloatVector.fromMemorySegment(SPECIES, values, at + 2 * BYTES, LITTLE_ENDIAN)
                    .fma(even, c);
            d = FloatVector.fromMemorySegment(SPECIES, values, at + 3 * BYTES, LITTLE_ENDIAN)
                    .fma(even, d);
            oddA = FloatVector.fromMemorySegment(SPECIES, values, at + row, LITTLE_ENDIAN)
                    .fma(odd, oddA);
            oddB = FloatVector.fromMemorySegment(SPECIES, values, at + row + BYTES, LITTLE_ENDIAN)
                    .fma(odd, oddB);
            oddC = FloatVector.fromMemorySegment(SPECIES, values, at + row + 2 * BYTES, LITTLE_ENDIAN)
                    .fma(odd, oddC);
            oddD = FloatVector.fromMemorySegment(SPECIES, values, at + row + 3 * BYTES, LITTLE_ENDIAN)
                    .fma(odd, oddD);
        }
        if (p < count) {
            FloatVector even = FloatVector.broadcast(SPECIES, weights[p]);
            long at = base + p * row;
            a = FloatVector.fromMemorySegment(SPECIES, values, at, LITTLE_ENDIAN)
                    .fma(even, a);
            b = FloatVector.fromMemorySegment(SPECIES, values, at + BYTES, LITTLE_ENDIAN)
                    .fma(even, b);
            c = FloatVector.fromMemorySegment(SPECIES, values, at + 2 * BYTES, LITTLE_ENDIAN)
                    .fma(even, c);
            d = FloatVector.fromMemorySegment(SPECIES, values, at + 3 * BYTES, LITTLE_ENDIAN)
                    .fma(even, d);
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
                    .fma(FloatVector.broadcast(SPECIES, alpha), FloatVector.fromArray(SPECIES, y, i))
                    .intoArray(y, i);
        }
        for (; i < length; i++) {
            y[i] += alpha * x[offset + i];
        }
    }
}
