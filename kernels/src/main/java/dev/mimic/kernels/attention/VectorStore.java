package dev.mimic.kernels.attention;

import dev.mimic.kernels.WorkerPool;

/**
 * Copies rows of keys and values into caches; threads share the rows of all sequences. Made once, so that handing it over
 * allocates nothing.
 */
final class VectorStore implements WorkerPool.Task {
    /** Elements worth a thread. */
    private static final int SHARE = 4096;

    private static final int[] ALONE = {0};

    private final WorkerPool pool;
    private final KeyValues[] oneCache = new KeyValues[1];
    private final int[] onePosition = new int[1];
    private final int[] oneEnd = new int[1];

    // one call's arguments
    private AttentionShape shape;
    private float[] k;
    private float[] v;

    /** The first block's first row in k and v, where {@link #begins} counts from it. */
    private int row;

    private KeyValues[] caches;

    /** First row and one past the last of each block; null where every row is a sequence's only one. */
    private int[] begins;

    private int[] ends;

    /** Of each row; of a block's first one where there are blocks. */
    private int[] positions;

    VectorStore(WorkerPool pool) {
        this.pool = pool;
    }

    void run(AttentionShape shape, int batch, float[] k, float[] v, int row, KeyValues cache, int position) {
        oneCache[0] = cache;
        onePosition[0] = position;
        oneEnd[0] = batch;
        this.row = row;
        begins = ALONE;
        ends = oneEnd;
        try {
            run(shape, batch, k, v, oneCache, onePosition);
        } finally {
            oneCache[0] = null;
            this.row = 0;
        }
    }

    void run(AttentionShape shape, float[] k, float[] v, PrefillBlocks blocks) {
        begins = blocks.begins();
        ends = blocks.ends();
        int rows = 0;
        for (int b = 0; b < blocks.count(); b++) {
            rows += ends[b] - begins[b];
        }
        run(shape, rows, k, v, blocks.caches(), blocks.positions());
    }

    void run(AttentionShape shape, int rows, float[] k, float[] v, KeyValues[] caches, int[] positions) {
        this.shape = shape;
        this.k = k;
        this.v = v;
        this.caches = caches;
        this.positions = positions;
        try {
            pool.run(rows, Math.max(1, SHARE / (shape.kvHeads() * shape.headSize())), this);
        } finally {
            this.shape = null;
            this.k = null;
            this.v = null;
            this.caches = null;
            this.positions = null;
            begins = null;
            ends = null;
        }
    }

    @Override
    public void run(int begin, int end) {
        if (begins == null) {
            for (int i = begin; i < end; i++) {
                store(i, caches[i], positions[i]);
            }
            return;
        }
        int before = 0; // rows of the blocks before
        for (int b = 0; before < end; b++) {
            int first = begins[b];
            int count = ends[b] - first;
            for (int i = Math.max(0, begin - before); i < Math.min(count, end - before); i++) {
                store(row + first + i, caches[b], positions[first] + i);
            }
            before += count;
        }
    }

    private void store(int from, KeyValues cache, int position) {
        int size = shape.headSize();
        int kvHeads = shape.kvHeads();
        for (int h = 0; h < kvHeads; h++) {
            cache.store(shape, h, position, k, v, (from * kvHeads + h) * size);
        }
    }
}
