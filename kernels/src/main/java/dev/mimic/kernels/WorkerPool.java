package dev.mimic.kernels;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A fixed set of threads that run one task at a time, each on its own contiguous share of the items. Workers spin
 * briefly, then park, so that the many short stages of a decoded token are handed over in well under a microsecond.
 *
 * <p>The caller's thread takes the first share. Handing over allocates nothing. Whoever creates the pool closes it.
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

    /** About a millisecond: a spinning worker whose partner lost its core must give way. */
    private static final int SPINS = 20_000;

    private final ReentrantLock oneCaller = new ReentrantLock();
    private final Worker[] workers;
    private final AtomicInteger pending = new AtomicInteger();

    // written under oneCaller, published to the workers by the volatile write of a worker's ticket
    private Task task;
    private int items;
    private int grain;
    private volatile boolean closed;
    private volatile Throwable failure;

    private WorkerPool(int threads) {
        Shapes.positive("WorkerPool", "threads", threads);
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
     * Runs a task over {@code [0, items)} and returns when all of it is done. Each thread gets one contiguous range whose
     * bounds are multiples of {@code grain} (but for the end). Callers from several threads take turns.
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

    @SuppressWarnings("ThreadPriorityCheck") // a worker that lost its core gets the caller's
    private void handOver(int items, int grain, Task task) {
        this.items = items;
        this.grain = grain;
        this.task = task;
        failure = null;
        pending.set(workers.length);
        for (Worker worker : workers) {
            worker.wake();
        }
        runShare(0);
        int spins = 0;
        while (pending.get() != 0) {
            if (++spins < SPINS) {
                Thread.onSpinWait();
            } else {
                Thread.yield();
            }
        }
        if (failure != null) {
            switch (failure) {
                case RuntimeException e -> throw e;
                case Error e -> throw e;
                case Throwable e -> throw new IllegalStateException("run: a worker failed", e);
            }
        }
    }

    private void runShare(int index) {
        int chunks = (items + grain - 1) / grain;
        int begin = (int) ((long) chunks * index / threads()) * grain;
        int end = Math.min(items, (int) ((long) chunks * (index + 1) / threads()) * grain);
        if (begin < end) {
            try {
                task.run(begin, end);
            } catch (Throwable t) {
                failure = t;
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
        private volatile int ticket;
        private volatile boolean parked;

        Worker(int index) {
            this.index = index;
            thread = Thread.ofPlatform().daemon().name("mimic-worker-" + index).unstarted(this);
        }

        void start() {
            thread.start();
        }

        @SuppressWarnings("NonAtomicVolatileUpdate") // one writer: the caller that holds the lock
        void wake() {
            ticket = ticket + 1;
            if (parked) {
                LockSupport.unpark(thread);
            }
        }

        @Override
        public void run() {
            int done = 0;
            while (true) {
                await(done);
                done++;
                if (closed) {
                    return;
                }
                runShare(index);
                pending.decrementAndGet();
            }
        }

        private void await(int done) {
            int spins = 0;
            while (ticket == done) {
                if (++spins < SPINS) {
                    Thread.onSpinWait();
                } else {
                    parked = true;
                    if (ticket == done) {
                        LockSupport.park(WorkerPool.this);
                    }
                    parked = false;
                }
            }
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
