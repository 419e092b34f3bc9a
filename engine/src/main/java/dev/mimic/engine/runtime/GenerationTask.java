package dev.mimic.engine.runtime;

import dev.mimic.engine.model.RowScales;
import dev.mimic.engine.sampling.SamplingOptions;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;

/**
 * A row to be generated, as it waits and as others see it. Only {@link #cancel()} and {@link #completion()} may be used
 * by other threads than the scheduler's once it is submitted.
 */
public final class GenerationTask {
    /** No deadline. */
    public static final long NEVER = Long.MAX_VALUE;

    private final int[] prompt;
    private final int limit;
    private final int[] stopIds;
    private final SamplingOptions sampling;
    private final RowScales scales;
    private final ReplyText text;
    private final TokenListener listener;
    private final long deadline;
    private final LongSupplier clock;
    private final CompletableFuture<Completion> completion = new CompletableFuture<>();
    private final long submitted = System.nanoTime();
    private volatile boolean cancelled;

    /**
     * Describes a row.
     *
     * @param prompt token ids, at least one; not copied, read only
     * @param limit new tokens at most; prompt and new tokens together fit the context
     * @param stopIds token ids that end the reply
     * @param scales the row's adapter
     * @param text follows the text for stop strings and the listener; null if nobody needs it while it grows
     * @param listener hears of tokens; null for none
     * @param deadline by the clock, or {@link #NEVER}
     * @param clock nanoseconds
     */
    public GenerationTask(
            int[] prompt,
            int limit,
            int[] stopIds,
            SamplingOptions sampling,
            RowScales scales,
            ReplyText text,
            TokenListener listener,
            long deadline,
            LongSupplier clock) {
        this.prompt = prompt;
        this.limit = limit;
        this.stopIds = stopIds.clone();
        Arrays.sort(this.stopIds);
        this.sampling = sampling;
        this.scales = scales;
        this.text = text;
        this.listener = listener;
        this.deadline = deadline;
        this.clock = clock;
    }

    /** Ends the row as soon as its current step is done. Idempotent. */
    public void cancel() {
        cancelled = true;
    }

    /** Completes when the row ends; exceptionally when it failed or the engine was closed. */
    public CompletableFuture<Completion> completion() {
        return completion;
    }

    int[] prompt() {
        return prompt;
    }

    int limit() {
        return limit;
    }

    boolean stopsAt(int id) {
        return Arrays.binarySearch(stopIds, id) >= 0;
    }

    SamplingOptions sampling() {
        return sampling;
    }

    RowScales scales() {
        return scales;
    }

    /** What follows the text; null if nobody does. To be read by others once the row has ended. */
    public ReplyText text() {
        return text;
    }

    TokenListener listener() {
        return listener;
    }

    long submitted() {
        return submitted;
    }

    boolean cancelled() {
        return cancelled;
    }

    boolean late() {
        return deadline != NEVER && clock.getAsLong() - deadline >= 0;
    }
}
