package dev.mimic.kernels.attention;

import dev.mimic.kernels.WorkerPool;

/** Streaming softmax over blocks of positions, in vectors; scores never leave the first-level cache. */
final class VectorAttentionKernels implements AttentionKernels {
    /** Elements worth a thread. */
    private static final int STORE_SHARE = 16384;

    private final WorkerPool pool;
    private final Store store = new Store();
    private final VectorDecode decode;
    private final VectorPrefill prefill;

    VectorAttentionKernels(WorkerPool pool) {
        this.pool = pool;
        decode = new VectorDecode(pool);
        prefill = new VectorPrefill(pool);
    }

    @Override
    public void store(AttentionShape shape, int batch, float[] k, float[] v, int row, KeyValues cache, int position) {
        AttentionChecks.store(shape, batch, k, v, row, cache, position);
        store.set(shape, k, v, row, cache, position);
        try {
            pool.run(batch, Math.max(1, STORE_SHARE / (shape.kvHeads() * shape.headSize())), store);
        } finally {
            store.set(null, null, null, 0, null, 0);
        }
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

    /** Copies rows into the cache. Made once, so that handing it over allocates nothing. */
    private static final class Store implements WorkerPool.Task {
        private AttentionShape shape;
        private float[] k;
        private float[] v;
        private int row;
        private KeyValues cache;
        private int position;

        void set(AttentionShape shape, float[] k, float[] v, int row, KeyValues cache, int position) {
            this.shape = shape;
            this.k = k;
            this.v = v;
            this.row = row;
            this.cache = cache;
            this.position = position;
        }

        @Override
        public void run(int begin, int end) {
            int size = shape.headSize();
            int kvHeads = shape.kvHeads();
            for (int i = begin; i < end; i++) {
                for (int h = 0; h < kvHeads; h++) {
                    cache.store(shape, h, position + i, k, v, ((row + i) * kvHeads + h) * size);
                }
            }
        }
    }
}
