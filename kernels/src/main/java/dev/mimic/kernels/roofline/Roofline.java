package dev.mimic.kernels.roofline;

import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.backend.Backend;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;

/**
 * Measures kernels against this machine's limits. Each round times a kernel between two measurements of what bounds it;
 * the round whose share is the median is the result. Every case is first compared with its scalar twin.
 */
public final class Roofline implements AutoCloseable {
    private static final int LEAST_ROUNDS = 3;

    /** Reads of a few milliseconds that threads are given to find a core each. */
    private static final int PATIENCE = 50;

    /** Of the usual bandwidth. */
    private static final double SETTLED = 0.8;

    /** Times what a limit allows: a call that takes longer is not compiled yet. */
    private static final double INTERPRETED = 5;

    /** Of the best call so far. */
    private static final double FASTER = 0.9;

    /** Warm-ups that compiling may take where other processes hold the cores. */
    private static final int LONGEST = 8;

    private final WorkerPool pool;
    private final Backend backend;
    private final MachineLimits limits;
    private final HandOver handOver;
    private final RooflineEffort effort;
    private final LongSupplier clock = System::nanoTime;
    private final Set<String> warm = new HashSet<>();

    /**
     * Starts the threads and takes a first look at the limits.
     *
     * @param threads that compute at once
     * @param set borrowed
     */
    public Roofline(int threads, WorkingSet set, RooflineEffort effort) {
        this.effort = effort;
        pool = WorkerPool.of(threads);
        backend = Backend.best(pool);
        limits = new MachineLimits(pool, set);
        handOver = new HandOver();
    }

    /** Threads that compute at once. */
    public int threads() {
        return pool.threads();
    }

    /** The kernels in use, as {@link Backend#name()}. */
    public String kernels() {
        return backend.name();
    }

    /** Which forms its products took, as {@link dev.mimic.kernels.matrix.MatrixKernels#forms()}. */
    public String forms() {
        return backend.matrix().forms();
    }

    /** The limits on the same threads. */
    public MachineLimits limits() {
        return limits;
    }

    /** The threads; closed with this. */
    public WorkerPool pool() {
        return pool;
    }

    /**
     * Measures a case.
     *
     * @throws IllegalStateException if its result is not the scalar twin's
     */
    public Measurement measure(RooflineCase work) {
        RooflineCase.Running running = work.start().apply(backend);
        running.check();
        settle();
        int calls = warmUp(work, running);
        boolean memory = work.bytes() / limits.medianRead() >= work.operations() / limits.medianOperations();
        return switch (work.bound()) {
            case ROOF ->
                memory
                        ? rounds(work, running, calls, Measurement.BANDWIDTH, work.bytes(), limits::read)
                        : rounds(work, running, calls, Measurement.OPERATIONS, work.operations(), limits::operations);
            case CACHE ->
                rounds(
                        work,
                        running,
                        calls,
                        Measurement.BANDWIDTH,
                        work.bytes(),
                        () -> limits.cached((long) work.bytes()));
            case HAND_OVER -> handOver(work, running, calls);
        };
    }

    /** Threads that just woke up may share a core: until they read as fast as they usually do, or a while is over. */
    private void settle() {
        for (int i = 0; i < PATIENCE && limits.read() < SETTLED * limits.medianRead(); i++) {
            Thread.onSpinWait();
        }
    }

    /**
     * Until the loops are compiled, which shows in calls that get faster, and their form is chosen; a kernel and type seen
     * before need less. Returns the calls of a round.
     */
    private int warmUp(RooflineCase work, RooflineCase.Running running) {
        boolean known = !warm.add(work.kernel() + work.dtype() + work.batch());
        long begin = clock.getAsLong();
        long patience = known ? effort.roundNanos() : effort.warmUpNanos();
        double allowed = Math.max(work.bytes() / limits.medianRead(), work.operations() / limits.medianOperations());
        double slow = work.bound() == RooflineCase.Bound.HAND_OVER ? Double.MAX_VALUE : INTERPRETED * 1e9 * allowed;
        long longest = LONGEST * effort.warmUpNanos();
        int calls = 0;
        long best = Long.MAX_VALUE;
        long now = begin;
        long faster = begin;
        while (now - begin < patience
                || calls < 2
                || ((best > slow
                                || now - faster < patience / 2
                                || backend.matrix().isTrying())
                        && now - begin < longest)) {
            running.run(++calls);
            long then = now;
            now = clock.getAsLong();
            faster = now - then < FASTER * best ? now : faster;
            best = Math.min(best, now - then);
        }
        return Math.clamp(effort.roundNanos() / Math.max(1, best), 1, 1_000_000);
    }

    private Measurement rounds(
            RooflineCase work,
            RooflineCase.Running running,
            int calls,
            String unit,
            double amount,
            DoubleSupplier limit) {
        List<double[]> rounds = new ArrayList<>();
        double before = limit.getAsDouble();
        long begin = clock.getAsLong();
        int call = 0;
        while (rounds.size() < LEAST_ROUNDS
                || (rounds.size() < effort.rounds() && clock.getAsLong() - begin < effort.caseNanos())) {
            long start = clock.getAsLong();
            for (int i = 0; i < calls; i++) {
                running.run(call++);
            }
            double seconds = (clock.getAsLong() - start) / 1e9;
            double after = limit.getAsDouble();
            rounds.add(new double[] {amount * calls / seconds / 1e9, (before + after) / 2 / 1e9});
            before = after;
        }
        rounds.sort(Comparator.comparingDouble(round -> round[0] / round[1]));
        double[] median = rounds.get(rounds.size() / 2);
        return measurement(work, median[0], unit, median[1], median[0] / median[1]);
    }

    private Measurement handOver(RooflineCase work, RooflineCase.Running running, int calls) {
        List<double[]> rounds = new ArrayList<>();
        handOver.seconds();
        for (int round = 0; round < effort.rounds(); round++) {
            double limit = handOver.seconds();
            long start = clock.getAsLong();
            for (int i = 0; i < calls; i++) {
                running.run(i);
            }
            rounds.add(new double[] {(clock.getAsLong() - start) / 1e3 / calls, limit * 1e6});
        }
        rounds.sort(Comparator.comparingDouble(round -> round[1] / round[0]));
        double[] median = rounds.get(rounds.size() / 2);
        return measurement(work, median[0], Measurement.MICROSECONDS, median[1], median[1] / median[0]);
    }

    private Measurement measurement(RooflineCase work, double value, String unit, double limit, double share) {
        double intensity = work.bound() == RooflineCase.Bound.ROOF ? work.operations() / work.bytes() : Double.NaN;
        double gigaflops = switch (unit) {
            case Measurement.BANDWIDTH -> value * work.operations() / work.bytes();
            case Measurement.OPERATIONS -> value;
            default -> Double.NaN;
        };
        return new Measurement(
                work.kernel(),
                work.dtype(),
                work.shape(),
                work.batch(),
                pool.threads(),
                value,
                unit,
                limit,
                share,
                intensity,
                gigaflops);
    }

    @Override
    public void close() {
        pool.close();
    }
}
