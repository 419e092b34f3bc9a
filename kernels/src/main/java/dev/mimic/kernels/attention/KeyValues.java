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
public record KeyValues(MemorySegment keys, MemorySegment values, int capacity) {}
