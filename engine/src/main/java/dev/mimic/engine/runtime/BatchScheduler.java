package dev.mimic.engine.runtime;

import dev.mimic.engine.model.KeyValueCaches;
import dev.mimic.engine.model.Transformer;
import dev.mimic.engine.trace.BatchTrace;
import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.attention.KeyValueType;
import dev.mimic.kernels.svf.SvfKernels.Phase;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The thread that runs a model. Requests of any thread queue up; each turn admits what there is room for, runs one step of
 * prompts and one decoding step for all rows of the {@link Batch} together. Only {@link #run} has help of the pool's
 * threads.
 */
public final class BatchScheduler implements AutoCloseable {
    private final KeyValueCaches caches;
    private final int maxBatch;
    private final long cacheBytes;
    private final Runnable beforeWork;
    private final WorkerPool pool;
    private final Batch batch;
    private final Thread thread;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition work = lock.newCondition();
    // all below guarded by lock
    private final Queue<GenerationTask> tasks = new ArrayDeque<>();
    private final Queue<Call<?>> calls = new ArrayDeque<>();
    private boolean closed;

    /**
     * Starts the thread.
     *
     * @param maxBatch rows decoded together at most; no more than the transformer's rows
     * @param type how keys and values are held
     * @param cacheBytes keys and values of these rows at most; one row alone may have more
     * @param beforeWork runs before each prompt, in {@link #run} on several threads at once; what it throws ends that
     *     request
     */
    public BatchScheduler(
            Transformer transformer, int maxBatch, KeyValueType type, long cacheBytes, Runnable beforeWork) {
        this.maxBatch = maxBatch;
        this.cacheBytes = cacheBytes;
        this.beforeWork = beforeWork;
        this.pool = transformer.backend().pool();
        this.caches = new KeyValueCaches(transformer.config(), type);
        this.batch = new Batch(transformer, maxBatch, caches, cacheBytes, beforeWork, Phase.DECODE);
        this.thread = Thread.ofPlatform().daemon().name("mimic-scheduler").unstarted(this::loop);
        thread.start();
    }

    /**
     * Queues rows, all of them before any begins.
     *
     * @throws IllegalStateException if the engine is closed
     */
    public void submit(List<GenerationTask> all) {
        enqueue(tasks, all);
    }

    /**
     * Runs something that needs the transformer between two steps and waits for it.
     *
     * @throws IllegalStateException if the engine is closed, or this is the scheduler's own thread
     */
    public <T> T call(Callable<T> call) {
        checkMayWait();
        CompletableFuture<T> result = new CompletableFuture<>();
        enqueue(calls, List.of(new Call<>(call, result)));
        return await(result);
    }

    /**
     * Rows that are run by themselves.
     *
     * @param decoder over the same weights; has room for all rows that are decoded together
     * @param trace sees every step
     */
    public record Part(Transformer decoder, List<GenerationTask> tasks, BatchTrace trace) {}

    /**
     * Runs rows by themselves between two steps of the others, shows traces every one of their steps, and waits for them.
     * The linear layers of new tokens add up in the order of prompts: rows are many, and they are learned from. Their
     * keys and values have the bytes that the others, which keep theirs meanwhile, leave; one row alone may have more.
     * Several parts are run by several threads, and share rows and bytes alike.
     *
     * @param parts with kernels of their own each, where there are several
     * @throws IllegalStateException if the engine is closed, before or meanwhile, or this is the scheduler's own thread
     */
    public void run(List<Part> parts) {
        call(() -> {
            int most = Math.ceilDiv(maxBatch, parts.size());
            long left = Math.max(0, cacheBytes - batch.cacheBytesTaken()) / parts.size();
            pool.runEach(parts.size(), i -> run(parts.get(i), most, left));
            return null;
        });
    }

    private void run(Part part, int most, long bytes) {
        int rows = Math.min(most, part.decoder().rows());
        new Batch(part.decoder(), rows, caches, bytes, beforeWork, Phase.PREFILL)
                .run(part.tasks(), part.trace(), this::checkOpen);
    }

    private record Call<T>(Callable<T> work, CompletableFuture<T> result) {
        void run() {
            try {
                result.complete(work.call());
            } catch (Throwable t) {
                result.completeExceptionally(t);
            }
        }
    }

    /**
     * Checks that the caller may wait for this scheduler.
     *
     * @throws IllegalStateException if it is the scheduler's own thread
     */
    public void checkMayWait() {
        if (Thread.currentThread().equals(thread)) {
            throw new IllegalStateException("engine: a listener must not wait for its own engine");
        }
    }

    private static <T> T await(CompletableFuture<T> result) {
        try {
            return result.join();
        } catch (CompletionException e) {
            switch (e.getCause()) {
                case RuntimeException cause -> throw cause;
                case Error cause -> throw cause;
                case Throwable cause -> throw new IllegalStateException(cause.getMessage(), cause);
            }
        }
    }

    private <T> void enqueue(Queue<T> queue, List<? extends T> items) {
        lock.lock();
        try {
            if (closed) {
                throw closedException();
            }
            queue.addAll(items);
            work.signal();
        } finally {
            lock.unlock();
        }
    }

    private void checkOpen() {
        lock.lock();
        try {
            if (closed) {
                throw closedException();
            }
        } finally {
            lock.unlock();
        }
    }

    private static IllegalStateException closedException() {
        return new IllegalStateException("engine: it is closed");
    }

    private void loop() {
        while (admit()) {
            batch.prefill(BatchTrace.NONE);
            batch.decode(BatchTrace.NONE);
        }
        batch.fail(closedException());
        caches.close();
        // nobody adds any more
        for (GenerationTask task : tasks) {
            task.completion().completeExceptionally(closedException());
        }
        for (Call<?> call : calls) {
            call.result().completeExceptionally(closedException());
        }
    }

    /** Runs what was called, takes rows while there is room, waits when there is nothing to do; false when closed. */
    private boolean admit() {
        while (true) {
            Call<?> call;
            GenerationTask task;
            lock.lock();
            try {
                while (!closed && batch.active() == 0 && calls.isEmpty() && tasks.isEmpty()) {
                    work.awaitUninterruptibly();
                }
                if (closed) {
                    return false;
                }
                call = calls.poll();
                task = call == null && batch.roomFor(tasks.peek()) ? tasks.poll() : null;
            } finally {
                lock.unlock();
            }
            if (call != null) {
                call.run();
            } else if (task != null) {
                batch.admit(task, 0);
            } else if (batch.active() > 0) {
                return true;
            }
        }
    }

    /** Ends all requests with an error after their step, waits for the thread. Idempotent; not from a listener. */
    @Override
    public void close() {
        if (Thread.currentThread().equals(thread)) {
            throw new IllegalStateException("engine: a listener must not close its own engine");
        }
        lock.lock();
        try {
            closed = true;
            work.signal();
        } finally {
            lock.unlock();
        }
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
