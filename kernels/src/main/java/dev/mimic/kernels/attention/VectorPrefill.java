package dev.mimic.kernels.attention;

import dev.mimic.kernels.WorkerPool;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Attention of blocks of consecutive rows. A work item is one kv head for {@link #itemPositions} rows and all query
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

    /** A block alone; made anew only for a row further down than any before. */
    private PrefillBlocks alone = alone(0);

    // one call's arguments
    private AttentionShape shape;
    private PrefillBlocks blocks;
    private float[] q;
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
        if (alone.positions().length <= row) {
            alone = alone(row);
        }
        alone.begins()[0] = row;
        alone.ends()[0] = row + batch;
        alone.caches()[0] = cache;
        alone.positions()[row] = position;
        try {
            run(shape, window, alone, q, out);
        } finally {
            alone.caches()[0] = null;
        }
    }

    private static PrefillBlocks alone(int row) {
        return new PrefillBlocks(1, new int[1], new int[1], new int[row + 1], new KeyValues[1]);
    }

    void run(AttentionShape shape, int window, PrefillBlocks blocks, float[] q, float[] out) {
        this.shape = shape;
        this.blocks = blocks;
        this.q = q;
        this.window = window;
        this.out = out;
        itemPositions = Math.max(1, ITEM_QUERIES / shape.headsPerKvHead());
        items = 0;
        long work = 0;
        for (int b = 0; b < blocks.count(); b++) {
            int rows = blocks.ends()[b] - blocks.begins()[b];
            int position = blocks.positions()[blocks.begins()[b]];
            items += groups(b) * shape.kvHeads();
            work += (long) rows * shape.querySize() * Math.min(window, position + rows);
        }
        try {
            for (Scratch scratch : scratches) {
                scratch.fit(shape, itemPositions * shape.headsPerKvHead());
            }
            int threads = Math.clamp(Math.min(items, work / SHARE), 1, pool.threads());
            nextItem.setPlain(0);
            pool.run(threads, 1, this);
        } finally {
            this.shape = null;
            this.blocks = null;
            this.q = null;
            this.out = null;
            for (Scratch scratch : scratches) {
                scratch.cache = null;
            }
        }
    }

    /** Items of a kv head in a block. */
    private int groups(int block) {
        int rows = blocks.ends()[block] - blocks.begins()[block];
        return (rows + itemPositions - 1) / itemPositions;
    }

    @Override
    public void run(int slot, int ignored) {
        Scratch scratch = scratches[slot];
        int block = 0;
        int firstItem = 0;
        for (int item = nextItem.getAndIncrement(); item < items; item = nextItem.getAndIncrement()) {
            int groups = groups(block);
            while (item >= firstItem + groups * shape.kvHeads()) {
                firstItem += groups * shape.kvHeads();
                block++;
                groups = groups(block);
            }
            scratch.row = blocks.begins()[block];
            scratch.position = blocks.positions()[scratch.row];
            scratch.cache = blocks.caches()[block];
            int fromEnd = (item - firstItem) / shape.kvHeads();
            int first = (groups - 1 - fromEnd) * itemPositions;
            int rows = blocks.ends()[block] - scratch.row;
            item((item - firstItem) % shape.kvHeads(), first, Math.min(rows, first + itemPositions), scratch);
        }
    }

    /** The rows {@code [first, last)} of one kv head. */
    private void item(int kvHead, int first, int last, Scratch scratch) {
        int queries = (last - first) * shape.headsPerKvHead();
        int tiles = (queries + VectorTile.QUERIES - 1) / VectorTile.QUERIES;
        for (int t = 0; t < tiles; t++) {
            loadTile(scratch, t, queries, kvHead, first);
        }
        KeyValues cache = scratch.cache;
        int end = scratch.position + last;
        int block = begin(scratch.position + first) / VectorTile.KEYS * VectorTile.KEYS;
        for (; block < end; block += VectorTile.KEYS) {
            int count = Math.min(VectorTile.KEYS, end - block);
            scratch.block.copy(shape, cache, kvHead, block, count);
            for (int t = 0; t < tiles; t++) {
                scratch.tiles[t].attend(block, scratch.block, scratch.weights);
            }
        }
        for (int t = 0; t < tiles; t++) {
            storeTile(scratch, t, queries, kvHead, first);
        }
    }

    /** First position that the query at a position sees. */
    private int begin(int queryPosition) {
        return Math.max(0, queryPosition - window + 1);
    }

    /** Where an item's query, counted over positions and then heads, starts in q and out; {@code first} is the item's row. */
    private int offset(int query, int kvHead, int first) {
        int heads = shape.headsPerKvHead();
        return (first + query / heads) * shape.querySize() + (kvHead * heads + query % heads) * shape.headSize();
    }

    private void loadTile(Scratch scratch, int index, int queries, int kvHead, int first) {
        VectorTile tile = scratch.tiles[index];
        int from = index * VectorTile.QUERIES;
        tile.clear(shape.headSize());
        for (int lane = 0; lane < VectorTile.QUERIES; lane++) {
            // lanes without a query see what the last one sees, so that they don't make a block partial
            int query = Math.min(from + lane, queries - 1);
            int at = scratch.position + first + query / shape.headsPerKvHead();
            tile.see(lane, begin(at), at + 1);
            if (from + lane < queries) {
                tile.query(lane, q, offset(query, kvHead, scratch.row + first), shape.scale());
            }
        }
    }

    private void storeTile(Scratch scratch, int index, int queries, int kvHead, int first) {
        VectorTile tile = scratch.tiles[index];
        int from = index * VectorTile.QUERIES;
        tile.finish();
        for (int lane = 0; lane < VectorTile.QUERIES && from + lane < queries; lane++) {
            tile.result(lane, out, offset(from + lane, kvHead, scratch.row + first));
        }
    }

    /** What one thread works in. */
    private static final class Scratch {
        final VectorKeyBlock block = new VectorKeyBlock();
        final float[] weights = new float[(VectorTile.KEYS + 1) * VectorTile.QUERIES];
        VectorTile[] tiles = new VectorTile[0];

        // the block that the item at hand is of
        int row;
        int position;
        KeyValues cache;

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
            block.fit(shape.headSize());
        }
    }
}
