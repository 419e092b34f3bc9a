package dev.mimic.testkit;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/** Counts the bytes that threads allocate on the Java heap. */
public final class Allocations {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private Allocations() {}

    /**
     * Bytes allocated so far by the calling thread and by all threads whose name starts with a prefix.
     *
     * @param prefix start of the names of worker threads
     */
    public static long bytes(String prefix) {
        long[] ids = Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.equals(Thread.currentThread())
                        || thread.getName().startsWith(prefix))
                .mapToLong(Thread::threadId)
                .toArray();
        long bytes = 0;
        for (long count : THREADS.getThreadAllocatedBytes(ids)) {
            bytes += Math.max(0, count);
        }
        return bytes;
    }

    /**
     * Bytes that some work allocates on the calling thread and on the named workers. What the measurement itself
     * allocates is taken off.
     *
     * @param prefix start of the names of worker threads
     */
    public static long during(String prefix, Runnable work) {
        long ownCost = -bytes(prefix) + bytes(prefix);
        long before = bytes(prefix);
        work.run();
        return bytes(prefix) - before - ownCost;
    }
}
