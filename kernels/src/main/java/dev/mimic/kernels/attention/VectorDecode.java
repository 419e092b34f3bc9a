package dev.mimic.kernels.attention;

import static dev.mimic.kernels.VectorWidth.SPECIES;

import dev.mimic.kernels.VectorExp;
import dev.mimic.kernels.WorkerPool;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import jdk.incubator.vector.FloatVector;

/**
 * Attention of single rows. A row's positions are cut into chunks at the multiples of {@link VectorHeads#CHUNK}; a work item
 * is one chunk of one kv head, for all query heads that share it, and threads take items as they come. The chunks of a row
 * are merged in their order. So the order of summation depends on the row's range alone.
 */
final class VectorDecode implements WorkerPool.Task {
    private static final int CHUNK = VectorHeads.CHUNK;

    /** Multiply-adds worth a hand-over. */
    private static final long SHARE = 1 << 16;

    private final WorkerPool pool;
    private final AtomicInteger nextItem = new AtomicInteger();
    private final VectorHeads[] threads;

    // one call's arguments
    private AttentionShape shape;
    private float[] q;
    private KeyValues[] caches;
    private int[] begin;
    private int[] end;
    private float[] out;
    private int batch;
    private int items;

    /** First item of each row, and the number of items. */
    private int[] firstItem = new int[1];

    /** What the items of rows of several chunks leave to be merged: [items, headsPerKvHead, headSize]. */
    private float[] partSums = new float[0];

    /** Maximum and weight of each part: [items, headsPerKvHead, 2]. */
    private float[] partStates = new float[0];

    /** What the parts of a head count for: [parts]. */
    private float[] partWeights = new float[0];

    VectorDecode(WorkerPool pool) {
        this.pool = pool;
        threads = new VectorHeads[pool.threads()];
        Arrays.setAll(threads, i -> new VectorHeads());
    }

    void run(AttentionShape shape, int batch, float[] q, KeyValues[] caches, int[] begin, int[] end, float[] out) {
        this.shape = shape;
        this.batch = batch;
        this.q = q;
        this.caches = caches;
        this.begin = begin;
        this.end = end;
        this.out = out;
        try {
            long work = plan();
            int shares = Math.clamp(Math.min(items, work / SHARE), 1, pool.threads());
            nextItem.setPlain(0);
            pool.run(shares, 1, this);
            for (int i = 0; i < batch; i++) {
                if (chunks(i) > 1) {
                    merge(i);
                }
            }
        } finally {
            this.shape = null;
            this.q = null;
            this.caches = null;
            this.begin = null;
            this.end = null;
            this.out = null;
        }
    }

    private int chunks(int row) {
        return Math.ceilDiv(end[row], CHUNK) - begin[row] / CHUNK;
    }

    /** Numbers the items and grows the scratch. Returns the multiply-adds of the call. */
    private long plan() {
        if (firstItem.length <= batch) {
            firstItem = new int[batch + 1];
        }
        int kvHeads = shape.kvHeads();
        long positions = 0;
        boolean parts = false;
        for (int i = 0; i < batch; i++) {
            positions += end[i] - begin[i];
            parts |= chunks(i) > 1;
            firstItem[i + 1] = firstItem[i] + chunks(i) * kvHeads;
        }
        items = firstItem[batch];
        int perItem = shape.headsPerKvHead() * shape.headSize();
        boolean fit = partSums.length >= items * perItem
                && partStates.length >= items * shape.headsPerKvHead() * 2
                && partWeights.length >= items;
        if (parts && !fit) {
            growParts(perItem);
        }
        for (VectorHeads heads : threads) {
            heads.fit(shape);
        }
        return positions * kvHeads * perItem * 2;
    }

    /** To what the caches can hold, so that a growing context allocates once. */
    private void growParts(int perItem) {
        int most = items;
        int ofCaches = 0;
        for (int i = 0; i < batch; i++) {
            ofCaches += (caches[i].capacity() + CHUNK - 1) / CHUNK * shape.kvHeads();
        }
        most = Math.max(most, ofCaches);
        partSums = new float[Math.multiplyExact(most, perItem)];
        partStates = new float[most * shape.headsPerKvHead() * 2];
        partWeights = new float[most];
    }

    @Override
    public void run(int slot, int ignored) {
        VectorHeads heads = threads[slot];
        int row = 0;
        for (int item = nextItem.getAndIncrement(); item < items; item = nextItem.getAndIncrement()) {
            while (item >= firstItem[row + 1]) {
                row++;
            }
            chunk(item, row, heads);
        }
    }

    private void chunk(int item, int row, VectorHeads heads) {
        int within = item - firstItem[row];
        int kvHead = within % shape.kvHeads();
        int chunk = (begin[row] / CHUNK + within / shape.kvHeads()) * CHUNK;
        int first = Math.max(begin[row], chunk);
        int last = Math.min(end[row], chunk + CHUNK);
        int query = row * shape.querySize() + kvHead * shape.headsPerKvHead() * shape.headSize();
        heads.attend(shape, caches[row], kvHead, first, last, q, query);
        if (chunks(row) == 1) {
            heads.finish(out, query);
        } else {
            heads.save(partSums, partStates, item);
        }
    }

    /** Adds up a row's parts, in their order. */
    private void merge(int row) {
        int heads = shape.headsPerKvHead();
        int size = shape.headSize();
        for (int head = 0; head < shape.heads(); head++) {
            int kvHead = head / heads;
            int h = head % heads;
            int first = firstItem[row] + kvHead;
            int last = firstItem[row + 1];
            float max = Float.NEGATIVE_INFINITY;
            for (int item = first; item < last; item += shape.kvHeads()) {
                max = Math.max(max, partStates[(item * heads + h) * 2]);
            }
            float total = 0;
            int parts = 0;
            for (int item = first; item < last; item += shape.kvHeads()) {
                int part = item * heads + h;
                float partMax = partStates[part * 2];
                float weight = partMax == Float.NEGATIVE_INFINITY ? 0 : VectorExp.exp(partMax - max);
                total += partStates[part * 2 + 1] * weight;
                partWeights[parts++] = weight;
            }
            int from = (first * heads + h) * size;
            sums(parts, from, shape.kvHeads() * heads * size, 1 / total, row * shape.querySize() + head * size, size);
        }
    }

    /** {@code out[to + j] = factor · Σ_i partWeights[i] · partSums[from + i · stride + j]}; C2's own loop is made for longer ones. */
    private void sums(int parts, int from, int stride, float factor, int to, int size) {
        int body = SPECIES.loopBound(size);
        for (int j = 0; j < body; j += SPECIES.length()) {
            FloatVector sum = FloatVector.zero(SPECIES);
            for (int i = 0; i < parts; i++) {
                sum = FloatVector.fromArray(SPECIES, partSums, from + i * stride + j)
                        .mul(partWeights[i])
                        .add(sum);
            }
            sum.mul(factor).intoArray(out, to + j);
        }
        for (int j = body; j < size; j++) {
            float sum = 0;
            for (int i = 0; i < parts; i++) {
                sum += partWeights[i] * partSums[from + i * stride + j];
            }
            out[to + j] = sum * factor;
        }
    }
}
