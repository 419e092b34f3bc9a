package dev.mimic.kernels;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A fixed set of threads that run one task at a time, cut into one contiguous share of the items a thread. Workers spin
 * briefly, then park, so that the many short stages of a decoded token are handed over in well under a microsecond.
 *
 * <p>The caller's thread takes the first share, each worker the one with its own index, so that a core sees the same rows
 * again. A share whose worker has not begun when the caller is done is taken by the caller: a worker that lost its core
 * costs its help, not its time slice. Handing over allocates nothing. Whoever creates the pool closes it.
 */
public final class WorkerPool implements AutoCloseable {
    /** Work on a range of items. Called by several threads at once, each with its own range. */
    @FunctionalInterface
    public interface Task {
        /**
         * Works on the items {@code [begin, end)}.
         *
         * @param begin first item
         * @param end one past the last item
         */
        void run(int begin, int end);
    }

    /** Work on one item. Called by several threads at once, each with its own item. */
    @FunctionalInterface
    public interface ItemTask {
        /**
         * Works on an item.
         *
         * @param item from 0
         */
        void run(int item);
    }

    /** About a millisecond: a spinning worker whose partner lost its core must give way. */
    private static final int SPINS = 20_000;

    /** About a tenth of it: a caller that waits for a worker may be what keeps the worker from a core. */
    private static final int PATIENCE = 2_000;

    private final ReentrantLock oneCaller = new ReentrantLock();
    private final Worker[] workers;

    /** Integers from one of {@link #state} to the next: two cache lines, because lines are fetched in pairs. */
    private static final int APART = 32;

    /** Where the round is in {@link #state}; the workers that wait read nothing else. */
    private static final int ROUND = APART;

    /** Shares of this round that are not finished. */
    private static final int PENDING = 2 * APART;

    /** By share, APART from each other: the last round in which somebody took it. */
    private static final int TAKEN = 3 * APART;

    /**
     * What threads tell each other, each number in cache lines of its own: a line that one thread polls and another
     * writes for other reasons goes back and forth for nothing.
     */
    private final AtomicIntegerArray state;

    // written under oneCaller, published to the workers by the volatile write of the round
    private Task task;
    private int items;
    private int grain;
    private int shares;
    private volatile boolean closed;

    /** Who waits for shares without spinning; null for nobody. */
    private volatile Thread parkedCaller;

    /** Of the round that runs; written before a share counts as finished, read when all are. */
    private Throwable failure;

    private WorkerPool(int threads) {
        Shapes.positive("WorkerPool", "threads", threads);
        state = new AtomicIntegerArray(TAKEN + threads * APART);
        workers = new Worker[threads - 1];
        for (int i = 0; i < workers.length; i++) {
            workers[i] = new Worker(i + 1);
            workers[i].start();
        }
    }

    /**
     * Makes a pool.
     *
     * @param threads threads that work at once, the caller's included; at least 1
     */
    public static WorkerPool of(int threads) {
        return new WorkerPool(threads);
    }

    /** Threads that work at once, the caller's included. */
    public int threads() {
        return workers.length + 1;
    }

    /**
     * Runs a task over {@code [0, items)} and returns when all of it is done. There is one contiguous range a thread, its
     * bounds multiples of {@code grain} (but for the end). Callers from several threads take turns.
     *
     * @param items number of items; 0 runs nothing
     * @param grain smallest share worth a thread, in items; at least 1
     * @param task what to run
     * @throws IllegalStateException if the pool is closed
     */
    public void run(int items, int grain, Task task) {
        if (items <= 0) {
            return;
        }
        if (workers.length == 0 || items <= grain) {
            task.run(0, items);
            return;
        }
        oneCaller.lock();
        try {
            if (closed) {
                throw new IllegalStateException("run: the worker pool is closed");
            }
            handOver(items, grain, task);
        } finally {
            this.task = null;
            oneCaller.unlock();
        }
    }

    /**
     * Runs a task for each of few long items and returns when all are done. Threads take items as they come.
     *
     * @param items number of items
     * @param task what to run
     * @throws IllegalStateException if the pool is closed
     */
    public void runEach(int items, ItemTask task) {
        AtomicInteger next = new AtomicInteger();
        run(Math.min(items, threads()), 1, (_, _) -> {
            for (int item = next.getAndIncrement(); item < items; item = next.getAndIncrement()) {
                task.run(item);
            }
        });
    }

