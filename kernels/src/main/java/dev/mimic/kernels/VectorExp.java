package dev.mimic.kernels;

import static jdk.incubator.vector.VectorOperators.GE;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LT;

import java.util.Objects;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The loops that need the exponential function: {@code exp(x) = 2^n · exp(r)} with {@code n = round(x / ln 2)} and
 * {@code |r| ≤ ln 2 / 2}, as Cephes' expf (Moshier 1989) has it. The polynomial is {@code 1 + r + r² q(r)} with the q of
 * degree 4 whose greatest relative error is least, 2^-28.3, evaluated with fma. Within 1 ulp of the exact value, subnormal
 * results included; every lane is a function of its own element alone.
 */
@SuppressWarnings("exports") // for the kernels of this module alone
public final class VectorExp {
    // constants in memory rather than broadcasts: so a call takes less of C2's budget of nodes
    private static final VectorSpecies<Float> SPECIES = VectorWidth.SPECIES;

    private static final float LOG2_E = 1.442695f;
    // ln 2 in two parts: the second is what float leaves of it, so that r is exact to far below its own ulp
    private static final float MINUS_LN2_HIGH = -6.931472e-1f;
    private static final float MINUS_LN2_LOW = 1.9046542e-9f;
    /** Adding 1.5 · 2^23 leaves the nearest integer in the low bits of the sum; 127 and 24 make it an exponent. */
    private static final float ROUND = 12582912f + 127 + 24;

    /** The polynomial is 2^24 times too small and the power of two as much too great, so that neither is subnormal. */
    private static final float SCALED_ONE = 0x1p-24f;

    private static final float C6 = 1.381454e-3f * SCALED_ONE;
    private static final float C5 = 8.368745e-3f * SCALED_ONE;
    private static final float C4 = 4.166839e-2f * SCALED_ONE;
    private static final float C3 = 1.6666521e-1f * SCALED_ONE;
    private static final float C2 = 4.9999994e-1f * SCALED_ONE;
    /** exp(x) rounds to 0 below. */
    private static final float LOWEST = -103.98f;

    // the same in memory rather than broadcast at each use: so a call takes less of C2's budget of nodes
    private static final FloatVector LOG2_ES = broadcast(LOG2_E);
    private static final FloatVector MINUS_LN2_HIGHS = broadcast(MINUS_LN2_HIGH);
    private static final FloatVector MINUS_LN2_LOWS = broadcast(MINUS_LN2_LOW);
    private static final FloatVector ROUNDS = broadcast(ROUND);
    private static final FloatVector C6S = broadcast(C6);
    private static final FloatVector C5S = broadcast(C5);
    private static final FloatVector C4S = broadcast(C4);
    private static final FloatVector C3S = broadcast(C3);
    private static final FloatVector C2S = broadcast(C2);
    private static final FloatVector SCALED_ONES = broadcast(SCALED_ONE);
    private static final FloatVector ONES = broadcast(1);
    private static final FloatVector ZEROS = broadcast(0);
    private static final FloatVector LOWESTS = broadcast(LOWEST);

    private VectorExp() {}

