package dev.mimic.kernels;

import static jdk.incubator.vector.VectorOperators.GE;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LT;

import java.util.Objects;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The loops that need the exponential function: {@code exp(x) = 2^n · exp(r)} with {@code n = round(x / ln 2)} and
 * {@code |r| ≤ ln 2 / 2}. The polynomial is that of Cephes' expf (Moshier 1989), evaluated with fma. Within 1 ulp of the
 * exact value, subnormal results included; every lane is a function of its own element alone.
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

    private static final float C7 = 1.9875691e-4f;
    private static final float C6 = 1.3981999e-3f;
    private static final float C5 = 8.333452e-3f;
    private static final float C4 = 4.1665796e-2f;
    private static final float C3 = 1.6666666e-1f;
    private static final float C2 = 5.0e-1f;
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
     * Weights of a softmax: makes {@code count} vectors of x, {@code stride} elements apart, {@code exp(x - shift)}, and
     * their sum a vector of sums. Lane for lane: 0 for -Inf, NaN for NaN, exactly 1 for a difference of 0.
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
        FloatVector sum = FloatVector.zero(SPECIES);
        for (int i = 0; i < count; i++) {
            FloatVector t =
                    FloatVector.fromArray(SPECIES, x, offset + i * stride).sub(shift);
            FloatVector shifted = t.fma(LOG2_ES, ROUNDS);
            FloatVector n = shifted.sub(ROUNDS);
            FloatVector r = n.fma(MINUS_LN2_LOWS, n.fma(MINUS_LN2_HIGHS, t));
            FloatVector p = C7S.fma(r, C6S)
                    .fma(r, C5S)
                    .fma(r, C4S)
                    .fma(r, C3S)
                    .fma(r, C2S)
                    .fma(r, ONES)
                    .fma(r, ONES);
            FloatVector scale = shifted.reinterpretAsInts().lanewise(LSHL, 23).reinterpretAsFloats(); // 2^(n + 24)
            FloatVector e = p.mul(scale).mul(UNSCALES).blend(ZEROS, t.compare(LT, LOWESTS));
            e.intoArray(x, offset + i * stride);
            sum = sum.add(e);
        }
        sum.intoArray(sums, vector);
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
            FloatVector p = C7S.fma(r, C6S)
                    .fma(r, C5S)
                    .fma(r, C4S)
                    .fma(r, C3S)
                    .fma(r, C2S)
                    .fma(r, ONES)
                    .fma(r, ONES);
            FloatVector scale = shifted.reinterpretAsInts().lanewise(LSHL, 23).reinterpretAsFloats();
            FloatVector e = p.mul(scale).mul(UNSCALES).blend(ZEROS, t.compare(LT, LOWESTS));
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
        float p = Math.fma(Math.fma(Math.fma(Math.fma(C7, r, C6), r, C5), r, C4), r, C3);
        p = Math.fma(Math.fma(Math.fma(p, r, C2), r, 1), r, 1);
        float scale = Float.intBitsToFloat(Float.floatToRawIntBits(shifted) << 23);
        return p * scale * UNSCALE;
    }

    private static FloatVector broadcast(float value) {
        return FloatVector.broadcast(SPECIES, value);
    }
}
