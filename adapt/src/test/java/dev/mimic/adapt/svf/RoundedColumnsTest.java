package dev.mimic.adapt.svf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.testkit.SeededCases;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

final class RoundedColumnsTest {
    private static float[] columns(int seed, int rows, int cols) {
        var random = SeededCases.generator(seed);
        float[] matrix = new float[rows * cols];
        for (int i = 0; i < matrix.length; i++) {
            matrix[i] = (float) random.nextGaussian() * Math.scalb(1f, i % cols - 9);
        }
        return matrix;
    }

    @Test
    void everyElementIsWithinHalfAStepOfItsColumn() {
        float[] matrix = columns(1, 200, 17);
        RoundedColumns rounded = RoundedColumns.of(matrix, 200, 17);
        float[] widened = rounded.widened();
        for (int k = 0; k < 17; k++) {
            float largest = 0;
            for (int i = k; i < matrix.length; i += 17) {
                largest = Math.max(largest, Math.abs(matrix[i]));
                assertTrue(Math.abs(matrix[i] - widened[i]) <= rounded.scales()[k] * 0.50001);
            }
            assertEquals(largest / 127, rounded.scales()[k], largest / 127 * 0x1p-16);
            assertTrue(rounded.scales()[k] >= largest / 127);
        }
    }

    @Test
    void productsAreExactAndRoundingAgainChangesNothing() {
        RoundedColumns rounded = RoundedColumns.of(columns(2, 300, 12), 300, 12);
        float[] widened = rounded.widened();
        for (int i = 0; i < widened.length; i++) {
            assertEquals((double) rounded.values()[i] * rounded.scales()[i % 12], widened[i]);
        }
        RoundedColumns again = RoundedColumns.of(widened, 300, 12);
        assertArrayEquals(rounded.values(), again.values());
        assertArrayEquals(rounded.scales(), again.scales());
    }

    @Test
    void aColumnOfZerosStaysOne() {
        RoundedColumns rounded = RoundedColumns.of(new float[] {0, 1, 0, -2, -0f, 0.5f}, 3, 2);
        assertArrayEquals(new byte[] {0, 63, 0, -127, 0, 32}, rounded.values());
        assertEquals(0, rounded.scales()[0]);
        assertEquals(0, rounded.widened()[4]);
    }

    @Test
    void transposedBytesAreColumnAfterColumn() {
        RoundedColumns rounded = new RoundedColumns(2, 3, new byte[] {1, 2, 3, 4, 5, 6}, new float[3]);
        assertArrayEquals(
                new byte[] {1, 4, 2, 5, 3, 6}, rounded.transposedBytes().toArray(ValueLayout.JAVA_BYTE));
    }
}
