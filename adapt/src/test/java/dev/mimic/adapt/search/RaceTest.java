package dev.mimic.adapt.search;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.testkit.SeededCases;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class RaceTest {
    /** Runs a race; the number of questions asked. */
    private static int run(Race race, boolean[][] right) {
        Set<Race.Entry> asked = new HashSet<>();
        for (List<Race.Entry> wave = race.next(); !wave.isEmpty(); wave = race.next()) {
            for (Race.Entry entry : wave) {
                assertTrue(asked.add(entry), "asked twice: " + entry);
                race.tell(entry, right[entry.candidate()][entry.shot()]);
            }
        }
        return asked.size();
    }

    /** The winners when everything is asked. */
    private static int[] best(double[] scores, int winners) {
        return IntStream.range(0, scores.length)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer i) -> -scores[i]))
                .limit(winners)
                .mapToInt(Integer::intValue)
                .toArray();
    }

    private static double share(boolean[] right) {
        int count = 0;
        for (boolean one : right) {
            count += one ? 1 : 0;
        }
        return (double) count / right.length;
    }

    @Test
    void theWinnersAreThoseOfAskingEverything() {
        for (int seed = 0; seed < 300; seed++) {
            RandomGenerator random = SeededCases.generator(seed);
            int candidates = random.nextInt(1, 40);
            int shots = random.nextInt(1, 25);
            int winners = random.nextInt(1, 8);
            double ease = random.nextDouble();
            boolean[][] right = new boolean[candidates][shots];
            double[] all = new double[candidates];
            for (int i = 0; i < candidates; i++) {
                for (int shot = 0; shot < shots; shot++) {
                    right[i][shot] = random.nextDouble() < ease;
                }
                all[i] = share(right[i]);
            }
            int[] order = IntStream.range(0, shots).map(i -> shots - 1 - i).toArray();
            Race race = new Race(candidates, order, winners);
            run(race, right);
            int[] expected = best(all, winners);
            double[] scores = race.scores();
            assertArrayEquals(expected, best(scores, winners), "seed " + seed);
            for (int winner : expected) {
                assertEquals(all[winner], scores[winner], "seed " + seed);
            }
        }
    }

    @Test
    void whoCannotWinAnyMoreIsAskedNoFurther() {
        boolean[][] right = new boolean[32][20];
        for (int i = 10; i < 16; i++) {
            Arrays.fill(right[i], true);
        }
        int[] order = IntStream.range(0, 20).toArray();
        // two shots of each, then the rest of the winners
        assertEquals(32 * 2 + 6 * 18, run(new Race(32, order, 6), right));
    }

    @Test
    void missedShotsAreCounted() {
        Race race = new Race(2, new int[] {1, 0}, 2);
        run(race, new boolean[][] {{true, false}, {false, false}});
        assertArrayEquals(new int[] {1, 2}, race.missed());
        assertEquals(0, run(new Race(0, new int[] {0}, 2), new boolean[0][]));
    }
}
