package dev.mimic.engine;

import dev.mimic.engine.runtime.Completion;
import dev.mimic.engine.runtime.GenerationTask;
import java.util.concurrent.ExecutionException;
import java.util.function.Function;

/** A reply on its way. */
public final class PendingGeneration {
    private final GenerationTask task;
    private final Runnable mayWait;
    private final Function<Completion, GenerationResult> finish;
    private GenerationResult result;

    PendingGeneration(GenerationTask task, Runnable mayWait, Function<Completion, GenerationResult> finish) {
        this.task = task;
        this.mayWait = mayWait;
        this.finish = finish;
    }

    /** Ends the reply with what there is. Idempotent; does not wait. */
    public void cancel() {
        task.cancel();
    }

    /** Whether {@link #await} would return at once. */
    public boolean isDone() {
        return task.completion().isDone();
    }

    /** Runs something on the engine's thread when the reply has ended, well or not. */
    @SuppressWarnings("FutureReturnValueIgnored") // whoever awaits hears of failures
    void whenDone(Runnable action) {
        task.completion().whenComplete((_, _) -> action.run());
    }

    /**
     * Waits for the reply. If the waiting thread is interrupted, the reply is cancelled, what there is is returned, and
     * the thread stays interrupted.
     *
     * @throws IllegalStateException if the engine was closed, the logits were not finite, or there was no memory
     */
    public synchronized GenerationResult await() {
        if (result == null) {
            if (!isDone()) {
                mayWait.run();
            }
            result = finish.apply(completion());
        }
        return result;
    }

    private Completion completion() {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return task.completion().get();
                } catch (InterruptedException e) {
                    interrupted = true;
                    cancel();
                } catch (ExecutionException e) {
                    switch (e.getCause()) {
                        case RuntimeException cause -> throw cause;
                        case Error cause -> throw cause;
                        case Throwable cause -> throw new IllegalStateException(cause.getMessage(), cause);
                    }
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
