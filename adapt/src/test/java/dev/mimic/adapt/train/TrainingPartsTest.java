package dev.mimic.adapt.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Schedules, draws, advantages and options. */
final class TrainingPartsTest {
    @Test
    void schedulesFallAsTheirFormulasSay() {
        assertEquals(2, Schedule.CONSTANT.rate(2, 0, 7, 10));
        assertEquals(2, Schedule.LINEAR.rate(2, 0.1, 1, 10));
        assertEquals(2 * (1 - 0.9 * 9 / 10), Schedule.LINEAR.rate(2, 0.1, 10, 10), 1e-15);
        assertEquals(2, Schedule.COSINE.rate(2, 0, 1, 10));
        assertEquals(1, Schedule.COSINE.rate(2, 0, 6, 10), 1e-15);
        assertEquals(2 * (0.5 + 0.5 * 0.5), Schedule.COSINE.rate(2, 0.5, 6, 10), 1e-15);
    }

    @Test
    void everyPassOverTheDataSeesEveryExampleOnceInAnotherOrder() {
        Draws draws = new Draws(5);
        int[][] passes = new int[2][10];
        for (int place = 0; place < 20; place++) {
            passes[place / 10][place % 10] = draws.example(place, 10);
        }
        for (int[] pass : passes) {
            Set<Integer> seen = new TreeSet<>();
            for (int i : pass) {
                seen.add(i);
            }
            assertEquals(10, seen.size());
        }
        assertTrue(!java.util.Arrays.equals(passes[0], passes[1]));
        assertEquals(passes[0][3], new Draws(5).example(3, 10));
        assertEquals(passes[1][3], new Draws(5).example(13, 10));
    }

    @Test
    void aLogThatCannotBeWrittenIsNamed() {
        Path file = Path.of("expert.jsonl");
        BufferedWriter full = new BufferedWriter(new Writer() {
            @Override
            public void write(char[] text, int from, int length) throws IOException {
                throw new IOException("File too large");
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        });
        TrainingLog log = new TrainingLog(file, full);
        TrainingStep step = new TrainingStep(1, 1, 1, 1, 1, Double.NaN, 1, 1, 1, 1, Optional.empty());
        String expected = "expert.jsonl: cannot be written: File too large";
        UncheckedIOException added = assertThrows(UncheckedIOException.class, () -> log.add(step));
        assertEquals(expected, added.getCause().getMessage());
        UncheckedIOException closed = assertThrows(UncheckedIOException.class, log::close);
        assertEquals(expected, closed.getCause().getMessage());
    }

    @Test
    void everyReplyHasASeedOfItsOwn() {
        Set<Long> seeds = new TreeSet<>();
        for (long seed = 0; seed < 4; seed++) {
            for (int step = 1; step <= 20; step++) {
                for (int row = 0; row < 20; row++) {
                    seeds.add(new Draws(seed).reply(step, row));
                }
            }
        }
        assertEquals(4 * 20 * 20, seeds.size());
        assertNotEquals(new Draws(1).start().nextLong(), new Draws(2).start().nextLong());
    }

    @Test
    void advantagesAreRewardsBeyondTheirMean() {
        double[] rewards = {1, 1, 1, -1};
        assertArrayEquals(rewards, Advantages.of(rewards, false, false));
        assertArrayEquals(new double[] {0.5, 0.5, 0.5, -1.5}, Advantages.of(rewards, true, false));
        // the unbiased standard deviation of 1, 1, 1, -1 is 1
        assertArrayEquals(new double[] {0.5, 0.5, 0.5, -1.5}, Advantages.of(rewards, true, true), 1e-7);
        assertArrayEquals(new double[] {0, 0}, Advantages.of(new double[] {1, 1}, true, true));
    }

    @Test
    void optionsAreChecked() {
        TrainingOptions options = TrainingOptions.DEFAULTS;
        refused("batch is 7", () -> options.withBatch(8).withSamples(4).withBatch(7));
        refused("steps is 0", () -> options.withSteps(0));
        refused("learning rate is NaN", () -> options.withLearningRate(Double.NaN));
        refused("share from 0 to 1", () -> options.withFinalShare(2));
        refused("temperature", () -> options.withTemperature(-1));
    }

    private static void refused(String text, org.junit.jupiter.api.function.Executable change) {
        String message = assertThrows(IllegalArgumentException.class, change).getMessage();
        assertTrue(message.contains(text), message);
    }
}
