package dev.mimic.app.terminal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** What a bar says, by a clock that the test sets. */
final class ProgressBarTest {
    private static final long SECOND = 1_000_000_000L;

    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private long now = 5 * SECOND;

    private ProgressBar bar(boolean live, long total) {
        PrintStream print = new PrintStream(err, true, StandardCharsets.UTF_8);
        Console console = new Console(InputStream.nullInputStream(), print, print, live);
        return new ProgressBar(console, "work", total, () -> now);
    }

    private String said() {
        String text = err.toString(StandardCharsets.UTF_8);
        err.reset();
        return text;
    }

    private String after(ProgressBar bar, double seconds, long done) {
        now += (long) (seconds * SECOND);
        bar.at(done, "");
        return said();
    }

    @Test
    void aSlowBeginningSaysNothingAboutTheRest() {
        ProgressBar bar = bar(true, 100);
        assertFalse(after(bar, 60, 5).contains("left")); // by the share of the work that would be 19 minutes
        assertFalse(after(bar, 1, 6).contains("left"));
        assertFalse(after(bar, 1, 7).contains("left"));
        assertTrue(after(bar, 1, 10).contains(", 54 s left"), "3 s for the 5 behind the first");
        assertTrue(after(bar, 1, 55).contains(", 4 s left"), "4 s for 50");
    }

    @Test
    void whatAnEarlierRunDidIsNotCountedAsFast() {
        ProgressBar bar = bar(true, 100);
        bar.at(50, "");
        assertFalse(after(bar, 2, 51).contains("left"));
        assertFalse(after(bar, 2, 52).contains("left"));
        assertTrue(after(bar, 2, 53).contains(", 1 min 34 s left"));
    }

    @Test
    void theFirstTwentiethOfTheWorkForetellsNothing() {
        ProgressBar bar = bar(true, 1000);
        for (int done = 1; done < 50; done++) {
            assertFalse(after(bar, 1, done).contains("left"));
        }
        assertTrue(after(bar, 1, 50).contains(", 15 min 50 s left"));
    }

    @Test
    void onlyWorkThatIsDoneIsSaidToBe() {
        ProgressBar whole = bar(false, 10);
        after(whole, 3, 4);
        after(whole, 3, 10);
        whole.close();
        assertEquals("work: done in 6 s", said().strip());
        ProgressBar failed = bar(false, 10);
        after(failed, 3, 4);
        failed.close();
        failed.close();
        assertEquals("work: ended at 40 % after 3 s", said().strip());
        assertEquals("result", bar(false, 10).over(shown -> {
            after(shown, 3, 4);
            return "result";
        }));
        assertEquals("work: done in 3 s", said().strip(), "it returned, whatever was counted");
        assertThrows(
                IllegalStateException.class,
                () -> bar(false, 10).over(shown -> {
                    after(shown, 3, 4);
                    throw new IllegalStateException();
                }));
        assertEquals("work: ended at 40 % after 3 s", said().strip());
    }
}
