package dev.mimic.testkit;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.function.LongSupplier;

/** Counts the bytes that threads allocate on the Java heap. */
public final class Allocations {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private static final int MOST_WINDOWS = 2000;

    private Allocations() {}

    /**
     * Bytes allocated so far by the calling thread and by all threads whose name starts with a prefix.
     *
     * @param prefix start of the names of worker threads
     */
    public static long bytes(String prefix) {
        return counter(prefix).getAsLong();
    }

    /**
     * Counts bytes allocated so far by the calling thread and by all threads whose name starts with a prefix, as they
     * live now. Asking it allocates nothing, so that it may be asked by a thread that it counts.
     *
     * @param prefix start of the names of worker threads
     */
    public static LongSupplier counter(String prefix) {
        long[] ids = Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.equals(Thread.currentThread())
                        || thread.getName().startsWith(prefix))
                .mapToLong(Thread::threadId)
                .toArray();
        return () -> {
            long bytes = 0;
            for (long id : ids) {
                bytes += Math.max(0, THREADS.getThreadAllocatedBytes(id));
            }
            return bytes;
        };
    }

    /**
     * Bytes that some work allocates on the calling thread and on the named workers. What the measurement itself
     * allocates is taken off.
     *
     * @param prefix start of the names of worker threads
     */
    public static long during(String prefix, Runnable work) {
        LongSupplier counter = counter(prefix);
        long first = counter.getAsLong(); // loads its own classes
        long before = Math.max(first, counter.getAsLong());
        work.run();
        return counter.getAsLong() - before;
    }

    /**
     * Repeats work, which compilation makes free of boxes only after a while, until some {@code times} runs in a row
     * allocate nothing, and gives the fewest bytes that so many runs allocated: 0 unless every run allocates.
     *
     * @param times runs that count as one window
     * @param prefix start of the names of worker threads
     * @param work what is repeated
     */
    public static long fewestBytes(int times, String prefix, Runnable work) {
        LongSupplier counter = counter(prefix);
        long fewest = Long.MAX_VALUE;
        for (int window = 0; window < MOST_WINDOWS && fewest != 0; window++) {
            long before = counter.getAsLong();
            for (int i = 0; i < times; i++) {
                work.run();
            }
            fewest = Math.min(fewest, counter.getAsLong() - before);
        }
        return fewest;
    }
}