    /**
     * Weights of a softmax: makes {@code count} vectors of x, {@code stride} elements apart, {@code exp(x - shift)}, and
     * their sum a vector of sums: the even ones in order, the odd ones in order, then both. Lane for lane: 0 for -Inf, NaN
     * for NaN, exactly 1 for a difference of 0.
     *
     * <p>A loop over memory, not a function of a vector: where C2 refuses to inline that, it boxes the vectors.
     *
     * @param x no element above its shift; overwritten
     * @param shifts a vector from {@code vector} on
     * @param sums its vector from {@code vector} on is overwritten
     */
    public static void weigh(float[] x, int offset, int stride, int count, float[] shifts, float[] sums, int vector) {
        if (count > 0) {
            Objects.checkFromIndexSize(offset, (count - 1L) * stride + SPECIES.length(), (long) x.length);
        }
        Objects.checkFromIndexSize(vector, SPECIES.length(), shifts.length);
        Objects.checkFromIndexSize(vector, SPECIES.length(), sums.length);
        FloatVector shift = FloatVector.fromArray(SPECIES, shifts, vector);
        FloatVector even = FloatVector.zero(SPECIES);
        FloatVector odd = FloatVector.zero(SPECIES);
        int i = 0;
        for (; i < count - 1; i += 2) { // two at once: a chain alone leaves the ports idle
            int at = offset + i * stride;
            FloatVector t0 = FloatVector.fromArray(SPECIES, x, at).sub(shift);
            FloatVector t1 = FloatVector.fromArray(SPECIES, x, at + stride).sub(shift);
            FloatVector shifted0 = t0.fma(LOG2_ES, ROUNDS);
            FloatVector shifted1 = t1.fma(LOG2_ES, ROUNDS);
            FloatVector n0 = shifted0.sub(ROUNDS);
            FloatVector n1 = shifted1.sub(ROUNDS);
            FloatVector r0 = n0.fma(MINUS_LN2_LOWS, n0.fma(MINUS_LN2_HIGHS, t0));
            FloatVector r1 = n1.fma(MINUS_LN2_LOWS, n1.fma(MINUS_LN2_HIGHS, t1));
            FloatVector p0 = C6S.fma(r0, C5S).fma(r0, C4S).fma(r0, C3S).fma(r0, C2S);
            FloatVector p1 = C6S.fma(r1, C5S).fma(r1, C4S).fma(r1, C3S).fma(r1, C2S);
            p0 = p0.fma(r0, SCALED_ONES).fma(r0, SCALED_ONES);
            p1 = p1.fma(r1, SCALED_ONES).fma(r1, SCALED_ONES);
            FloatVector scale0 = shifted0.reinterpretAsInts().lanewise(LSHL, 23).reinterpretAsFloats(); // 2^(n + 24)
            FloatVector scale1 = shifted1.reinterpretAsInts().lanewise(LSHL, 23).reinterpretAsFloats();
            FloatVector e0 = p0.mul(scale0).blend(ZEROS, t0.compare(LT, LOWESTS));
            FloatVector e1 = p1.mul(scale1).blend(ZEROS, t1.compare(LT, LOWESTS));
            e0.intoArray(x, at);
            e1.intoArray(x, at + stride);
            even = even.add(e0);
            odd = odd.add(e1);
        }
        if (i < count) {
            int at = offset + i * stride;
            FloatVector t = FloatVector.fromArray(SPECIES, x, at).sub(shift);
            FloatVector shifted = t.fma(LOG2_ES, ROUNDS);
            FloatVector n = shifted.sub(ROUNDS);
            FloatVector r = n.fma(MINUS_LN2_LOWS, n.fma(MINUS_LN2_HIGHS, t));
            FloatVector p = C6S.fma(r, C5S).fma(r, C4S).fma(r, C3S).fma(r, C2S);
            p = p.fma(r, SCALED_ONES).fma(r, SCALED_ONES);
            FloatVector scale = shifted.reinterpretAsInts().lanewise(LSHL, 23).reinterpretAsFloats();
            FloatVector e = p.mul(scale).blend(ZEROS, t.compare(LT, LOWESTS));
            e.intoArray(x, at);
            even = even.add(e);
        }
        even.add(odd).intoArray(sums, vector);
    }

    /**
     * Gated linear unit with SiLU, {@code out[i] = gate[i] / (1 + exp(-gate[i])) · up[i]}, for the negative as
     * {@code gate · exp(gate) / (1 + exp(gate)) · up}, which can't overflow.
     *
     * @param begin first element
     * @param end one past the last; a whole number of vectors
     * @param out may be {@code gate} or {@code up}
     */
    public static void swiGlu(float[] gate, float[] up, float[] out, int begin, int end) {
        Objects.checkFromToIndex(begin, end, Math.min(gate.length, Math.min(up.length, out.length)));
        Objects.checkIndex((end - begin) % SPECIES.length(), 1);
        for (int i = begin; i < end; i += SPECIES.length()) {
            FloatVector x = FloatVector.fromArray(SPECIES, gate, i);
            FloatVector t = x.abs().neg();
            FloatVector shifted = t.fma(LOG2_ES, ROUNDS);
            FloatVector n = shifted.sub(ROUNDS);
            FloatVector r = n.fma(MINUS_LN2_LOWS, n.fma(MINUS_LN2_HIGHS, t));
            FloatVector p = C6S.fma(r, C5S).fma(r, C4S).fma(r, C3S).fma(r, C2S);
            p = p.fma(r, SCALED_ONES).fma(r, SCALED_ONES);
            FloatVector scale = shifted.reinterpretAsInts().lanewise(LSHL, 23).reinterpretAsFloats();
            FloatVector e = p.mul(scale).blend(ZEROS, t.compare(LT, LOWESTS));
            x.mul(e)
                    .blend(x, x.compare(GE, ZEROS))
                    .div(e.add(ONES))
                    .mul(FloatVector.fromArray(SPECIES, up, i))
                    .intoArray(out, i);
        }
    }

    /** {@code exp(x)} for x up to 0, bit for bit what a lane of the loops gives. */
    public static float exp(float x) {
        if (x < LOWEST) {
            return 0;
        }
        float shifted = Math.fma(x, LOG2_E, ROUND);
        float n = shifted - ROUND;
        float r = Math.fma(n, MINUS_LN2_LOW, Math.fma(n, MINUS_LN2_HIGH, x));
        float p = Math.fma(Math.fma(Math.fma(Math.fma(C6, r, C5), r, C4), r, C3), r, C2);
        p = Math.fma(Math.fma(p, r, SCALED_ONE), r, SCALED_ONE);
        return p * Float.intBitsToFloat(Float.floatToRawIntBits(shifted) << 23);
    }

    private static FloatVector broadcast(float value) {
        return FloatVector.broadcast(SPECIES, value);
    }
}
