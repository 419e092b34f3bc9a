package dev.mimic.loader.tokenizer;

import java.util.Arrays;
import java.util.SplittableRandom;

/** The merges: a pair of ids to its rank, and a rank to the id of the merged token. Open addressing over longs. */
final class MergeTable {
    private static final long EMPTY = -1;

    /** Of this object alone, so that no file can be made whose pairs all fall on one slot. */
    private final long multiplier = new SplittableRandom().nextLong() | 1;

    private long[] pairs;
    private int[] ranks;
    private int[] merged;
    private int size;

    /** @param expected how many merges will come, roughly */
    MergeTable(int expected) {
        int capacity = Integer.highestOneBit(Math.max(expected, 8)) * 2;
        pairs = new long[capacity];
        Arrays.fill(pairs, EMPTY);
        ranks = new int[capacity];
        merged = new int[Math.max(expected, 8)];
    }

    /** Sets the rank of a pair; the last of several counts. */
    void put(int left, int right, int rank, int mergedId) {
        if (rank >= merged.length) {
            merged = Arrays.copyOf(merged, Math.max(rank + 1, merged.length + (merged.length >> 1)));
        }
        merged[rank] = mergedId;
        if (4 * (size + 1) > 3 * pairs.length) {
            grow();
        }
        insert(pair(left, right), rank);
    }

    /** The rank of a pair, lower merges first; -1 if the pair does not merge. */
    int rank(int left, int right) {
        long pair = pair(left, right);
        int mask = pairs.length - 1;
        for (int slot = slot(pair, mask); pairs[slot] != EMPTY; slot = slot + 1 & mask) {
            if (pairs[slot] == pair) {
                return ranks[slot];
            }
        }
        return -1;
    }

    /** The id that the merge of a rank makes. */
    int merged(int rank) {
        return merged[rank];
    }

    private void insert(long pair, int rank) {
        int mask = pairs.length - 1;
        int slot = slot(pair, mask);
        while (pairs[slot] != EMPTY && pairs[slot] != pair) {
            slot = slot + 1 & mask;
        }
        if (pairs[slot] == EMPTY) {
            size++;
        }
        pairs[slot] = pair;
        ranks[slot] = rank;
    }

    private void grow() {
        long[] oldPairs = pairs;
        int[] oldRanks = ranks;
        pairs = new long[2 * oldPairs.length];
        Arrays.fill(pairs, EMPTY);
        ranks = new int[pairs.length];
        size = 0;
        for (int i = 0; i < oldPairs.length; i++) {
            if (oldPairs[i] != EMPTY) {
                insert(oldPairs[i], oldRanks[i]);
            }
        }
    }

    private static long pair(int left, int right) {
        return (long) left << 32 | right;
    }

    private int slot(long pair, int mask) {
        long mixed = pair * multiplier;
        return (int) (mixed >>> 32) & mask;
    }
}
