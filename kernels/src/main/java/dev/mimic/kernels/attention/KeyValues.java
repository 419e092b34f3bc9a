package dev.mimic.kernels.attention;

import java.lang.foreign.MemorySegment;

/**
 * The cached keys and values of one layer of one sequence, F32, native memory. Position p of kv head h starts at element
 * {@code (h · capacity + p) · headSize}, so that a head's positions lie one behind the other.
 *
 * @param keys [kvHeads, capacity, headSize]
 * @param values [kvHeads, capacity, headSize]
 * @param capacity positions
 */
public record KeyValues(MemorySegment keys, MemorySegment values, int capacity) {
    /** Checks that the segments hold a shape's keys and values and that {@code [begin, end)} are positions of them. */
    void check(String operation, AttentionShape shape, int begin, int end) {
        if (begin < 0 || begin >= end || end > capacity) {
            throw new IllegalArgumentException(operation + ": positions [" + begin + ", " + end
                    + ") are empty or outside of the cache, expected a range of [0, " + capacity + ")");
        }
        long bytes = Math.multiplyExact((long) shape.kvHeads() * shape.headSize(), (long) capacity * Float.BYTES);
        check(operation, "keys", keys, bytes);
        check(operation, "values", values, bytes);
    }

    private void check(String operation, String name, MemorySegment segment, long bytes) {
        if (segment.byteSize() < bytes) {
            throw new IllegalArgumentException(operation + ": the cache's " + name + " have " + segment.byteSize()
                    + " bytes, expected at least " + bytes + " (capacity " + capacity + ")");
        }
    }
}
