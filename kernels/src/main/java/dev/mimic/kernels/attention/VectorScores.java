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
 * Products of queries with a block of keys. The sums of four keys at once are not reduced one by one but merged: a merge
 * adds two vectors up to half the lanes each (one blend of them, moved, meets the other), so that LANES sums end in one
 * vector after LANES - 1 merges. Every sum takes the same tree, whatever its place.
 */
final class VectorScores {
    private static final VectorSpecies<Float> SPECIES = VectorWidth.SPECIES;
    private static final int LANES = SPECIES.length();

    /** Groups of four keys in a vector of scores. */
    private static final int GROUPS = LANES / 4;

    private static final VectorMask<Float> HALF = lanesWith(LANES / 2);
    private static final VectorMask<Float> QUARTER = lanesWith(LANES / 4);
    private static final VectorMask<Float> SECOND_PAIR = lanesWith(2);
    private static final VectorMask<Float> ODD = lanesWith(1);
    private static final VectorShuffle<Float> BY_HALF = swapOf(LANES / 2);
    private static final VectorShuffle<Float> BY_QUARTER = swapOf(LANES / 4);
    private static final VectorShuffle<Float> BY_2 = swapOf(2);
    private static final VectorShuffle<Float> BY_1 = swapOf(1);
    private static final VectorShuffle<Float> IN_ORDER = VectorShuffle.fromOp(SPECIES, VectorScores::laneOf);

    /** Half-merged sums: [2, GROUPS, LANES]. */
    private final float[] groups = new float[2 * GROUPS * LANES];

    private MemorySegment keys;
    private long base;
    private int count;
    private int size;

    /**
     * Sets the keys.
     *
     * @param keys [count, size] from byte {@code base} on
     */
    void block(MemorySegment keys, long base, int count, int size) {
        this.keys = keys;
        this.base = base;
        this.count = count;
        this.size = size;
    }

    /**
     * {@code scores[to + p] = Σ_j q[query + j] · keys[p, j]}.
     *
     * @param scores [count rounded up to LANES] from {@code to} on; overwritten
     */
    void one(float[] q, int query, float[] scores, int to) {
        for (int p = 0; p < count; p += LANES) {
            for (int group = 0; group < GROUPS; group++) {
                fourOfOne(p + 4 * group, q, query, group * LANES);
            }
            merge(0, scores, to + p);
        }
        addTails(q, query, scores, to);
    }

    /** The same for two queries, one behind the other, the scores of the second {@code stride} behind the first's. */
    void two(float[] q, int query, float[] scores, int to, int stride) {
        for (int p = 0; p < count; p += LANES) {
            for (int group = 0; group < GROUPS; group++) {
                fourOfTwo(p + 4 * group, q, query, group * LANES);
            }
            merge(0, scores, to + p);
            merge(GROUPS * LANES, scores, to + stride + p);
        }
        addTails(q, query, scores, to);
        addTails(q, query + size, scores, to + stride);
    }

    /** Where a key starts; behind the last key it is the last again. */
    private long keyAt(int p) {
        return base + 4L * Math.min(p, count - 1) * size;
    }

    /** Products with four keys, each added up to {@code LANES / 4} lanes, in the order 0, 2, 1, 3. */
    private void fourOfOne(int p, float[] q, int query, int to) {
        MemorySegment keys = this.keys;
        long k0 = keyAt(p);
        long k1 = keyAt(p + 1);
        long k2 = keyAt(p + 2);
        long k3 = keyAt(p + 3);
        FloatVector a = FloatVector.zero(SPECIES);
        FloatVector b = FloatVector.zero(SPECIES);
        FloatVector c = FloatVector.zero(SPECIES);
        FloatVector d = FloatVector.zero(SPECIES);
        int body = size / LANES * LANES;
        for (int j = 0; j < body; j += LANES) {
            FloatVector x = FloatVector.fromArray(SPECIES, q, query + j);
            a = FloatVector.fromMemorySegment(SPECIES, keys, k0 + 4L * j, LITTLE_ENDIAN)
                    .fma(x, a);
            b = FloatVector.fromMemorySegment(SPECIES, keys, k1 + 4L * j, LITTLE_ENDIAN)
                    .fma(x, b);
            c = FloatVector.fromMemorySegment(SPECIES, keys, k2 + 4L * j, LITTLE_ENDIAN)
                    .fma(x, c);
            d = FloatVector.fromMemorySegment(SPECIES, keys, k3 + 4L * j, LITTLE_ENDIAN)
                    .fma(x, d);
        }
        a = a.blend(b, HALF).add(b.blend(a, HALF).rearrange(BY_HALF));
        c = c.blend(d, HALF).add(d.blend(c, HALF).rearrange(BY_HALF));
        a.blend(c, QUARTER).add(c.blend(a, QUARTER).rearrange(BY_QUARTER)).intoArray(groups, to);
    }

