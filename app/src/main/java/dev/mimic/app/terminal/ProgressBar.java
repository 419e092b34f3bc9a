package dev.mimic.app.terminal;

import java.util.Locale;

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

    private final Console console;
    private final String label;
    private final long total;
    private final long start = System.nanoTime();
    private long drawn;
    private boolean shown;
    private int lastLength;

    ProgressBar(Console console, String label, long total) {
        this.console = console;
        this.label = label;
        this.total = total;
    }

    /**
     * Tells how far the work is.
     *
     * @param done units done, of the total
     * @param detail what is being done now; may be empty
     */
    public void at(long done, String detail) {
        long now = System.nanoTime();
        if (now - start < (console.live() ? BETWEEN : PATIENCE) || now - drawn < BETWEEN) {
            return;
        }
        drawn = now;
        if (console.live()) {
            draw(line(done, detail, now));
        } else if (!shown) {
            console.err().println(line(done, detail, now));
        }
        shown = true;
    }

    private String line(long done, String detail, long now) {
        double share = total <= 0 ? 0 : Math.min(1, (double) done / total);
        int filled = (int) Math.round(share * WIDTH);
        double seconds = (now - start) / 1e9;
        String left = share > 0.01 ? ", " + duration(seconds / share - seconds) + " left" : "";
        return String.format(
                Locale.ROOT,
                "%s [%s%s] %3.0f %%  %s%s  %s",
                label,
                "#".repeat(filled),
                ".".repeat(WIDTH - filled),
                100 * share,
                duration(seconds),
                left,
                detail);
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

    /** Clears the line. Idempotent. */
    @Override
    public void close() {
        if (shown && console.live()) {
            console.err().print("\r" + " ".repeat(lastLength) + "\r");
            console.err().flush();
        } else if (shown) {
            console.err().println(label + ": done in " + duration((System.nanoTime() - start) / 1e9));
        }
        shown = false;
    }
}
