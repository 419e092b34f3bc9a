package dev.mimic.engine.runtime;

import dev.mimic.engine.model.KeyValueCaches;
import dev.mimic.engine.model.Step;
import dev.mimic.engine.model.Transformer;
import dev.mimic.engine.trace.BatchTrace;
import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.svf.SvfKernels.Phase;
import java.util.Arrays;
import java.util.List;

/**
 * Rows that are generated together, and the two kinds of step that move them on: one of prompts, packed, and one of a new
 * token for every row whose prompt is done. A row draws with its own sampler and ends by itself; its failure ends it alone.
 * Nothing is allocated per decoded token. Lives on one thread: the scheduler's, or the one that took its part.
 */
final class Batch {
    private static final int LOGITS_WORTH_A_THREAD = 4096;

    private final Transformer transformer;
    private final KeyValueCaches caches;
    private final long cacheBytes;
    private final Runnable beforeWork;
    private final Phase products;
    private final Step step;
    private final Row[] rows;
    private final int[] packed;
    private final int[] lastRows;
    private final int vocabulary;
    private final Row[] drawing;
    private final WorkerPool.Task choose = this::choose;
    private int active;
    private float[] logits = {};

    /**
     * Makes an empty batch.
     *
     * @param most rows decoded together at most; no more than the transformer's rows
     * @param caches where the rows' caches are from
     * @param cacheBytes keys and values of the rows at most; one row alone may have more
     * @param beforeWork runs before each prompt; what it throws ends that request
     * @param products the order of summation of the linear layers of new tokens, and of the head
     */
    Batch(
            Transformer transformer,
            int most,
            KeyValueCaches caches,
            long cacheBytes,
            Runnable beforeWork,
            Phase products) {
        this.products = products;
        this.transformer = transformer;
        this.caches = caches;
        this.cacheBytes = cacheBytes;
        this.beforeWork = beforeWork;
        this.step = transformer.newStep();
        this.rows = new Row[most];
        this.packed = new int[most];
        this.lastRows = new int[most];
        this.drawing = new Row[most];
        this.vocabulary = transformer.config().vocabularySize();
    }

    /** Rows that are not finished. */
    int active() {
        return active;
    }

    boolean roomFor(GenerationTask next) {
        if (next == null || active == rows.length) {
            return false;
        }
        return active == 0 || cacheBytesTaken() + Row.cacheBytes(next, caches) <= cacheBytes;
    }

    /** Keys and values of the rows. */
    long cacheBytesTaken() {
        long taken = 0;
        for (int i = 0; i < active; i++) {
            taken += Row.cacheBytes(rows[i].task(), caches);
        }
        return taken;
    }

    /**
     * Takes a row that there is room for.
     *
     * @param request its place among those that a trace hears of
     */
    void admit(GenerationTask task, int request) {
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
            rows[active] = new Row(task, request, transformer.config(), caches);
            active++;
        } catch (Throwable t) {
            task.completion().completeExceptionally(t);
        }
    }

    /**
     * Runs all tasks to their ends, and shows a trace every step; prompts that there is room for are read first. What
     * the trace or the check throws ends all tasks that have not ended, and is thrown.
     *
     * @param mayGoOn runs before each step
     */
    void run(List<GenerationTask> tasks, BatchTrace trace, Runnable mayGoOn) {
        try {
            int next = 0;
            while (next < tasks.size() || active > 0) {
                while (next < tasks.size() && roomFor(tasks.get(next))) {
                    admit(tasks.get(next), next++);
                }
                while (prefilling()) {
                    mayGoOn.run();
                    prefill(trace);
                }
                mayGoOn.run();
                decode(trace);
            }
        } catch (Throwable t) {
            fail(t);
            tasks.forEach(task -> task.completion().completeExceptionally(t));
            throw t;
        }
    }

    private boolean prefilling() {
        for (int i = 0; i < active; i++) {
            if (rows[i].prefilling()) {
                return true;
            }
        }
        return false;
    }

    /** One step of prompts, packed in the order of admission; a prompt longer than the step takes several turns. */
    void prefill(BatchTrace trace) {
        step.prefill();
        trace.step();
        int blocks = 0;
        int ended = 0;
        for (int i = 0; i < active && step.rows() < step.capacity(); i++) {
            if (rows[i].prefilling()) {
                StopCause end = rows[i].interrupted();
                if (end == null) {
                    packed[blocks++] = i;
                    if (rows[i].addBlockTo(step, trace)) {
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
                transformer.forward(step, trace);
                if (ended > 0) {
                    reserveLogits(ended);
                    transformer.logits(products, 0, ended, logits);
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
    void decode(BatchTrace trace) {
        step.decode(products);
        trace.step();
        int decoded = 0;
        for (int i = 0; i < active; i++) {
            if (!rows[i].prefilling()) {
                StopCause end = rows[i].interrupted();
                if (end == null) {
                    rows[i].addTo(step, trace);
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
            transformer.forward(step, trace);
            transformer.logits(products, 0, step.rows(), logits);
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

    /** As {@link #failPacked}, of a decoding step. */
    private void failDecoded(Throwable failure) {
        for (int i = 0; i < active; i++) {
            if (!rows[i].prefilling()) {
                rows[i].fail(failure);
                rows[i] = null;
            }
        }
        removeFinished();
    }

    /** Ends all rows with a failure. */
    void fail(Throwable failure) {
        removeFinished(); // a step may have been left in the middle
        for (int i = 0; i < active; i++) {
            rows[i].fail(failure);
            rows[i] = null;
        }
        active = 0;
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
}
