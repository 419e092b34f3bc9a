package dev.mimic.testkit;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.util.Arrays;

/** Bytes that threads allocate on the heap. */
public final class Allocations {
    private static final int MOST_WINDOWS = 2000;

    private Allocations() {}

    /**
     * Repeats work, which compilation makes free of boxes only after a while, until some {@code times} runs in a row
     * allocate nothing, and gives the fewest bytes that so many runs allocated: 0 unless every run allocates.
     *
     * @param times runs that count as one window
     * @param workers how the names of the threads that take part start; the calling thread always counts
     * @param work what is repeated
     */
    public static long fewestBytes(int times, String workers, Runnable work) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long[] ids = threadIds(threads, workers);
        long fewest = Long.MAX_VALUE;
        for (int window = 0; window < MOST_WINDOWS && fewest != 0; window++) {
            long before = total(threads, ids);
            for (int i = 0; i < times; i++) {
                work.run();
            }
            fewest = Math.min(fewest, total(threads, ids) - before);
        }
        return fewest;
    }

    private static long[] threadIds(ThreadMXBean threads, String workers) {
        long caller = Thread.currentThread().threadId();
        long[] all = threads.getAllThreadIds();
        ThreadInfo[] infos = threads.getThreadInfo(all);
        long[] ids = new long[all.length];
        int count = 0;
        for (ThreadInfo info : infos) {
            if (info != null && (info.getThreadId() == caller || info.getThreadName().startsWith(workers))) {
                ids[count++] = info.getThreadId();
            }
        }
        return Arrays.copyOf(ids, count);
    }

    private static long total(ThreadMXBean threads, long[] ids) {
        long sum = 0;
        for (long id : ids) {
            sum += threads.getThreadAllocatedBytes(id);
        }
        return sum;
    }
}
