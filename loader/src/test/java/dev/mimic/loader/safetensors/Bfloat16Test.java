package dev.mimic.loader.safetensors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

final class Bfloat16Test {
    @Test
    void everyValueOfItsOwnComesBack() {
        for (int bits = 0; bits < 1 << 16; bits++) {
            float value = Bfloat16.toFloat((short) bits);
            if (Float.isNaN(value)) {
                assertTrue(Float.isNaN(Bfloat16.toFloat(Bfloat16.of(value))));
            } else {
                assertEquals((short) bits, Bfloat16.of(value));
            }
        }
    }

    @Test
    void roundsToTheNearestAndTiesToEven() {
        float step = 0x1p-7f; // between neighbours from 1 on
        for (int i = 0; i < 126; i++) {
            float low = 1 + i * step;
            float high = low + step;
            float even = i % 2 == 0 ? low : high;
            for (int sign : new int[] {1, -1}) {
                assertEquals(sign * even, rounded(sign * (low + step / 2)));
                assertEquals(sign * low, rounded(sign * Math.nextDown(low + step / 2)));
                assertEquals(sign * high, rounded(sign * Math.nextUp(low + step / 2)));
            }
        }
    }

    @Test
    void whatIsBeyondTheLargestBecomesInfinite() {
        assertEquals(Float.POSITIVE_INFINITY, rounded(Float.MAX_VALUE));
        assertEquals(Float.NEGATIVE_INFINITY, rounded(-Float.MAX_VALUE));
        assertTrue(Float.isNaN(rounded(Float.intBitsToFloat(0x7f800001))), "a NaN with a payload in the lower half");
    }

    private static float rounded(float value) {
        return Bfloat16.toFloat(Bfloat16.of(value));
    }
}
