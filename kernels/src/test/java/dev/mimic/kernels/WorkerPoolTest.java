package dev.mimic.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;

final class WorkerPoolTest {
    @Test
    void everyItemRunsOnceWhateverTheSplit() {
        try (WorkerPool pool = WorkerPool.of(3)) {
            for (int items = 0; items < 40; items++) {
                for (int grain = 1; grain < 9; grain++) {
                    AtomicIntegerArray seen = new AtomicIntegerArray(items);
                    pool.run(items, grain, (begin, end) -> {
                        for (int i = begin; i < end; i++) {
                            seen.incrementAndGet(i);
                        }
                    });
                    for (int i = 0; i < items; i++) {
                        assertEquals(1, seen.get(i), "item " + i + " of " + items + ", grain " + grain);
                    }
                }
            }
        }
    }

    @Test
    void aFailureOfAWorkerReachesTheCallerAndThePoolGoesOn() {
        try (WorkerPool pool = WorkerPool.of(2)) {
            assertThrows(
                    ArithmeticException.class,
                    () -> pool.run(2, 1, (begin, end) -> {
                        if (begin == 1) {
                            throw new ArithmeticException("planted");
                        }
                    }));
            int[] sum = new int[2];
            pool.run(2, 1, (begin, end) -> sum[begin] = 1);
            assertEquals(2, sum[0] + sum[1]);
        }
    }

    @Test
    void aClosedPoolRefusesWork() {
        WorkerPool pool = WorkerPool.of(2);
        pool.close();
        assertThrows(IllegalStateException.class, () -> pool.run(2, 1, (begin, end) -> {}));
    }
}
