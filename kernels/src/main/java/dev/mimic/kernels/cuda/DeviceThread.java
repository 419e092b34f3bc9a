package dev.mimic.kernels.cuda;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;

/** The platform thread that makes all calls of one device. Any other may ask it for work, and waits. */
final class DeviceThread {
    private final int ordinal;
    private final ExecutorService executor;
    private volatile Thread worker;

    /** Starts none before the first work. */
    DeviceThread(int ordinal) {
        this.ordinal = ordinal;
        this.executor = Executors.newSingleThreadExecutor(task -> {
            worker = Thread.ofPlatform().daemon().name("mimic-cuda-" + ordinal).unstarted(task);
            return worker;
        });
    }

    /** Whether the caller is this thread. */
    boolean isCurrent() {
        return Thread.currentThread() == worker;
    }

    /**
     * Runs work there and waits for it, also when interrupted: the work may use the caller's memory.
     *
     * @throws IllegalStateException if it was ended
     */
    <T> T call(Supplier<T> work) {
        Future<T> future;
        try {
            future = executor.submit(work::get);
        } catch (RejectedExecutionException e) {
            throw new IllegalStateException("cuda device " + ordinal + ": closed", e);
        }
        return await(future);
    }

    private static <T> T await(Future<T> future) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return future.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    throw NativeLibrary.rethrow(e.getCause());
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Whether it takes no work any more. */
    boolean isEnded() {
        return executor.isShutdown();
    }

    /** Runs the last work, unless it was run before, and ends the thread. */
    void end(Runnable last) {
        try {
            await(executor.submit(last, true));
        } catch (RejectedExecutionException e) {
            return; // ended before
        } finally {
            executor.shutdown();
        }
    }
}
