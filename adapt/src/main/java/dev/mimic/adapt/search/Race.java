package dev.mimic.adapt.search;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Finds the candidates that answer most shots, without asking every candidate every shot: one that could not come among
 * the first even if it answered the rest right is asked no further. The winners, their order and their scores are those of
 * asking everything; equal scores go by lower index. Knows no model.
 */
final class Race {
    /** Shots that every candidate is asked before the first is dropped. */
    private static final int FIRST = 2;

    /** Shots that a candidate is asked at once later on. */
    private static final int MORE = 6;

    private final int[] order;
    private final int winners;
    private final int[] right;
    private final int[] asked;
    private final int[] missed;

    /**
     * A question to be asked.
     *
     * @param candidate its index
     * @param shot its index
     */
    record Entry(int candidate, int shot) {}

    /**
     * Starts a race.
     *
     * @param candidates how many
     * @param order all shots, in the order in which they are asked; the sooner a shot that many miss, the sooner it ends
     * @param winners how many are wanted
     */
    Race(int candidates, int[] order, int winners) {
        this.order = order.clone();
        this.winners = Math.min(winners, candidates);
        this.right = new int[candidates];
        this.asked = new int[candidates];
        this.missed = new int[order.length];
    }

    /** The questions of the next wave; none when the winners are known. All are to be told before the next wave. */
    List<Entry> next() {
        List<Entry> wave = new ArrayList<>();
        if (right.length == 0) {
            return wave;
        }
        if (asked[0] == 0) {
            for (int candidate = 0; candidate < right.length; candidate++) {
                add(wave, candidate, FIRST);
            }
            return wave;
        }
        int[] ranking = ranking();
        if (IntStream.of(ranking).limit(winners).allMatch(this::isDone)) {
            return wave;
        }
        for (int place = 0; place < winners; place++) {
            add(wave, ranking[place], MORE);
        }
        return wave;
    }

    private void add(List<Entry> wave, int candidate, int shots) {
        for (int i = asked[candidate]; i < Math.min(order.length, asked[candidate] + shots); i++) {
            wave.add(new Entry(candidate, order[i]));
        }
    }

    private boolean isDone(int candidate) {
        return asked[candidate] == order.length;
    }

    /** Takes the outcome of a question. */
    void tell(Entry entry, boolean isRight) {
        asked[entry.candidate()]++;
        right[entry.candidate()] += isRight ? 1 : 0;
        missed[entry.shot()] += isRight ? 0 : 1;
    }

    /** Candidates by the most they can reach, then by index. */
    private int[] ranking() {
        return IntStream.range(0, right.length)
                .boxed()
                .sorted(Comparator.comparingInt((Integer candidate) -> -most(candidate)))
                .mapToInt(Integer::intValue)
                .toArray();
    }

    private int most(int candidate) {
        return right[candidate] + order.length - asked[candidate];
    }

    /** Shares of right answers, [candidates]; of those that were dropped the most they could have reached. */
    double[] scores() {
        return IntStream.range(0, right.length)
                .mapToDouble(candidate -> (double) most(candidate) / order.length)
                .toArray();
    }

    /** How often each shot was missed. */
    int[] missed() {
        return missed.clone();
    }
}
