package dev.mimic.kernels.roofline;

import java.util.concurrent.atomic.AtomicInteger;

/** What a hand-over costs at least: two threads that answer each other through one variable, without a pool. */
final class HandOver {
    private static final int TURNS = 20_000;

    /** Turns of waiting after which a thread gives way: where threads share a core, the other one must run. */
    private static final int PATIENCE = 10_000;

    /** Seconds from a question to its answer. */
    double seconds() {
        AtomicInteger turn = new AtomicInteger();
        Thread other = Thread.ofPlatform().daemon().name("mimic-hand-over").start(() -> {
            for (int i = 0; i < TURNS; i++) {
                await(turn, 2 * i + 1);
                turn.set(2 * i + 2);
            }
        });
        turn.set(1);
        await(turn, 2);
        long start = System.nanoTime();
        for (int i = 1; i < TURNS; i++) {
            turn.set(2 * i + 1);
            await(turn, 2 * i + 2);
        }
        double seconds = (System.nanoTime() - start) / 1e9 / (TURNS - 1);
        try {
            other.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return seconds;
    }

    @SuppressWarnings("ThreadPriorityCheck") // a hint for machines with fewer cores than threads
    private static void await(AtomicInteger turn, int value) {
        int spins = 0;
        while (turn.get() != value) {
            if (++spins < PATIENCE) {
                Thread.onSpinWait();
            } else {
                Thread.yield();
            }
        }
    }
}
