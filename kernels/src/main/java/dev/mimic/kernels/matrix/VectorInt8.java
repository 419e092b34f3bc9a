package dev.mimic.kernels.matrix;

import static dev.mimic.kernels.VectorWidth.BYTES;
import static dev.mimic.kernels.VectorWidth.INTS;
import static dev.mimic.kernels.VectorWidth.SPECIES;
import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.B2F;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/** {@link Matrix.Int8} in place, widened in registers: what {@link VectorDots} and {@link VectorUnpack} do of others. */
final class VectorInt8 {
    /** Rows at once. */
    static final int ROWS = 8;

    private static final int LANES = SPECIES.length();

    /** Four bytes of an int go to the upper ends of four lanes, and from there down. */
    private static final IntVector UP =
            IntVector.fromArray(INTS, new int[] {24, 16, 8, 0, 24, 16, 8, 0, 24, 16, 8, 0, 24, 16, 8, 0}, 0);

    private static final IntVector DOWN = IntVector.broadcast(INTS, 24);

    private VectorInt8() {}

    /**
     * As many elements as there are lanes, from {@code at} on. This and what it calls have less bytecode than C2's
     * MaxInlineSize (35): larger ones it takes in only where its profile calls them frequent, and else leaves boxes behind.
     */
    static FloatVector load(MemorySegment weights, long at) {
        return LANES > 4 ? bytes(weights, at) : ofInt(weights.get(QuantizedFormat.INT, at));
    }

    private static FloatVector bytes(MemorySegment weights, long at) {
        return (FloatVector)
                ByteVector.fromMemorySegment(BYTES, weights, at, LITTLE_ENDIAN).convertShape(B2F, SPECIES, 0);
    }

    /** The four bytes of an int, for lanes so few that no vector has as many bytes. */
    private static FloatVector ofInt(int bytes) {
        IntVector upper = IntVector.broadcast(INTS, bytes).lanewise(LSHL, UP);
        return (FloatVector) upper.lanewise(ASHR, DOWN).convert(I2F, 0);
    }

    /**
     * Eight rows, as many apart as you like: {@code sums[k, c mod lanes] = Σ weights[o + k · stride + c] · x[xOffset + c]}.
     *
     * @param o first row, in elements
     * @param stride elements from row to row
     * @param length columns; a multiple of the lanes
     * @param sums [8, lanes]; overwritten
     */
    static void eight(MemorySegment weights, long o, long stride, float[] x, int xOffset, int length, float[] sums) {
        long o1 = o + stride;
        long o2 = o + 2 * stride;
        long o3 = o + 3 * stride;
        long o4 = o + 4 * stride;
        long o5 = o + 5 * stride;
        long o6 = o + 6 * stride;
        long o7 = o + 7 * stride;
        FloatVector zero = FloatVector.zero(SPECIES);
        FloatVector s0 = zero;
        FloatVector s1 = zero;
        FloatVector s2 = zero;
        FloatVector s3 = zero;
        FloatVector s4 = zero;
        FloatVector s5 = zero;
        FloatVector s6 = zero;
        FloatVector s7 = zero;
        for (int c = 0; c < length; c += LANES) {
            FloatVector v = FloatVector.fromArray(SPECIES, x, xOffset + c);
            s0 = load(weights, o + c).fma(v, s0);
            s1 = load(weights, o1 + c).fma(v, s1);
            s2 = load(weights, o2 + c).fma(v, s2);
            s3 = load(weights, o3 + c).fma(v, s3);
            s4 = load(weights, o4 + c).fma(v, s4);
            s5 = load(weights, o5 + c).fma(v, s5);
            s6 = load(weights, o6 + c).fma(v, s6);
            s7 = load(weights, o7 + c).fma(v, s7);
        }
        s0.intoArray(sums, 0);
        s1.intoArray(sums, LANES);
        s2.intoArray(sums, 2 * LANES);
        s3.intoArray(sums, 3 * LANES);
        s4.intoArray(sums, 4 * LANES);
        s5.intoArray(sums, 5 * LANES);
        s6.intoArray(sums, 6 * LANES);
        s7.intoArray(sums, 7 * LANES);
    }

    /** One row, in the same order; sums is [1, lanes]. */
    static void one(MemorySegment weights, long o, float[] x, int xOffset, int length, float[] sums) {
        FloatVector sum = FloatVector.zero(SPECIES);
        for (int c = 0; c < length; c += LANES) {
            sum = load(weights, o + c).fma(FloatVector.fromArray(SPECIES, x, xOffset + c), sum);
        }
        sum.intoArray(sums, 0);
    }

    /**
     * Widens a stretch of a row.
     *
     * @param index its first element
     * @param length elements; any number
     * @param out overwritten from {@code outOffset} on
     */
    static void widen(MemorySegment weights, long index, int length, float[] out, int outOffset) {
        int body = SPECIES.loopBound(length);
        for (int i = 0; i < body; i += LANES) {
            load(weights, index + i).intoArray(out, outOffset + i);
        }
        for (int i = body; i < length; i++) {
            out[outOffset + i] = weights.get(ValueLayout.JAVA_BYTE, index + i);
        }
    }
}
