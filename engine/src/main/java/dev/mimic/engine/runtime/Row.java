package dev.mimic.engine.runtime;

import dev.mimic.engine.model.KeyValueCache;
import dev.mimic.engine.model.KeyValueCaches;
import dev.mimic.engine.model.Step;
import dev.mimic.engine.sampling.Sampler;
import dev.mimic.engine.sampling.SamplingOptions;
import dev.mimic.engine.sampling.TokenLogprobs;
import dev.mimic.engine.trace.BatchTrace;
import dev.mimic.loader.model.ModelConfig;
import java.util.Arrays;

/** A task that was admitted: its cache, its sampler, its tokens. Lives on its batch's thread. */
final class Row {
    private static final int FIRST_TOKENS = 1024;

    private final GenerationTask task;
    private final int request;
    private final KeyValueCaches caches;
    private final KeyValueCache cache;
    private final Sampler sampler;
    private final long admitted = System.nanoTime();
    private final int top;
    private int prefilled;
    private int[] ids;
    private double[] logprobs;
    private int[] topIds;
    private double[] topLogprobs;
    private int count;
    private int stopId = -1;
    private long firstToken;
    private int chosen;
    private RuntimeException failure;

    /**
     * Admits a task: takes the memory it needs.
     *
     * @param request its place among those that a trace hears of
     */
    Row(GenerationTask task, int request, ModelConfig config, KeyValueCaches caches) {
        this.task = task;
        this.request = request;
        this.caches = caches;
        int room = Math.min(task.limit(), FIRST_TOKENS);
        int wanted = task.sampling().logprobs();
        boolean withLogprobs = wanted != SamplingOptions.NO_LOGPROBS;
        this.top = withLogprobs ? Math.min(wanted, config.vocabularySize()) : 0;
        this.ids = new int[room];
        this.logprobs = new double[withLogprobs ? room : 0];
        this.topIds = new int[room * top];
        this.topLogprobs = new double[room * top];
        this.sampler = new Sampler(task.sampling(), config.vocabularySize(), task.prompt());
        this.cache = caches.take(positions(task));
    }

    /** The last token drawn is never stored. */
    private static int positions(GenerationTask task) {
        return Math.max(1, task.prompt().length + task.limit() - 1);
    }

    /** Bytes of keys and values that a task takes while it runs. */
    static long cacheBytes(GenerationTask task, KeyValueCaches caches) {
        return caches.bytes(positions(task));
    }

    GenerationTask task() {
        return task;
    }

    boolean prefilling() {
        return prefilled < task.prompt().length;
    }

    /**
     * Adds the next block of the prompt to a step, as much of it as there is room for.
     *
     * @return whether the prompt ends with it
     */
    boolean addBlockTo(Step step, BatchTrace trace) {
        int length = task.prompt().length;
        int rows = Math.min(step.capacity() - step.rows(), length - prefilled);
        step.addBlock(task.prompt(), prefilled, rows, length, cache, task.scales());
        trace.rows(request, prefilled, rows, length, prefilled + rows == length);
        prefilled += rows;
        return !prefilling();
    }

    /** Adds the newest token to a decoding step. */
    void addTo(Step step, BatchTrace trace) {
        int position = task.prompt().length + count - 1;
        step.add(ids[count - 1], position, cache, task.scales());
        trace.rows(request, position, 1, position + 1, true);
    }

    /** Why the row ends before its next step; null if it goes on. */
    StopCause interrupted() {
        if (task.cancelled()) {
            return StopCause.CANCELLED;
        }
        return task.late() ? StopCause.DEADLINE : null;
    }

    /**
     * Chooses the next token, on whatever thread; what goes wrong is kept for {@link #drawn}.
     *
     * @param logits the row's logits from {@code offset}; changed
     */
    void choose(float[] logits, int offset) {
        try {
            chosen = sampler.sample(logits, offset);
        } catch (RuntimeException e) {
            failure = e;
        }
    }

    /**
     * Takes the token that was chosen.
     *
     * @return why the row ends with it; null if it goes on
     */
    StopCause drawn() {
        if (failure != null) {
            throw failure;
        }
        int id = chosen;
        if (firstToken == 0) {
            firstToken = System.nanoTime();
        }
        if (task.stopsAt(id)) {
            stopId = id;
            return StopCause.STOP;
        }
        keep(id);
        TokenListener listener = task.listener();
        if (listener != null) {
            listener.token(count - 1, id);
        }
        if (task.text() != null) {
            hand(task.text().append(id));
            if (task.text().stopped()) {
                return StopCause.STOP;
            }
        }
        return count == task.limit() ? StopCause.LENGTH : null;
    }

    private void hand(String piece) {
        if (task.listener() != null && !piece.isEmpty()) {
            task.listener().text(piece);
        }
    }

    private void keep(int id) {
        if (count == ids.length) {
            int room = Math.min(task.limit(), 2 * count);
            ids = Arrays.copyOf(ids, room);
            logprobs = logprobs.length == 0 ? logprobs : Arrays.copyOf(logprobs, room);
            topIds = Arrays.copyOf(topIds, room * top);
            topLogprobs = Arrays.copyOf(topLogprobs, room * top);
        }
        ids[count] = id;
        if (logprobs.length > 0) {
            TokenLogprobs all = sampler.logprobs();
            logprobs[count] = all.chosen();
            for (int rank = 0; rank < top; rank++) {
                topIds[count * top + rank] = all.topId(rank);
                topLogprobs[count * top + rank] = all.top(rank);
            }
        }
        count++;
    }

    /** Gives the cache back and tells the caller. */
    void finish(StopCause cause) {
        caches.giveBack(cache);
        try {
            if (task.text() != null) {
                hand(task.text().finish());
            }
            task.completion().complete(completion(cause));
        } catch (Throwable t) {
            task.completion().completeExceptionally(t);
        }
    }

    private Completion completion(StopCause cause) {
        long now = System.nanoTime();
        return new Completion(
                Arrays.copyOf(ids, count),
                cause,
                stopId,
                Arrays.copyOf(logprobs, logprobs.length == 0 ? 0 : count),
                Arrays.copyOf(topIds, count * top),
                Arrays.copyOf(topLogprobs, count * top),
                firstToken == 0 ? 0 : firstToken - task.submitted(),
                (firstToken == 0 ? now : firstToken) - admitted,
                firstToken == 0 ? 0 : now - firstToken);
    }

    /** Gives the cache back and tells the caller of a failure. */
    void fail(Throwable failure) {
        caches.giveBack(cache);
        task.completion().completeExceptionally(failure);
    }
}
