package dev.mimic.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.testkit.SeededCases;
import java.util.Arrays;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

final class VectorExpTest {
    private static final int LANES = VectorWidth.SPECIES.length();
    private static final float SMALLEST = Float.MIN_VALUE;

    @Test
    void itIsWithinOneUlpOfTheExactValueAndNeverDescends() {
        float[] x = new float[LANES];
        float before = 0;
        int lane = 0;
        // every 503rd float from -105 up to the smallest below 0
        for (int magnitude = Float.floatToIntBits(105f); magnitude > 0; magnitude -= 503) {
            x[lane++] = -Float.intBitsToFloat(magnitude);
            if (lane == LANES) {
                before = check(x, before);
                lane = 0;
            }
        }
    }

    private static float check(float[] x, float before) {
        float[] y = exp(x);
        float last = before;
        for (int lane = 0; lane < LANES; lane++) {
            double exact = Math.exp(x[lane]);
            if (!(Math.abs(y[lane] - exact) <= Math.ulp((float) exact)) || y[lane] < last) {
                throw new AssertionError(
                        "exp(" + x[lane] + ") is " + y[lane] + ", expected " + exact + " and at least " + last);
            }
            assertEquals(y[lane], VectorExp.exp(x[lane]));
            last = y[lane];
        }
        return last;
    }

    @Test
    void extremesAreZeroInfinityAndNan() {
        assertEquals(0f, exp(Float.NEGATIVE_INFINITY));
        assertEquals(0f, exp(-Float.MAX_VALUE));
        assertEquals(0f, exp(-104f));
        assertEquals(SMALLEST, exp(-103.9f));
        assertEquals((float) Math.exp(-87.5), exp(-87.5f));
        assertEquals(1f, exp(0f));
        assertEquals(1f, exp(-0f));
        assertEquals(1f, exp(-SMALLEST));
        assertTrue(Float.isNaN(exp(Float.NaN)));
    }

    @Test
    void aLaneIsAFunctionOfItsOwnElement() {
        float[] x = new float[LANES];
        for (int lane = 0; lane < LANES; lane++) {
            x[lane] = lane % 3 == 0 ? Float.NaN : lane % 3 == 1 ? -200f : Float.NEGATIVE_INFINITY;
        }
        for (int lane = 0; lane < LANES; lane++) {
            float[] mixed = x.clone();
            mixed[lane] = -1.25f;
            assertEquals(exp(-1.25f), exp(mixed)[lane]);
        }
    }

    private static float exp(float x) {
        float[] lanes = new float[LANES];
        Arrays.fill(lanes, x);
        float y = exp(lanes)[0];
        assertEquals(y, VectorExp.exp(x));
        return y;
    }

    private static float[] exp(float[] x) {
        float[] y = x.clone();
        float[] sums = new float[LANES];
        VectorExp.weigh(y, 0, LANES, 1, new float[LANES], sums, 0);
        assertArrayEquals(y, sums);
        return y;
    }

    @Test
    void vectorsTakenInPairsAreAsEachAloneAndTheirSumIsOfEvenAndOdd() {
        int stride = 2 * LANES + 3;
        RandomGenerator random = SeededCases.generator(1);
        for (int count : new int[] {0, 1, 2, 3, 5, 8}) {
            float[] x = new float[1 + 8 * stride];
            for (int i = 0; i < x.length; i++) {
                x[i] = i % 11 == 0 ? Float.NEGATIVE_INFINITY : -110 * random.nextFloat();
            }
            x[1 + stride] = Float.NaN; // in the second vector: the first lane's sum from two vectors on
            float[] shifts = new float[2 * LANES];
            Arrays.fill(shifts, LANES, 2 * LANES, 0.75f);
            float[] expected = x.clone();
            float[] even = new float[LANES];
            float[] odd = new float[LANES];
            for (int i = 0; i < count; i++) {
                float[] sum = i % 2 == 0 ? even : odd;
                for (int lane = 0; lane < LANES; lane++) {
                    int at = 1 + i * stride + lane;
                    expected[at] = VectorExp.exp(x[at] - 0.75f);
                    sum[lane] += expected[at];
                }
            }
            float[] sums = new float[2 * LANES];
            VectorExp.weigh(x, 1, stride, count, shifts, sums, LANES);
            assertBits(expected, x, count + " vectors");
            float[] total = new float[2 * LANES];
            for (int lane = 0; lane < LANES; lane++) {
                total[LANES + lane] = even[lane] + odd[lane];
            }
            assertBits(total, sums, "sums of " + count + " vectors");
        }
    }

    private static void assertBits(float[] expected, float[] actual, String what) {
        for (int i = 0; i < expected.length; i++) {
            assertEquals(Float.floatToIntBits(expected[i]), Float.floatToIntBits(actual[i]), what + ", element " + i);
        }
    }

    @Test
    void rangesOutsideOfTheArraysAreRefusedWhateverTheJvmChecks() {
        float[] x = new float[4 * LANES];
        float[] lanes = new float[LANES];
        refused(() -> VectorExp.weigh(x, 1, LANES, 4, lanes, lanes, 0));
        refused(() -> VectorExp.weigh(x, -1, LANES, 1, lanes, lanes, 0));
        refused(() -> VectorExp.weigh(x, 0, Integer.MAX_VALUE, 3, lanes, lanes, 0));
        refused(() -> VectorExp.weigh(x, 0, LANES, 1, lanes, x, 3 * LANES + 1));
        refused(() -> VectorExp.weigh(x, 0, LANES, 1, lanes, lanes, 1));
        refused(() -> VectorExp.swiGlu(x, x, lanes, 0, 2 * LANES));
        refused(() -> VectorExp.swiGlu(x, x, x, 1, 4 * LANES));
        refused(() -> VectorExp.swiGlu(x, x, x, -LANES, 0));
        refused(() -> VectorLanes.sum(lanes, 1));
    }

    private static void refused(Executable call) {
        assertThrows(IndexOutOfBoundsException.class, call);
    }
}
