package dev.mimic.kernels.attention;

import dev.mimic.kernels.WorkerPool;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Attention of a block of consecutive rows. A work item is one kv head for {@link #itemPositions} rows and all query
 * heads that share it; threads take items as they come, the longest first. An item's queries (a position and a head
 * each) lie in tiles, one query a lane, and every lane computes by itself: its keys in ascending order, in blocks that
 * are aligned to absolute positions. So a row's result depends neither on its neighbours nor on how the prompt was cut.
 */
final class VectorPrefill implements WorkerPool.Task {
    /** Queries of an item: the copies of keys and values into the scratch cost little beside so many. */
    private static final int ITEM_QUERIES = 256;

    /** Multiply-adds worth a hand-over. */
    private static final long SHARE = 1 << 16;

    private final WorkerPool pool;
    private final AtomicInteger nextItem = new AtomicInteger();
    private final Scratch[] scratches;

    // one call's arguments
    private AttentionShape shape;
    private int batch;
    private float[] q;
    private int row;
    private KeyValues cache;
    private int position;
    private int window;
    private float[] out;
    private int itemPositions;
    private int items;

    VectorPrefill(WorkerPool pool) {
        this.pool = pool;
        scratches = new Scratch[pool.threads()];
        Arrays.setAll(scratches, i -> new Scratch());
    }

    void run(
            AttentionShape shape,
            int batch,
            float[] q,
            int row,
            KeyValues cache,
            int position,
            int window,
            float[] out) {
        this.shape = shape;
        this.batch = batch;
        this.q = q;
        this.row = row;
        this.cache = cache;
        this.position = position;
        this.window = window;
        this.out = out;
        itemPositions = Math.max(1, ITEM_QUERIES / shape.headsPerKvHead());
        items = (batch + itemPositions - 1) / itemPositions * shape.kvHeads();
        try {
            for (Scratch scratch : scratches) {
                scratch.fit(shape, itemPositions * shape.headsPerKvHead());
            }
            long work = (long) batch * shape.querySize() * Math.min(window, position + batch);
            int threads = Math.clamp(Math.min(items, work / SHARE), 1, pool.threads());
            nextItem.setPlain(0);
            pool.run(threads, 1, this);
        } finally {
            this.shape = null;
            this.q = null;
            this.cache = null;
            this.out = null;
        }
    }

    @Override
    public void run(int slot, int ignored) {
        for (int item = nextItem.getAndIncrement(); item < items; item = nextItem.getAndIncrement()) {
            int fromEnd = item / shape.kvHeads();
            int group = items / shape.kvHeads() - 1 - fromEnd;
            int first = group * itemPositions;
            item(item % shape.kvHeads(), first, Math.min(batch, first + itemPositions), scratches[slot]);
        }
    }

    /** The rows {@code [first, last)} of one kv head. */
    private void item(int kvHead, int first, int last, Scratch scratch) {
        int size = shape.headSize();
        int queries = (last - first) * shape.headsPerKvHead();
        int tiles = (queries + VectorTile.QUERIES - 1) / VectorTile.QUERIES;
        for (int t = 0; t < tiles; t++) {
            loadTile(scratch.tiles[t], t * VectorTile.QUERIES, queries, kvHead, first);
        }
        int end = position + last;
        int block = begin(position + first) / VectorTile.KEYS * VectorTile.KEYS;
        for (; block < end; block += VectorTile.KEYS) {
            int count = Math.min(VectorTile.KEYS, end - block);
            long base = ((long) kvHead * cache.capacity() + block) * size;
            scratch.keys.copy(cache.keys(), base, count, size);
            scratch.values.copy(cache.values(), base, count, size);
            for (int t = 0; t < tiles; t++) {
                scratch.tiles[t].attend(block, scratch.keys, scratch.values, scratch.weights);
            }
        }
        for (int t = 0; t < tiles; t++) {
            storeTile(scratch.tiles[t], t * VectorTile.QUERIES, queries, kvHead, first);
        }
    }

    /** First position that the query at a position sees. */
    private int begin(int queryPosition) {
        return Math.max(0, queryPosition - window + 1);
    }

    /** Where an item's query, counted over positions and then heads, starts in q and out. */
    private int offset(int query, int kvHead, int first) {
        int heads = shape.headsPerKvHead();
        return (row + first + query / heads) * shape.querySize() + (kvHead * heads + query % heads) * shape.headSize();
    }

    private void loadTile(VectorTile tile, int from, int queries, int kvHead, int first) {
        tile.clear(shape.headSize());
        for (int lane = 0; lane < VectorTile.QUERIES; lane++) {
            // lanes without a query see what the last one sees, so that they don't make a block partial
            int query = Math.min(from + lane, queries - 1);
            int at = position + first + query / shape.headsPerKvHead();
            tile.see(lane, begin(at), at + 1);
            if (from + lane < queries) {
                tile.query(lane, q, offset(query, kvHead, first), shape.scale());
            }
        }
    }

    private void storeTile(VectorTile tile, int from, int queries, int kvHead, int first) {
        tile.finish();
        for (int lane = 0; lane < VectorTile.QUERIES && from + lane < queries; lane++) {
            tile.result(lane, out, offset(from + lane, kvHead, first));
        }
    }

    /** What one thread works in. */
    private static final class Scratch {
        final VectorKeyBlock keys = new VectorKeyBlock();
        final VectorKeyBlock values = new VectorKeyBlock();
        final float[] weights = new float[(VectorTile.KEYS + 1) * VectorTile.QUERIES];
        VectorTile[] tiles = new VectorTile[0];

        void fit(AttentionShape shape, int queries) {
            int needed = (queries + VectorTile.QUERIES - 1) / VectorTile.QUERIES;
            if (tiles.length < needed) {
                tiles = Arrays.copyOf(tiles, needed);
            }
            for (int t = 0; t < needed; t++) {
                if (tiles[t] == null) {
                    tiles[t] = new VectorTile();
                }
                tiles[t].fit(shape.headSize());
            }
            keys.fit(shape.headSize());
            values.fit(shape.headSize());
        }
    }
}
