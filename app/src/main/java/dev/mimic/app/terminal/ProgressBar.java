package dev.mimic.app.terminal;

import java.util.Locale;
import java.util.function.Function;
import java.util.function.LongSupplier;

/**
 * A progress bar on stderr for work that takes over two seconds. On a terminal it is one line drawn over; elsewhere a
 * line at the start of the third second and one at the end. Call it as often as you like: it draws ten times a second.
 */
public final class ProgressBar implements AutoCloseable {
    /** Columns of the terminal, as the launcher found them. */
    private static final int COLUMNS = Math.clamp(Integer.getInteger("mimic.columns", 80), 40, 1000);

    private static final int WIDTH = COLUMNS < 100 ? 10 : 30;
    private static final long PATIENCE = 2_000_000_000L;
    private static final long BETWEEN = 100_000_000L;

    /** Advances behind the first that it takes to say how long the rest will take, and the share of the work. */
    private static final int ADVANCES = 3;

    private static final double LEAST_SHARE = 0.05;

    private final Console console;
    private final String label;
    private final long total;
    private final LongSupplier clock;
    private final long start;
    private long drawn;
    private boolean shown;
    private int lastLength;
    private long done;
    private int advances;
    private long firstDone;
    private long firstAt;

    /**
     * Starts.
     *
     * @param clock nanoseconds since any moment
     */
    ProgressBar(Console console, String label, long total, LongSupplier clock) {
        this.console = console;
        this.label = label;
        this.total = total;
        this.clock = clock;
        this.start = clock.getAsLong();
        this.drawn = start - BETWEEN;
    }

    /**
     * Tells how far the work is.
     *
     * @param done units done, of the total
     * @param detail what is being done now; may be empty
     */
    public void at(long done, String detail) {
        long now = clock.getAsLong();
        advance(done, now);
        if (now - start < (console.live() ? BETWEEN : PATIENCE) || now - drawn < BETWEEN) {
            return;
        }
        drawn = now;
        if (console.live()) {
            draw(line(detail, now));
        } else if (!shown) {
            console.err().println(line(detail, now));
        }
        shown = true;
    }

    /** The first advance may be what an earlier run did, or hold all that only a beginning costs: time counts from it. */
    private void advance(long newDone, long now) {
        if (newDone > done) {
            advances++;
            if (advances == 1) {
                firstDone = newDone;
                firstAt = now;
            }
        }
        done = newDone;
    }

    /** Works, then closes: all is done when the work returns, whatever was counted. */
    <T> T over(Function<ProgressBar, T> work) {
        try (this) {
            T result = work.apply(this);
            done = total;
            return result;
        }
    }

    private double share() {
        return total <= 0 ? 0 : Math.min(1, (double) done / total);
    }

    private String line(String detail, long now) {
        double share = share();
        int filled = (int) Math.round(share * WIDTH);
        return String.format(
                Locale.ROOT,
                "%s [%s%s] %3.0f %%  %s%s  %s",
                label,
                "#".repeat(filled),
                ".".repeat(WIDTH - filled),
                100 * share,
                duration((now - start) / 1e9),
                left(share, now),
                detail);
    }

    private String left(double share, long now) {
        if (advances <= ADVANCES || share < LEAST_SHARE) {
            return "";
        }
        double each = (now - firstAt) / 1e9 / (done - firstDone);
        return ", " + duration(each * Math.max(0, total - done)) + " left";
    }

    /** A duration as a person writes it: {@code 4 s}, {@code 3 min 20 s}. */
    static String duration(double seconds) {
        long whole = Math.round(seconds);
        return whole < 60 ? whole + " s" : whole / 60 + " min " + whole % 60 + " s";
    }

    private void draw(String line) {
        String cut = line.length() < COLUMNS ? line : line.substring(0, COLUMNS - 1);
        console.err().print("\r" + cut + " ".repeat(Math.max(0, lastLength - cut.length())));
        console.err().flush();
        lastLength = cut.length();
    }

    /** Clears the line, or says how far the work has come: done, or ended before it was. Idempotent. */
    @Override
    public void close() {
        if (shown && console.live()) {
            console.err().print("\r" + " ".repeat(lastLength) + "\r");
            console.err().flush();
        } else if (shown) {
            String took = duration((clock.getAsLong() - start) / 1e9);
            console.err()
                    .println(
                            done >= total
                                    ? label + ": done in " + took
                                    : String.format(
                                            Locale.ROOT, "%s: ended at %.0f %% after %s", label, 100 * share(), took));
        }
        shown = false;
    }
}
