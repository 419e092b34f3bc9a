package dev.mimic.kernels.attention;

import dev.mimic.kernels.Shapes;

/**
 * Blocks of consecutive rows, each of a sequence of its own. Borrowed: whoever made the arrays may fill them anew for the
 * next call.
 *
 * @param begins first row of each block
 * @param ends one past the last row of each block; above {@code begins}
 * @param positions position of each row in its sequence; that of a block's first row is read
 * @param caches each block's cache
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record PrefillBlocks(int count, int[] begins, int[] ends, int[] positions, KeyValues[] caches) {
    /** Checks for attention of queries. */
    void check(AttentionShape shape, int window, float[] q, float[] out) {
        lengths("prefill");
        for (int b = 0; b < count; b++) {
            AttentionChecks.prefill(
                    shape, ends[b] - begins[b], q, begins[b], caches[b], positions[begins[b]], window, out);
        }
    }

    /** Checks for keys and values to be stored. */
    void checkStore(AttentionShape shape, float[] k, float[] v) {
        lengths("store");
        for (int b = 0; b < count; b++) {
            AttentionChecks.store(shape, ends[b] - begins[b], k, v, begins[b], caches[b], positions[begins[b]]);
        }
    }

    private void lengths(String operation) {
        Shapes.atLeast(operation, "begins", begins.length, count);
        Shapes.atLeast(operation, "ends", ends.length, count);
        Shapes.atLeast(operation, "caches", caches.length, count);
    }
}
