package dev.mimic.engine.runtime;

import dev.mimic.engine.model.KeyValueCaches;
import dev.mimic.engine.model.Step;
import dev.mimic.engine.model.Transformer;
import dev.mimic.engine.trace.ForwardTrace;
import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.attention.KeyValueType;
import dev.mimic.kernels.svf.SvfKernels.Phase;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The one thread that runs a model. Requests of any thread queue up; each turn admits what there is room for, runs one
 * step of prompts, packed, and one decoding step for all rows together. A row draws with its own sampler and ends by
 * itself; its failure ends it alone. Nothing is allocated per decoded token.
 */
public final class BatchScheduler implements AutoCloseable {
    private static final int LOGITS_WORTH_A_THREAD = 4096;

    private final Transformer transformer;
    private final long cacheBytes;
    private final Runnable beforeWork;
    private final Step step;
    private final Row[] rows;
    private final int[] packed;
    private final int[] lastRows;
    private final int vocabulary;
    private final KeyValueCaches caches;
    private final Row[] drawing;
    private final WorkerPool.Task choose = this::choose;
    private final Thread thread;
    private int active;
    private float[] logits = {};

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
     * @param beforeWork runs before each prompt; what it throws ends that request
     */
    public BatchScheduler(
            Transformer transformer, int maxBatch, KeyValueType type, long cacheBytes, Runnable beforeWork) {
        this.transformer = transformer;
        this.cacheBytes = cacheBytes;
        this.beforeWork = beforeWork;
        this.step = transformer.newStep();
        this.rows = new Row[maxBatch];
        this.packed = new int[maxBatch];
        this.lastRows = new int[maxBatch];
        this.drawing = new Row[maxBatch];
        this.caches = new KeyValueCaches(transformer.config(), type);
        this.vocabulary = transformer.config().vocabularySize();
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

    private static IllegalStateException closedException() {
        return new IllegalStateException("engine: it is closed");
    }

    private void loop() {
        while (admit()) {
            prefill();
            decode();
        }
        for (int i = 0; i < active; i++) {
            rows[i].fail(closedException());
        }
        active = 0;
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
                while (!closed && active == 0 && calls.isEmpty() && tasks.isEmpty()) {
                    work.awaitUninterruptibly();
                }
                if (closed) {
                    return false;
                }
                call = calls.poll();
                task = call == null && roomFor(tasks.peek()) ? tasks.poll() : null;
            } finally {
                lock.unlock();
            }
            if (call != null) {
                call.run();
            } else if (task != null) {
                admit(task);
            } else if (active > 0) {
                return true;
            }
        }
    }

    private boolean roomFor(GenerationTask next) {
        if (next == null || active == rows.length) {
            return false;
        }
        long taken = 0;
        for (int i = 0; i < active; i++) {
            taken += Row.cacheBytes(rows[i].task(), caches);
        }
        return active == 0 || taken + Row.cacheBytes(next, caches) <= cacheBytes;
    }

    private void admit(GenerationTask task) {
        StopCause over = task.cancelled() ? StopCause.CANCELLED : task.late() ? StopCause.DEADLINE : null;
        if (over == null && task.limit() == 0) {
            over = StopCause.LENGTH;
        }
        if (over != null) {
            task.completion().complete(Completion.empty(over));
            return;
        }
        try {
            beforeWork.run();
            rows[active] = new Row(task, transformer.config(), caches);
            active++;
        } catch (Throwable t) {
            task.completion().completeExceptionally(t);
        }
    }

    /** One step of prompts, packed in the order of admission; a prompt longer than the step takes several turns. */
    private void prefill() {
        step.prefill();
        int blocks = 0;
        int ended = 0;
        for (int i = 0; i < active && step.rows() < step.capacity(); i++) {
            if (rows[i].prefilling()) {
                StopCause end = rows[i].interrupted();
                if (end == null) {
                    packed[blocks++] = i;
                    if (rows[i].addBlockTo(step)) {
                        lastRows[ended] = step.rows() - 1;
                        ended = blocks; // only the step's last block may be without its prompt's end
                    }
                } else {
                    rows[i].finish(end);
                    rows[i] = null;
                }
            }
        }
        if (blocks > 0) {
            try {
                step.want(lastRows, ended);
                transformer.forward(step, ForwardTrace.NONE);
                if (ended > 0) {
                    reserveLogits(ended);
                    transformer.logits(Phase.DECODE, 0, ended, logits);
                }
                for (int i = 0; i < ended; i++) {
                    drawing[i] = rows[packed[i]];
                }
                choose(ended);
                for (int i = 0; i < ended; i++) {
                    take(packed[i]);
                }
            } catch (Throwable t) {
                failPacked(blocks, t);
            }
        }
        removeFinished();
    }

    /** A step that fails as a whole has nothing to give to any of its rows. */
    private void failPacked(int blocks, Throwable failure) {
        for (int i = 0; i < blocks; i++) {
            if (rows[packed[i]] != null) {
                rows[packed[i]].fail(failure);
                rows[packed[i]] = null;
            }
        }
    }

    /** One token more for every row whose prompt is done. */
    private void decode() {
        step.decode();
        int decoded = 0;
        for (int i = 0; i < active; i++) {
            if (!rows[i].prefilling()) {
                StopCause end = rows[i].interrupted();
                if (end == null) {
                    rows[i].addTo(step);
                    drawing[decoded++] = rows[i];
                } else {
                    rows[i].finish(end);
                    rows[i] = null;
                }
            }
        }
        removeFinished();
        if (step.rows() == 0) {
            return;
        }
        try {
            reserveLogits(step.rows());
            transformer.forward(step, ForwardTrace.NONE);
            transformer.logits(Phase.DECODE, 0, step.rows(), logits);
            choose(decoded);
        } catch (Throwable t) {
            failDecoded(t);
            return;
        }
        for (int i = 0; i < active; i++) {
            if (!rows[i].prefilling()) {
                take(i);
            }
        }
        removeFinished();
    }

    /** Has the first so many of {@link #drawing} choose from their logits, on all threads. */
    private void choose(int count) {
        transformer.backend().pool().run(count, Math.max(1, LOGITS_WORTH_A_THREAD / vocabulary), choose);
        Arrays.fill(drawing, 0, count, null);
    }

    private void choose(int begin, int end) {
        for (int i = begin; i < end; i++) {
            drawing[i].choose(logits, i * vocabulary);
        }
    }

    private void take(int i) {
        StopCause end;
        try {
            end = rows[i].drawn();
        } catch (Throwable t) {
            rows[i].fail(t);
            rows[i] = null;
            return;
        }
        if (end != null) {
            rows[i].finish(end);
            rows[i] = null;
        }
    }

    /** The same of a decoding step. */
    private void failDecoded(Throwable failure) {
        for (int i = 0; i < active; i++) {
            if (!rows[i].prefilling()) {
                rows[i].fail(failure);
                rows[i] = null;
            }
        }
        removeFinished();
    }

    private void removeFinished() {
        int kept = 0;
        for (int i = 0; i < active; i++) {
            Row row = rows[i];
            rows[i] = null;
            if (row != null) {
                rows[kept++] = row;
            }
        }
        active = kept;
    }

    private void reserveLogits(int count) {
        if (logits.length < count * vocabulary) {
            int room = Math.min(rows.length, Integer.highestOneBit(2 * count - 1));
            logits = new float[Math.multiplyExact(room, vocabulary)];
        }
    }

    /** Ends all requests with an error, waits for the thread. Idempotent; not from a listener. */
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
