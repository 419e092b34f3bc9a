package dev.mimic.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.testkit.SeededCases;
import org.junit.jupiter.api.Test;

final class Bf16PlanesTest {
    private static double sum(float x) {
        short[] planes = new short[3];
        Bf16Planes.split(new float[] {x}, 0, 1, planes);
        double sum = 0;
        for (short plane : planes) {
            sum += Float.intBitsToFloat(plane << 16);
        }
        return sum;
    }

    @Test
    void threePlanesAreTheNumber() {
        SeededCases.run(1, 1, random -> {
            for (int i = 0; i < 1_000_000; i++) {
                float x = Float.intBitsToFloat(random.nextInt());
                if (Math.abs(x) < 0x1p-110) {
                    assertTrue(Math.abs(x - sum(x)) < 0x1p-133, () -> x + " became " + sum(x));
                } else {
                    assertEquals(x, sum(x));
                }
            }
        });
        for (float x : new float[] {0, 1, -1.5f, Float.MIN_NORMAL, 0x1.fffffep-110f, Float.MAX_VALUE}) {
            assertEquals(x, sum(x));
        }
    }

    @Test
    void whatIsNotFiniteStaysWhatItIs() {
        assertEquals(Double.POSITIVE_INFINITY, sum(Float.POSITIVE_INFINITY));
        assertEquals(Double.NEGATIVE_INFINITY, sum(Float.NEGATIVE_INFINITY));
        for (int bits : new int[] {0x7fc00000, 0x7f800001, 0xff800001, 0xffffffff}) {
            assertTrue(Double.isNaN(sum(Float.intBitsToFloat(bits))));
        }
    }

    @Test
    void planesAreAsManyAsTheNumbersNeed() {
        short[] planes = new short[9];
        assertEquals(1, Bf16Planes.split(new float[] {9, 1, 0, -2.5f}, 1, 3, planes));
        assertEquals(2, Bf16Planes.split(new float[] {1, 1 + 0x1p-12f, 0}, 0, 3, planes));
        assertEquals(3, Bf16Planes.split(new float[] {1, 1 + 0x1p-12f + 0x1p-23f, 0}, 0, 3, planes));
        assertEquals(3, Bf16Planes.split(new float[] {1, Float.POSITIVE_INFINITY, 0}, 0, 3, planes));
        assertEquals(1, Bf16Planes.split(new float[0], 0, 0, planes));
    }

    @Test
    void planesLieOneAfterTheOther() {
        short[] planes = new short[6];
        Bf16Planes.split(new float[] {1 + 0x1p-12f, 2}, 0, 2, planes);
        assertEquals(1, Float.intBitsToFloat(planes[0] << 16));
        assertEquals(2, Float.intBitsToFloat(planes[1] << 16));
        assertEquals(0x1p-12f, Float.intBitsToFloat(planes[2] << 16));
        assertEquals(0, Float.intBitsToFloat(planes[3] << 16));
    }
}
