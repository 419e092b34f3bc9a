package dev.mimic.app.terminal;

import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Function;

/**
 * Where a command reads and writes: results on {@code out}; notes, progress and errors on {@code err}.
 *
 * @param in UTF-8 input
 * @param out results only
 * @param err everything else
 * @param live whether {@code err} is a terminal, so that a line may be drawn over
 */
public record Console(InputStream in, PrintStream out, PrintStream err, boolean live) {
    /** Prints a note, one line that starts with {@code note:}. */
    public void note(String text) {
        err.println("note: " + text);
    }

    /** Says that a result will take the place of a file or folder that lies there. */
    public void noteReplaced(Path out) {
        if (Files.exists(out)) {
            note("replaces " + out);
        }
    }

    /**
     * Works under a progress bar. The bar says done when the work returns, whatever was counted, and how far it came when
     * the work throws.
     *
     * @param total units of all work
     */
    public <T> T progress(String label, long total, Function<ProgressBar, T> work) {
        return progress(label, total).over(work);
    }

    /** Starts a progress bar for work that begins and ends in different places; whoever starts it closes it. */
    public ProgressBar progress(String label, long total) {
        return new ProgressBar(this, label, total, System::nanoTime);
    }
}
