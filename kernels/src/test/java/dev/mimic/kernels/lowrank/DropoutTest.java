package dev.mimic.kernels.lowrank;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class DropoutTest {
    private static final int SIZE = 1001;
    private static final int ROWS = 200;

    private static float[] masks(double rate) {
        float[] x = new float[ROWS * SIZE];
        Arrays.fill(x, 1);
        long[] keys = new long[ROWS];
        for (int i = 0; i < ROWS; i++) {
            keys[i] = Dropout.key(7, i);
        }
        new Dropout(rate).apply(keys, ROWS, SIZE, x);
        return x;
    }

    @Test
    void theShareThatIsDroppedIsTheRateAndTheRestIsDividedByWhatStays() {
        for (double rate : new double[] {0.05, 0.1, 0.5, 0.9}) {
            float[] x = masks(rate);
            int zeros = 0;
            for (float value : x) {
                zeros += value == 0 ? 1 : 0;
                assertTrue(value == 0 || value == (float) (1 / (1 - rate)), "value " + value);
            }
            // five standard deviations of a binomial
            double bound = 5 * Math.sqrt(rate * (1 - rate) / x.length);
            assertEquals(rate, zeros / (double) x.length, bound);
        }
    }

    @Test
    void columnsAndRowsAreDroppedIndependently() {
        float[] x = masks(0.5);
        int equalNeighbours = 0;
        int equalRows = 0;
        for (int i = 0; i < ROWS - 1; i++) {
            for (int c = 0; c < SIZE - 1; c++) {
                equalNeighbours += x[i * SIZE + c] == x[i * SIZE + c + 1] ? 1 : 0;
                equalRows += x[i * SIZE + c] == x[(i + 1) * SIZE + c] ? 1 : 0;
            }
        }
        double count = (ROWS - 1.0) * (SIZE - 1);
        assertEquals(0.5, equalNeighbours / count, 5 * Math.sqrt(0.25 / count));
        assertEquals(0.5, equalRows / count, 5 * Math.sqrt(0.25 / count));
    }

    @Test
    void theMaskIsTheKeysAloneWhereverTheRowStands() {
        float[] all = masks(0.3);
        float[] one = new float[SIZE];
        Arrays.fill(one, 1);
        new Dropout(0.3).apply(new long[] {Dropout.key(7, 13)}, 1, SIZE, one);
        assertArrayEquals(Arrays.copyOfRange(all, 13 * SIZE, 14 * SIZE), one);
    }

    @Test
    void everyPairOfKeyAndNumberHasItsOwnKey() {
        Set<Long> keys = new HashSet<>();
        for (int key = 0; key < 100; key++) {
            for (int number = 0; number < 100; number++) {
                keys.add(Dropout.key(key, number));
            }
        }
        assertEquals(10_000, keys.size());
        assertNotEquals(Dropout.key(1, 2), Dropout.key(2, 1));
    }

    @Test
    void ratesOutOfRangeAreRefused() {
        for (double rate : new double[] {-0.1, 1, Double.NaN}) {
            assertThrows(IllegalArgumentException.class, () -> new Dropout(rate));
        }
        float[] x = masks(0);
        for (float value : x) {
            assertEquals(1, value);
        }
    }
}
