package dev.mimic.kernels.roofline;

import dev.mimic.kernels.WorkerPool;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;

/**
 * What this machine allows at the moment, measured in a few milliseconds: machines are shared, so a figure counts only
 * beside a limit measured next to it. An instance serves one calling thread at a time.
 */
public final class MachineLimits {
    /** Bytes a measurement of bandwidth reads. */
    private static final long WINDOW = 64L << 20;

    /** Turns of the chains in a measurement of multiply-adds. */
    private static final int TURNS = 1_000_000;

    /** Bytes that a measurement of cached reads goes through. */
    private static final long CACHED = 64L << 20;

    /** Measurements at the start: until the loops are compiled and the threads have cores of their own. */
    private static final int FIRST_LOOKS = 15;

    private final WorkerPool pool;
    private final WorkingSet set;
    private final float[] lanes;
    private final float[][] cached;
    private final List<Double> reads = new ArrayList<>();
    private final List<Double> operations = new ArrayList<>();
    private long next;

    /**
     * Prepares.
     *
     * @param pool borrowed; its threads measure together
     * @param set borrowed; read for the bandwidth
     */
    public MachineLimits(WorkerPool pool, WorkingSet set) {
        this.pool = pool;
        this.set = set;
        lanes = new float[pool.threads() * Math.max(VectorRead.LANES, VectorFma.LANES)];
        cached = new float[pool.threads()][VectorRead.STEP];
        for (int i = 0; i < FIRST_LOOKS; i++) {
            read();
            operations();
        }
    }

    /** Bytes a second that a plain sum reads from memory; each call reads on where the last one stopped. */
    public double read() {
        long window = Math.min(WINDOW, set.byteSize());
        if (next + window > set.byteSize()) {
            next = 0;
        }
        long from = next;
        next += window;
        int threads = pool.threads();
        long share = Math.max(VectorRead.STEP, window / threads / VectorRead.STEP * VectorRead.STEP);
        double seconds = seconds(i ->
                VectorRead.sum(set.memory(), from + i * share, from + (i + 1) * share, lanes, i * VectorRead.LANES));
        double rate = (double) share * threads / seconds;
        reads.add(rate);
        return rate;
    }

    /**
     * Bytes a second of a plain sum that goes through the same bytes again and again: from the cache they fit.
     *
     * @param bytes of all threads together
     */
    public double cached(long bytes) {
        int threads = pool.threads();
        int length = (int) Math.max(1, bytes / threads / VectorRead.STEP) * (VectorRead.STEP / Float.BYTES);
        for (int i = 0; i < threads; i++) {
            cached[i] = cached[i].length == length ? cached[i] : new float[length];
        }
        int times = (int) Math.max(1, CACHED / ((long) length * Float.BYTES));
        double seconds = seconds(i -> {
            for (int n = 0; n < times; n++) {
                VectorRead.sum(cached[i], length, lanes, i * VectorRead.LANES);
            }
        });
        return (double) length * Float.BYTES * threads * times / seconds;
    }

    /** Operations a second, two for each multiply-add, of chains in registers. */
    public double operations() {
        double seconds = seconds(i -> VectorFma.chains(TURNS, lanes, i * VectorFma.LANES));
        double rate = 2.0 * TURNS * VectorFma.CHAINS * VectorFma.LANES * pool.threads() / seconds;
        operations.add(rate);
        return rate;
    }

    /** The median of all calls of {@link #read} so far. */
    public double medianRead() {
        return median(reads);
    }

    /** The median of all calls of {@link #operations} so far. */
    public double medianOperations() {
        return median(operations);
    }

    private static double median(List<Double> values) {
        return values.stream().sorted().toList().get(values.size() / 2);
    }

    /** Of work that each thread does once, by its index. */
    private double seconds(IntConsumer work) {
        int threads = pool.threads();
        long start = System.nanoTime();
        pool.run(threads, 1, (begin, end) -> {
            for (int i = begin; i < end; i++) {
                work.accept(i);
            }
        });
        double seconds = (System.nanoTime() - start) / 1e9;
        check();
        return seconds;
    }

    /** Also keeps the compiler from leaving out what nobody reads. */
    private void check() {
        for (float lane : lanes) {
            if (!Float.isFinite(lane)) {
                throw new IllegalStateException("limits: a sum is " + lane + ", expected a finite number");
            }
        }
    }
}
