package dev.mimic.kernels.attention;

import dev.mimic.kernels.WorkerPool;

/**
 * Softmax attention of queries over cached keys and values, already rotated. Per query row and head:
 * {@code out = Σ_p softmax_p(scale · q·k[p]) v[p]} over the positions it may see.
 *
 * <p>A row's result depends on its own query, cache and range, never on the batch, on how a prompt was cut into blocks
 * or on the number of threads. Decode and prefill may sum in different orders. An instance serves one calling thread at
 * a time.
 */
public interface AttentionKernels {
    /** Plain loops in index order: the specification. */
    static AttentionKernels scalar(WorkerPool pool) {
        return new ScalarAttentionKernels(pool);
    }

    /** The Vector API at the width of {@code VectorWidth}; allocates nothing once its scratch has grown. */
    static AttentionKernels vector(WorkerPool pool) {
        return new VectorAttentionKernels(pool);
    }

    /**
     * Writes rows of keys and values into a cache at {@code [position, position + batch)}.
     *
     * @param batch positions
     * @param k [batch, kvHeads, headSize]
     * @param v [batch, kvHeads, headSize]
     * @param row first row of k and v to store
     */
    void store(AttentionShape shape, int batch, float[] k, float[] v, int row, KeyValues cache, int position);

    /**
     * Writes one row of keys and values for each of several sequences.
     *
     * @param batch rows
     * @param k [batch, kvHeads, headSize]
     * @param v [batch, kvHeads, headSize]
     * @param caches [batch], all different
     * @param positions [batch]: where row i goes in cache i
     */
    void store(AttentionShape shape, int batch, float[] k, float[] v, KeyValues[] caches, int[] positions);

    /**
     * Writes the rows of blocks of several sequences, each block as {@link #store} by itself.
     *
     * @param blocks sequences, all of different caches
     * @param k [rows, kvHeads, headSize]
     * @param v [rows, kvHeads, headSize]
     */
    void store(AttentionShape shape, PrefillBlocks blocks, float[] k, float[] v);

    /**
     * One query row per sequence, each over its own cache: row i sees the positions {@code [begin[i], end[i])}.
     *
     * @param batch rows
     * @param q [batch, heads, headSize]
     * @param caches [batch]
     * @param begin [batch]
     * @param end [batch]; above {@code begin}
     * @param out [batch, heads, headSize]; overwritten
     */
    void decode(AttentionShape shape, int batch, float[] q, KeyValues[] caches, int[] begin, int[] end, float[] out);

    /**
     * A block of consecutive query rows of one sequence: row i stands at {@code position + i} and sees the last
     * {@code window} positions up to and with its own.
     *
     * @param batch rows
     * @param q [row + batch, heads, headSize]
     * @param row the block's first row in q and out
     * @param position position of the block's first row
     * @param window positions seen at most; {@code Integer.MAX_VALUE} for all
     * @param out [row + batch, heads, headSize]; overwritten from {@code row} on
     */
    void prefill(
            AttentionShape shape,
            int batch,
            float[] q,
            int row,
            KeyValues cache,
            int position,
            int window,
            float[] out);

    /**
     * Blocks of several sequences at once: the rows {@code [begins[b], ends[b])} are block b, over a cache of its own,
     * each as {@link #prefill} by itself.
     *
     * @param window positions seen at most; {@code Integer.MAX_VALUE} for all
     * @param blocks sequences
     * @param q [rows, heads, headSize]
     * @param out [rows, heads, headSize]; overwritten in the blocks' rows
     */
    void prefill(AttentionShape shape, int window, PrefillBlocks blocks, float[] q, float[] out);
}
