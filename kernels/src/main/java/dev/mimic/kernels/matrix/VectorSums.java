package dev.mimic.kernels.matrix;

import static dev.mimic.kernels.VectorWidth.SPECIES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;

/**
 * Sixteen sums of lanes at once. Two vectors are added up to half of their lanes in one step and end in one: a blend of
 * them meets the other blend, moved. A sum takes the tree of {@link dev.mimic.kernels.VectorLanes#sum} whatever its place,
 * and so has its bits.
 */
final class VectorSums {
    /** Sums at once. */
    static final int COUNT = 16;

    private static final int LANES = SPECIES.length();

    private static final VectorMask<Float> BIT_8 = lanesWith(8);
    private static final VectorMask<Float> BIT_4 = lanesWith(4);
    private static final VectorMask<Float> BIT_2 = lanesWith(2);
    private static final VectorMask<Float> BIT_1 = lanesWith(1);
    private static final VectorShuffle<Float> BY_8 = swapOf(8 % LANES);
    private static final VectorShuffle<Float> BY_4 = swapOf(4 % LANES);
    private static final VectorShuffle<Float> BY_2 = swapOf(2);
    private static final VectorShuffle<Float> BY_1 = swapOf(1);

    private VectorSums() {}

    /** Adds up sixteen vectors, [16, lanes]. */
    static void fold(float[] vectors) {
        fold(vectors, COUNT);
    }

    /**
     * Adds up vectors.
     *
     * @param vectors [given, lanes]; overwritten: the sum of vector v is then at {@link #at at(v)}
     * @param given a multiple of 16
     */
    static void fold(float[] vectors, int given) {
        int count = given;
        if (LANES > 8) {
            by8(vectors, count);
            count /= 2;
        }
        if (LANES > 4) {
            by4(vectors, count);
            count /= 2;
        }
        by2(vectors, count);
        by1(vectors, count / 2);
    }

    /** Where the sum of a vector ends: pairs of neighbours share a vector, told apart by the highest bit of the lane first. */
    static int at(int vector) {
        int lane = Integer.reverse(vector % LANES) >>> (Integer.numberOfLeadingZeros(LANES) + 1);
        return vector / LANES * LANES + lane;
    }

    private static void by8(float[] vectors, int count) {
        for (int i = 0; i < count * LANES; i += 2 * LANES) {
            FloatVector a = FloatVector.fromArray(SPECIES, vectors, i);
            FloatVector b = FloatVector.fromArray(SPECIES, vectors, i + LANES);
            a.blend(b, BIT_8).add(b.blend(a, BIT_8).rearrange(BY_8)).intoArray(vectors, i / 2);
        }
    }

    private static void by4(float[] vectors, int count) {
        for (int i = 0; i < count * LANES; i += 2 * LANES) {
            FloatVector a = FloatVector.fromArray(SPECIES, vectors, i);
            FloatVector b = FloatVector.fromArray(SPECIES, vectors, i + LANES);
            a.blend(b, BIT_4).add(b.blend(a, BIT_4).rearrange(BY_4)).intoArray(vectors, i / 2);
        }
    }

    private static void by2(float[] vectors, int count) {
        for (int i = 0; i < count * LANES; i += 2 * LANES) {
            FloatVector a = FloatVector.fromArray(SPECIES, vectors, i);
            FloatVector b = FloatVector.fromArray(SPECIES, vectors, i + LANES);
            a.blend(b, BIT_2).add(b.blend(a, BIT_2).rearrange(BY_2)).intoArray(vectors, i / 2);
        }
    }

    private static void by1(float[] vectors, int count) {
        for (int i = 0; i < count * LANES; i += 2 * LANES) {
            FloatVector a = FloatVector.fromArray(SPECIES, vectors, i);
            FloatVector b = FloatVector.fromArray(SPECIES, vectors, i + LANES);
            a.blend(b, BIT_1).add(b.blend(a, BIT_1).rearrange(BY_1)).intoArray(vectors, i / 2);
        }
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
}
