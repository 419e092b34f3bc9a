package dev.mimic.loader.tokenizer;

import java.util.Arrays;

/**
 * The symbols of a piece while pairs are merged: a list linked by index. Short words look at all pairs each time, long
 * ones keep a heap, so a text of a megabyte without blanks takes n log n. Belongs to one thread.
 */
final class Word {
    private static final int SHORT = 40;

    /** Room for the bytes of one character. */
    final byte[] character = new byte[4];

    private int[] ids = new int[64];
    private int[] previous = new int[64];
    private int[] next = new int[64];
    private int[] ranks = new int[64];
    private int size;
    private long[] heap = new long[64];
    private int heapSize;

    void clear() {
        size = 0;
    }

    void add(int id) {
        if (size == ids.length) {
            int capacity = 2 * size;
            ids = Arrays.copyOf(ids, capacity);
            previous = Arrays.copyOf(previous, capacity);
            next = Arrays.copyOf(next, capacity);
            ranks = Arrays.copyOf(ranks, capacity);
        }
        ids[size++] = id;
    }

    /** Merges until no pair is left that merges. */
    void merge(MergeTable merges) {
        if (size > SHORT) {
            mergeByHeap(merges);
        } else {
            mergeByScan(merges);
        }
    }

    void addTo(IdList target) {
        target.add(ids, size);
    }

    private void mergeByScan(MergeTable merges) {
        for (int i = 0; i + 1 < size; i++) {
            ranks[i] = merges.rank(ids[i], ids[i + 1]);
        }
        while (true) {
            int best = -1;
            int bestRank = Integer.MAX_VALUE;
            for (int i = 0; i + 1 < size; i++) {
                int rank = ranks[i];
                if (rank >= 0 && rank < bestRank) {
                    bestRank = rank;
                    best = i;
                }
            }
            if (best < 0) {
                return;
            }
            ids[best] = merges.merged(bestRank);
            size--;
            for (int i = best + 1; i < size; i++) {
                ids[i] = ids[i + 1];
                ranks[i] = ranks[i + 1];
            }
            if (best + 1 < size) {
                ranks[best] = merges.rank(ids[best], ids[best + 1]);
            }
            if (best > 0) {
                ranks[best - 1] = merges.rank(ids[best - 1], ids[best]);
            }
        }
    }

    private void mergeByHeap(MergeTable merges) {
        heapSize = 0;
        for (int i = 0; i < size; i++) {
            previous[i] = i - 1;
            next[i] = i + 1 < size ? i + 1 : -1;
        }
        for (int i = 0; i + 1 < size; i++) {
            rank(i, merges);
        }
        while (heapSize > 0) {
            long top = pop();
            int rank = (int) (top >>> 32);
            int at = (int) top;
            // an entry whose pair has since changed, or is gone, has another rank
            if (ids[at] < 0 || ranks[at] != rank) {
                continue;
            }
            int right = next[at];
            ids[at] = merges.merged(rank);
            ids[right] = -1;
            ranks[right] = -1;
            next[at] = next[right];
            if (next[at] >= 0) {
                previous[next[at]] = at;
            }
            rank(at, merges);
            if (previous[at] >= 0) {
                rank(previous[at], merges);
            }
        }
        int kept = 0;
        for (int i = 0; i >= 0; i = next[i]) {
            ids[kept++] = ids[i];
        }
        size = kept;
    }

    /** Looks the pair up that begins at a symbol, and queues it if it merges. */
    private void rank(int at, MergeTable merges) {
        ranks[at] = next[at] < 0 ? -1 : merges.rank(ids[at], ids[next[at]]);
        if (ranks[at] >= 0) {
            push((long) ranks[at] << 32 | at);
        }
    }

    private void push(long entry) {
        if (heapSize == heap.length) {
            heap = Arrays.copyOf(heap, 2 * heapSize);
        }
        int at = heapSize++;
        while (at > 0 && heap[(at - 1) / 2] > entry) {
            heap[at] = heap[(at - 1) / 2];
            at = (at - 1) / 2;
        }
        heap[at] = entry;
    }

    private long pop() {
        long top = heap[0];
        long last = heap[--heapSize];
        int at = 0;
        for (int child = 1; child < heapSize; child = 2 * at + 1) {
            if (child + 1 < heapSize && heap[child + 1] < heap[child]) {
                child++;
            }
            if (heap[child] >= last) {
                break;
            }
            heap[at] = heap[child];
            at = child;
        }
        heap[at] = last;
        return top;
    }
}
