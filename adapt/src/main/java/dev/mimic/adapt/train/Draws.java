package dev.mimic.adapt.train;

import java.util.SplittableRandom;

/**
 * All that is random in training, as functions of the seed and the place alone: whoever knows the step goes on exactly
 * where another stopped, and no reply depends on how many there are beside it.
 */
final class Draws {
    private static final long START = 1;
    private static final long ORDER = 2;
    private static final long REPLY = 3;
    private static final long DROPOUT = 4;

    private final long seed;
    private int[] order = {};
    private long orderEpoch = -1;

    Draws(long seed) {
        this.seed = seed;
    }

    /** Where the parameters start from. */
    SplittableRandom start() {
        return new SplittableRandom(of(START, 0, 0));
    }

    /** The seed of a reply. */
    long reply(int step, int row) {
        return of(REPLY, step, row);
    }

    /** What the masks of a step depend on. */
    long dropout(int step) {
        return of(DROPOUT, step, 0);
    }

    /**
     * The example at a place of the endless sequence of shuffled passes over the data.
     *
     * @param place from 0
     * @param size examples of the data
     */
    int example(long place, int size) {
        long epoch = place / size;
        if (epoch != orderEpoch || order.length != size) {
            order = shuffled(size, new SplittableRandom(of(ORDER, epoch, 0)));
            orderEpoch = epoch;
        }
        return order[(int) (place % size)];
    }

    private static int[] shuffled(int size, SplittableRandom random) {
        int[] order = new int[size];
        for (int i = 0; i < size; i++) {
            int j = random.nextInt(i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        return order;
    }

    private long of(long purpose, long first, long second) {
        return mix(mix(mix(mix(seed) + purpose) + first) + second);
    }

    /** The finalizer of SplitMix64 (Steele, Lea, Flood 2014; Stafford's variant 13) after its increment. */
    private static long mix(long value) {
        long z = value + 0x9e3779b97f4a7c15L;
        z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
        z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
        return z ^ z >>> 31;
    }
}
