package dev.mimic.kernels.matrix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.IntToLongFunction;
import org.junit.jupiter.api.Test;

/** Times are what a clock by hand says: nothing here depends on this machine. */
final class GemvTunerTest {
    private static final int ROWS = 1000;
    private static final long SIZE = GemvTuner.LEAST;

    /** Of a product in streams, in nanoseconds. */
    private static final long STREAMS = 100_000;

    private long now;
    private final GemvTuner tuner = new GemvTuner(GemvForm.BEST, () -> now);

    /** Runs a product and gives the rows that took the sequential form; {@code time} is that of the product by those. */
    private int product(long weights, IntToLongFunction time) {
        tuner.begin(weights);
        int rows = tuner.sequentialUntil(0, ROWS);
        now += time.applyAsLong(rows);
        tuner.end();
        return rows;
    }

    /** Runs products until a form is chosen, and gives how many were sequential as a whole. */
    private int choose(IntToLongFunction time) {
        int whole = 0;
        for (int i = 0; i < 100_000; i++) {
            int rows = product(SIZE, time);
            if (!tuner.isTrying()) { // the first product after the choice
                return whole;
            }
            whole += rows == ROWS ? 1 : 0;
        }
        throw new AssertionError("no form is chosen after 100000 products");
    }

    private static IntToLongFunction sequentialTakes(double ofStreams) {
        return rows -> rows == ROWS ? (long) (ofStreams * STREAMS) : STREAMS;
    }

    private int chosenRows(long weights) {
        return product(weights, _ -> STREAMS);
    }

    @Test
    void theFasterFormStaysForProductsOfAllSizes() {
        assertEquals(GemvTuner.SAMPLES, choose(sequentialTakes(0.8)));
        assertEquals(ROWS, chosenRows(SIZE));
        assertEquals(ROWS, chosenRows(1));
        assertEquals("sequential (sequential took 0.80 of streams' time)", tuner.toString());
    }

    @Test
    void streamsStayWhereTheOtherFormIsSlower() {
        assertEquals(GemvTuner.SAMPLES, choose(sequentialTakes(1.2)));
        assertEquals(0, chosenRows(SIZE));
        assertEquals("streams (sequential took 1.20 of streams' time)", tuner.toString());
    }

    @Test
    void aGainWithinNoiseChangesNothing() {
        choose(sequentialTakes(0.98));
        assertEquals(0, chosenRows(SIZE));
    }

    @Test
    void aChoiceIsNeverMadeAgain() {
        choose(sequentialTakes(0.8));
        for (int i = 0; i < 1_000; i++) {
            assertEquals(ROWS, product(SIZE, sequentialTakes(2)));
            assertFalse(tuner.isTrying());
        }
    }

    @Test
    void nothingIsTriedAtTheStartAndFewRowsWhileTheFormIsCompiled() {
        assertEquals("streams (not measured yet)", tuner.toString());
        for (long begin = now; now - begin < GemvTuner.WAIT; ) {
            assertEquals(0, product(SIZE, _ -> STREAMS));
            assertTrue(tuner.isTrying());
        }
        int few = 0;
        for (long begin = now; now - begin < GemvTuner.WARM_UP; few++) {
            assertEquals(GemvTuner.WARM_ROWS, product(SIZE, _ -> STREAMS));
        }
        assertTrue(few >= GemvTuner.WARM_CALLS);
        assertEquals(0, product(SIZE, _ -> STREAMS));
        assertEquals(ROWS, product(SIZE, _ -> STREAMS));
    }

    @Test
    void aSlowProcessWarmsUpByProductsNotByTime() {
        int few = 0;
        int rows = 0;
        while (rows != ROWS) {
            rows = product(SIZE, _ -> GemvTuner.WARM_UP);
            few += rows == GemvTuner.WARM_ROWS ? 1 : 0;
        }
        assertEquals(GemvTuner.WARM_CALLS, few);
    }

    @Test
    void someProductsThatLostTheirCoreChangeNoMedian() {
        int[] products = {0};
        choose(rows -> sequentialTakes(0.8).applyAsLong(rows) * (products[0]++ / 2 % 3 == 0 && rows == ROWS ? 10 : 1));
        assertEquals(ROWS, chosenRows(SIZE));
    }

    @Test
    void onlyTheSmallestSizeThatCameByIsTimed() {
        product(3 * SIZE, _ -> STREAMS);
        product(2 * SIZE, _ -> GemvTuner.WAIT);
        for (int i = 0; i < GemvTuner.WARM_CALLS; i++) {
            assertEquals(GemvTuner.WARM_ROWS, product((2 + i % 2) * SIZE, _ -> GemvTuner.WARM_UP));
        }
        for (int i = 0; i < 2 * GemvTuner.SAMPLES; i++) {
            assertEquals(i % 2 == 0 ? 0 : ROWS, product(2 * SIZE, sequentialTakes(0.8)));
            assertTrue(tuner.isTrying());
            if (i < 2 * GemvTuner.SAMPLES - 1) {
                assertEquals(0, product(3 * SIZE, sequentialTakes(9)));
                assertFalse(tuner.isTrying());
                assertEquals(0, product(SIZE, sequentialTakes(9)));
            }
        }
        assertEquals("sequential (sequential took 0.80 of streams' time)", tuner.toString());
    }

    @Test
    void smallProductsAreNeverTried() {
        for (int i = 0; i < 2_000; i++) {
            assertEquals(0, product(SIZE - 1, _ -> GemvTuner.WARM_UP));
            assertFalse(tuner.isTrying());
        }
    }

    @Test
    void aForcedFormIsTakenAtOnceAndForEver() {
        for (GemvForm form : new GemvForm[] {GemvForm.STREAMS, GemvForm.SEQUENTIAL}) {
            GemvTuner forced = new GemvTuner(form, () -> {
                throw new AssertionError("a forced form is not timed");
            });
            for (int i = 0; i < 1_000; i++) {
                forced.begin(SIZE);
                assertEquals(form == GemvForm.SEQUENTIAL ? ROWS : 5, forced.sequentialUntil(5, ROWS));
                forced.end();
                assertFalse(forced.isTrying());
            }
            assertEquals(form + " (mimic.gemv)", forced.toString());
        }
    }

    @Test
    void everyNamedFormIsKnownAndAnythingElseIsAnErrorOfOneLine() {
        assertEquals(GemvForm.BEST, GemvForm.of("best"));
        assertEquals(GemvForm.STREAMS, GemvForm.of("streams"));
        assertEquals(GemvForm.SEQUENTIAL, GemvForm.of("sequential"));
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> GemvForm.of("rows"));
        assertEquals("mimic.gemv: is 'rows', expected best, streams or sequential", e.getMessage());
    }
}