    private void handOver(int items, int grain, Task task) {
        this.items = items;
        this.grain = grain;
        this.task = task;
        shares = Math.min(threads(), (items + grain - 1) / grain);
        failure = null;
        state.setPlain(PENDING, shares);
        int now = state.getPlain(ROUND) + 1; // the lock's holder alone writes it
        for (int i = shares; i < threads(); i++) {
            state.setPlain(TAKEN + i * APART, now); // no share of this round, and of no earlier one any more
        }
        state.set(ROUND, now); // publishes all of the above
        for (int i = 1; i < shares; i++) {
            workers[i - 1].wake();
        }
        runShare(0); // which is nobody else's
        for (int share = 1; share < shares; share++) {
            takeShare(share, now);
        }
        awaitShares();
        if (failure != null) {
            switch (failure) {
                case RuntimeException e -> throw e;
                case Error e -> throw e;
                case Throwable e -> throw new IllegalStateException("run: a worker failed", e);
            }
        }
    }

    /**
     * Waits for the shares that workers took. It spins, then parks rather than yields: the system moves a worker that lost
     * its core in the middle of a share to a core that is idle, not to one that is polled.
     */
    private void awaitShares() {
        int spins = 0;
        while (state.get(PENDING) != 0) {
            if (++spins < PATIENCE) {
                Thread.onSpinWait();
            } else {
                parkedCaller = Thread.currentThread();
                if (state.get(PENDING) != 0) {
                    LockSupport.park(this);
                }
                parkedCaller = null;
            }
        }
    }

    /**
     * Runs a share of a round unless somebody took it. By the end of a round all of its shares are taken, so that a worker
     * that comes late from an old round finds nothing to take, and what it reads below belongs to the round it took.
     */
    private void takeShare(int share, int now) {
        int last = state.get(TAKEN + share * APART);
        if (last - now < 0 && state.compareAndSet(TAKEN + share * APART, last, now)) {
            runShare(share);
        }
    }

    private void runShare(int share) {
        int chunks = (items + grain - 1) / grain;
        int begin = (int) ((long) chunks * share / shares) * grain;
        int end = Math.min(items, (int) ((long) chunks * (share + 1) / shares) * grain);
        try {
            task.run(begin, end);
        } catch (Throwable t) {
            failure = t;
        } finally {
            Thread caller = state.decrementAndGet(PENDING) == 0 ? parkedCaller : null;
            if (caller != null) {
                LockSupport.unpark(caller);
            }
        }
    }

    /** Ends the workers after the task that is running. Idempotent. */
    @Override
    public void close() {
        oneCaller.lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            shares = 0;
            state.set(ROUND, state.getPlain(ROUND) + 1);
            for (Worker worker : workers) {
                worker.wake();
            }
        } finally {
            oneCaller.unlock();
        }
        for (Worker worker : workers) {
            worker.joinUninterrupted();
        }
    }

    private final class Worker implements Runnable {
        private final int index;
        private final Thread thread;
        private volatile boolean parked;

        Worker(int index) {
            this.index = index;
            thread = Thread.ofPlatform().daemon().name("mimic-worker-" + index).unstarted(this);
        }

        void start() {
            thread.start();
        }

        void wake() {
            if (parked) {
                LockSupport.unpark(thread);
            }
        }

        @Override
        public void run() {
            int seen = 0;
            while (true) {
                seen = await(seen);
                if (closed) {
                    return;
                }
                takeShare(index, seen);
            }
        }

        /** Waits for another round than the one seen last, and gives it. */
        private int await(int seen) {
            int spins = 0;
            while (state.get(ROUND) == seen) {
                if (++spins < SPINS) {
                    Thread.onSpinWait();
                } else {
                    parked = true;
                    if (state.get(ROUND) == seen) {
                        LockSupport.park(WorkerPool.this);
                    }
                    parked = false;
                }
            }
            return state.get(ROUND);
        }

        void joinUninterrupted() {
            boolean interrupted = false;
            while (thread.isAlive()) {
                try {
                    thread.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