    /** The same for two queries: each key is loaded once for both. */
    private void fourOfTwo(int p, float[] q, int query, int to) {
        MemorySegment keys = this.keys;
        int size = this.size;
        long k0 = keyAt(p);
        long k1 = keyAt(p + 1);
        long k2 = keyAt(p + 2);
        long k3 = keyAt(p + 3);
        FloatVector a = FloatVector.zero(SPECIES);
        FloatVector b = FloatVector.zero(SPECIES);
        FloatVector c = FloatVector.zero(SPECIES);
        FloatVector d = FloatVector.zero(SPECIES);
        FloatVector e = FloatVector.zero(SPECIES);
        FloatVector f = FloatVector.zero(SPECIES);
        FloatVector g = FloatVector.zero(SPECIES);
        FloatVector h = FloatVector.zero(SPECIES);
        int body = size / LANES * LANES;
        for (int j = 0; j < body; j += LANES) {
            FloatVector x = FloatVector.fromArray(SPECIES, q, query + j);
            FloatVector y = FloatVector.fromArray(SPECIES, q, query + size + j);
            FloatVector key = FloatVector.fromMemorySegment(SPECIES, keys, k0 + 4L * j, LITTLE_ENDIAN);
            a = key.fma(x, a);
            e = key.fma(y, e);
            key = FloatVector.fromMemorySegment(SPECIES, keys, k1 + 4L * j, LITTLE_ENDIAN);
            b = key.fma(x, b);
            f = key.fma(y, f);
            key = FloatVector.fromMemorySegment(SPECIES, keys, k2 + 4L * j, LITTLE_ENDIAN);
            c = key.fma(x, c);
            g = key.fma(y, g);
            key = FloatVector.fromMemorySegment(SPECIES, keys, k3 + 4L * j, LITTLE_ENDIAN);
            d = key.fma(x, d);
            h = key.fma(y, h);
        }
        a = a.blend(b, HALF).add(b.blend(a, HALF).rearrange(BY_HALF));
        c = c.blend(d, HALF).add(d.blend(c, HALF).rearrange(BY_HALF));
        a.blend(c, QUARTER).add(c.blend(a, QUARTER).rearrange(BY_QUARTER)).intoArray(groups, to);
        e = e.blend(f, HALF).add(f.blend(e, HALF).rearrange(BY_HALF));
        g = g.blend(h, HALF).add(h.blend(g, HALF).rearrange(BY_HALF));
        e.blend(g, QUARTER).add(g.blend(e, QUARTER).rearrange(BY_QUARTER)).intoArray(groups, GROUPS * LANES + to);
    }

    /** Goes on from four groups to one lane a score. */
    private void merge(int from, float[] scores, int to) {
        FloatVector a = FloatVector.fromArray(SPECIES, groups, from);
        if (LANES == 8) {
            FloatVector b = FloatVector.fromArray(SPECIES, groups, from + 8);
            a = a.blend(b, ODD).add(b.blend(a, ODD).rearrange(BY_1));
        } else if (LANES == 16) {
            FloatVector b = FloatVector.fromArray(SPECIES, groups, from + 16);
            FloatVector c = FloatVector.fromArray(SPECIES, groups, from + 32);
            FloatVector d = FloatVector.fromArray(SPECIES, groups, from + 48);
            a = a.blend(b, SECOND_PAIR).add(b.blend(a, SECOND_PAIR).rearrange(BY_2));
            c = c.blend(d, SECOND_PAIR).add(d.blend(c, SECOND_PAIR).rearrange(BY_2));
            a = a.blend(c, ODD).add(c.blend(a, ODD).rearrange(BY_1));
        }
        a.rearrange(IN_ORDER).intoArray(scores, to);
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

    /** Adds the elements behind the last whole vector. */
    private void addTails(float[] q, int query, float[] scores, int to) {
        for (int j = size / LANES * LANES; j < size; j++) {
            for (int p = 0; p < count; p++) {
                scores[to + p] += q[query + j] * keys.get(Matrix.FLOAT, keyAt(p) + 4L * j);
            }
        }
    }
}
