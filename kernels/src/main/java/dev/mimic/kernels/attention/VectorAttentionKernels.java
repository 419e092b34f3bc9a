package dev.mimic.kernels.attention;

import dev.mimic.kernels.WorkerPool;

/** Streaming softmax over blocks of positions, in vectors; scores never leave the first-level cache. */
final class VectorAttentionKernels implements AttentionKernels {
    private final VectorStore store;
    private final VectorDecode decode;
    private final VectorPrefill prefill;

    VectorAttentionKernels(WorkerPool pool) {
        store = new VectorStore(pool);
        decode = new VectorDecode(pool);
        prefill = new VectorPrefill(pool);
    }

    @Override
    public void store(AttentionShape shape, int batch, float[] k, float[] v, int row, KeyValues cache, int position) {
        AttentionChecks.store(shape, batch, k, v, row, cache, position);
        store.run(shape, batch, k, v, row, cache, position);
    }

    @Override
    public void store(AttentionShape shape, int batch, float[] k, float[] v, KeyValues[] caches, int[] positions) {
        AttentionChecks.store(shape, batch, k, v, caches, positions);
        store.run(shape, batch, k, v, caches, positions);
    }

    @Override
    public void store(AttentionShape shape, PrefillBlocks blocks, float[] k, float[] v) {
        blocks.checkStore(shape, k, v);
        store.run(shape, k, v, blocks);
    }

    @Override
    public void decode(
            AttentionShape shape, int batch, float[] q, KeyValues[] caches, int[] begin, int[] end, float[] out) {
        AttentionChecks.decode(shape, batch, q, caches, begin, end, out);
        decode.run(shape, batch, q, caches, begin, end, out);
    }

    @Override
    public void prefill(
            AttentionShape shape,
            int batch,
            float[] q,
            int row,
            KeyValues cache,
            int position,
            int window,
            float[] out) {
        AttentionChecks.prefill(shape, batch, q, row, cache, position, window, out);
        prefill.run(shape, batch, q, row, cache, position, window, out);
    }

    @Override
    public void prefill(AttentionShape shape, int window, PrefillBlocks blocks, float[] q, float[] out) {
        blocks.check(shape, window, q, out);
        prefill.run(shape, window, blocks, q, out);
    }
}
