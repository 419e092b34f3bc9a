package dev.mimic.kernels.matrix;

import java.util.Arrays;
import java.util.Locale;
import java.util.function.LongSupplier;

/**
 * Chooses the {@link GemvForm} of one row's products of one type by timing both on the work itself: the same products come
 * by in every layer and token. Nothing is tried while the process starts. Then a few rows of each product take the
 * sequential form until it is compiled; then products of one size take the forms in turn; then the form of the lesser
 * median stays for good. Both forms have the same bits, so that no result depends on any of this.
 *
 * <p>For one calling thread; workers read {@link #sequentialUntil} alone, after a hand-over. Nothing is allocated.
 */
final class GemvTuner {
    /** Weights of a product worth trying: so many (2 MB of BF16) that they come from memory and a hand-over counts little. */
    static final long LEAST = 1 << 20;

    /** Nanoseconds from the first such product until the other form is tried: a start, and a short reply, have none. */
    static final long WAIT = 1_000_000_000;

    /** Nanoseconds, and products, that compiling the other form is given then. */
    static final long WARM_UP = 500_000_000;

    static final int WARM_CALLS = 300;

    /** Rows of a share that take the other form meanwhile. */
    static final int WARM_ROWS = 32;

    /** Timed products of each form. */
    static final int SAMPLES = 15;

    /** Of the streams' median, what the other form must stay below to take their place. */
    private static final double BETTER = 0.97;

    private static final int ALL = Integer.MAX_VALUE;

    private final LongSupplier clock;
    private final long[] streams = new long[SAMPLES];
    private final long[] sequential = new long[SAMPLES];

    /** Rows of each share of the product at hand that take the sequential form. */
    private int rows;

    /** {@link GemvForm#BEST} until one is chosen. */
    private GemvForm form;

    private boolean begun;
    private long first;
    private int warmCalls;

    /** Weights of the products that are timed: the fewest that came by before, which are the cheapest to try. */
    private long size = Long.MAX_VALUE;

    private boolean trying;
    private boolean timed;
    private long start;
    private int taken;

    /**
     * Makes a tuner.
     *
     * @param form {@link GemvForm#BEST} to measure
     * @param clock nanoseconds
     */
    GemvTuner(GemvForm form, LongSupplier clock) {
        this.clock = clock;
        choose(form);
    }

    /**
     * Called before a hand-over that has such a product.
     *
     * @param weights of all its products together, in elements
     */
    void begin(long weights) {
        trying = false;
        timed = false;
        if (form != GemvForm.BEST) {
            return;
        }
        rows = 0;
        if (weights < LEAST) {
            return;
        }
        start = clock.getAsLong();
        if (!begun) {
            begun = true;
            first = start;
        }
        long age = start - first;
        if (age < WAIT + WARM_UP || warmCalls < WARM_CALLS) {
            trying = true;
            size = Math.min(size, weights);
            if (age >= WAIT) {
                warmCalls++;
                rows = WARM_ROWS;
            }
        } else if (weights == size) {
            trying = true;
            timed = true;
            rows = taken % 2 == 0 ? 0 : ALL;
        }
    }

    /** Called after it. */
    void end() {
        if (!timed) {
            return;
        }
        timed = false;
        (taken % 2 == 0 ? streams : sequential)[taken / 2] = clock.getAsLong() - start;
        taken++;
        if (taken == 2 * SAMPLES) {
            Arrays.sort(streams);
            Arrays.sort(sequential);
            choose(ratio() < BETTER ? GemvForm.SEQUENTIAL : GemvForm.STREAMS);
        }
    }

    private void choose(GemvForm chosen) {
        form = chosen;
        rows = chosen == GemvForm.SEQUENTIAL ? ALL : 0;
    }

    /** Medians, sequential over streams. */
    private double ratio() {
        return (double) sequential[SAMPLES / 2] / Math.max(1, streams[SAMPLES / 2]);
    }

    /** Of the rows {@code [begin, end)} those before this take the sequential form; the others are streams. */
    int sequentialUntil(int begin, int end) {
        return (int) Math.min(end, (long) begin + rows);
    }

    /** Whether the last product was one of those before a choice. */
    boolean isTrying() {
        return trying;
    }

    /** The form, and by how much it was chosen. */
    @Override
    public String toString() {
        if (form == GemvForm.BEST) {
            return GemvForm.STREAMS + " (not measured yet)";
        }
        return taken == 0
                ? form + " (" + GemvForm.PROPERTY + ")"
                : String.format(Locale.ROOT, "%s (sequential took %.2f of streams' time)", form, ratio());
    }
}
