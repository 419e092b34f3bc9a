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
    void eachOfFewLongItemsRunsOnce() {
        try (WorkerPool pool = WorkerPool.of(3)) {
            for (int items = 0; items < 9; items++) {
                AtomicIntegerArray seen = new AtomicIntegerArray(items);
                pool.runEach(items, item -> {
                    long end = System.nanoTime() + 500_000L * (item % 3); // longer than a caller or a worker spins
                    while (System.nanoTime() < end) {
                        Thread.onSpinWait();
                    }
                    seen.incrementAndGet(item);
                });
                for (int i = 0; i < items; i++) {
                    assertEquals(1, seen.get(i), "item " + i + " of " + items);
                }
            }
            IllegalStateException e = assertThrows(
                    IllegalStateException.class,
                    () -> pool.runEach(5, item -> {
                        if (item == 3) {
                            throw new IllegalStateException("three");
                        }
                    }));
            assertEquals("three", e.getMessage());
        }
    }

    @Test
    void manyShortRoundsOfChangingSizeRunEveryItemOnce() {
        try (WorkerPool pool = WorkerPool.of(4)) {
            AtomicIntegerArray seen = new AtomicIntegerArray(8);
            for (int round = 0; round < 200_000; round++) {
                int items = 1 + round % 8;
                pool.run(items, 1, (begin, end) -> {
                    for (int i = begin; i < end; i++) {
                        seen.incrementAndGet(i);
                    }
                });
            }
            for (int i = 0; i < 8; i++) {
                assertEquals(25_000 * (8 - i), seen.get(i), "item " + i);
            }
        }
    }

    @Test
    void aShareIsRunOnceWhileWorkersAreHeldUp() throws InterruptedException {
        try (WorkerPool pool = WorkerPool.of(3)) {
            Thread[] noise = new Thread[6];
            boolean[] stop = new boolean[1];
            for (int i = 0; i < noise.length; i++) {
                noise[i] = Thread.ofPlatform().daemon().start(() -> {
                    while (!stop(stop)) {
                        Thread.onSpinWait();
                    }
                });
            }
            AtomicIntegerArray seen = new AtomicIntegerArray(3);
            for (int round = 0; round < 2_000; round++) {
                pool.run(3, 1, (begin, end) -> {
                    for (int i = begin; i < end; i++) {
                        seen.incrementAndGet(i);
                    }
                });
            }
            synchronized (stop) {
                stop[0] = true;
            }
            for (Thread thread : noise) {
                thread.join();
            }
            for (int i = 0; i < 3; i++) {
                assertEquals(2_000, seen.get(i), "item " + i);
            }
        }
    }

    private static boolean stop(boolean[] flag) {
        synchronized (flag) {
            return flag[0];
        }
    }

    @Test
    void aFailureOfAWorkerReachesTheCallerAndThePoolGoesOn() {
        try (WorkerPool pool = WorkerPool.of(2)) {
            assertThrows(
                    ArithmeticException.class,
                    () -> pool.run(2, 1, (begin, end) -> {
                        if (end == 2) {
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
