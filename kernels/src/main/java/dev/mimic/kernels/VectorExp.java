package dev.mimic.kernels;

import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LT;

import jdk.incubator.vector.FloatVector;

/**
 * The exponential function on vectors: {@code exp(x) = 2^n · exp(r)} with {@code n = round(x / ln 2)} and
 * {@code |r| ≤ ln 2 / 2}. The polynomial is that of Cephes' expf (Moshier 1989), evaluated with fma. Within 1 ulp of the
 * exact value, subnormal results included; every lane is a function of its own element alone.
 */
@SuppressWarnings("exports") // for the kernels of this module alone
public final class VectorExp {
    // constants in memory rather than broadcasts: so a call takes less of C2's budget of nodes
    private static final float LOG2_E = 1.44269504f;
    // ln 2 in two parts: the second is what float leaves of it, so that r is exact to far below its own ulp
    private static final float MINUS_LN2_HIGH = -0.693147180f;
    private static final float MINUS_LN2_LOW = 1.90465430e-9f;
    /** Adding 1.5 · 2^23 leaves the nearest integer in the low bits of the sum; 127 and 24 make it an exponent. */
    private static final float ROUND = 12582912f + 127 + 24;

    private static final float C7 = 1.9875691500e-4f;
    private static final float C6 = 1.3981999507e-3f;
    private static final float C5 = 8.3334519073e-3f;
    private static final float C4 = 4.1665795894e-2f;
    private static final float C3 = 1.6666665459e-1f;
    private static final float C2 = 5.0000001201e-1f;
    /** The results are 2^24 times too great before, so that none of them is subnormal. */
    private static final float UNSCALE = 0x1p-24f;
    /** exp(x) rounds to 0 below. */
    private static final float LOWEST = -103.98f;

    // the same in memory rather than broadcast at each use: so a call takes less of C2's budget of nodes
    private static final FloatVector LOG2_ES = broadcast(LOG2_E);
    private static final FloatVector MINUS_LN2_HIGHS = broadcast(MINUS_LN2_HIGH);
    private static final FloatVector MINUS_LN2_LOWS = broadcast(MINUS_LN2_LOW);
    private static final FloatVector ROUNDS = broadcast(ROUND);
    private static final FloatVector C7S = broadcast(C7);
    private static final FloatVector C6S = broadcast(C6);
    private static final FloatVector C5S = broadcast(C5);
    private static final FloatVector C4S = broadcast(C4);
    private static final FloatVector C3S = broadcast(C3);
    private static final FloatVector C2S = broadcast(C2);
    private static final FloatVector ONES = broadcast(1);
    private static final FloatVector ZEROS = broadcast(0);
    private static final FloatVector UNSCALES = broadcast(UNSCALE);
    private static final FloatVector LOWESTS = broadcast(LOWEST);

    private VectorExp() {}

    /**
     * {@code exp(x)} for x up to 0: 0 for -Inf, NaN for NaN, exactly 1 for 0.
     *
     * @param x no element above 0
     */
    public static FloatVector exp(FloatVector x) {
        FloatVector shifted = x.fma(LOG2_ES, ROUNDS);
        FloatVector n = shifted.sub(ROUNDS);
        FloatVector r = n.fma(MINUS_LN2_LOWS, n.fma(MINUS_LN2_HIGHS, x));
        FloatVector p = C7S.fma(r, C6S)
                .fma(r, C5S)
                .fma(r, C4S)
                .fma(r, C3S)
                .fma(r, C2S)
                .fma(r, ONES)
                .fma(r, ONES);
        FloatVector scale = shifted.reinterpretAsInts().lanewise(LSHL, 23).reinterpretAsFloats(); // 2^(n + 24)
        return p.mul(scale).mul(UNSCALES).blend(ZEROS, x.compare(LT, LOWESTS));
    }

    /** The same for one number, bit for bit what a lane gives. */
    public static float exp(float x) {
        if (x < LOWEST) {
            return 0;
        }
        float shifted = Math.fma(x, LOG2_E, ROUND);
        float n = shifted - ROUND;
        float r = Math.fma(n, MINUS_LN2_LOW, Math.fma(n, MINUS_LN2_HIGH, x));
        float p = Math.fma(Math.fma(Math.fma(Math.fma(C7, r, C6), r, C5), r, C4), r, C3);
        p = Math.fma(Math.fma(Math.fma(p, r, C2), r, 1), r, 1);
        float scale = Float.intBitsToFloat(Float.floatToRawIntBits(shifted) << 23);
        return p * scale * UNSCALE;
    }

    /**
     * Makes each element {@code exp(x - max)} and returns their sum. A loop, and the one to call for a single vector too:
     * at a call of {@link #exp(FloatVector)} outside of loops C2 may refuse to inline it, and then boxes the vectors.
     *
     * @param x no element of the range above {@code max}; overwritten in the range
     * @param length elements; a multiple of the lanes
     */
    public static float weigh(float[] x, int offset, int length, float max) {
        FloatVector sum = FloatVector.zero(VectorWidth.SPECIES);
        for (int i = 0; i < length; i += VectorWidth.SPECIES.length()) {
            FloatVector e = exp(
                    FloatVector.fromArray(VectorWidth.SPECIES, x, offset + i).sub(max));
            e.intoArray(x, offset + i);
            sum = sum.add(e);
        }
        return VectorLanes.sum(sum);
    }

    private static FloatVector broadcast(float value) {
        return FloatVector.broadcast(VectorWidth.SPECIES, value);
    }
}
