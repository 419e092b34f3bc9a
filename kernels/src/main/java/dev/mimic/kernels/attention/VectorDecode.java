package dev.mimic.kernels.attention;

import static jdk.incubator.vector.VectorOperators.MAX;

import dev.mimic.kernels.VectorExp;
import dev.mimic.kernels.VectorLanes;
import dev.mimic.kernels.VectorWidth;
import dev.mimic.kernels.WorkerPool;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Attention of single rows. A row's positions are cut into chunks of {@link #CHUNK} from its own begin on; a work item is
 * one chunk of one kv head, for all query heads that share it, and threads take items as they come. Within a chunk the
 * softmax streams over blocks; the chunks of a row are merged in their order. So the order of summation depends on the
 * row's range alone.
 */
final class VectorDecode implements WorkerPool.Task {
    /** Positions of an item. */
    private static final int CHUNK = 256;

    /** Positions of a step of the softmax; their keys of 128 elements fill 32 KB and are read again for each head. */
    private static final int BLOCK = 64;

    /** Multiply-adds worth a hand-over. */
    private static final long SHARE = 1 << 16;

    private static final VectorSpecies<Float> SPECIES = VectorWidth.SPECIES;
    private static final int LANES = SPECIES.length();

    private final WorkerPool pool;
    private final AtomicInteger nextItem = new AtomicInteger();
    private final Scratch[] scratches;

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

    VectorDecode(WorkerPool pool) {
        this.pool = pool;
        scratches = new Scratch[pool.threads()];
        Arrays.setAll(scratches, i -> new Scratch());
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
            int threads = Math.clamp(Math.min(items, work / SHARE), 1, pool.threads());
            nextItem.setPlain(0);
            pool.run(threads, 1, this);
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
        return (end[row] - begin[row] + CHUNK - 1) / CHUNK;
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
        if (parts && partSums.length < items * perItem) {
            growParts(perItem);
        }
        for (Scratch scratch : scratches) {
            scratch.fit(shape);
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
    }

    @Override
    public void run(int slot, int ignored) {
        Scratch scratch = scratches[slot];
        int row = 0;
        for (int item = nextItem.getAndIncrement(); item < items; item = nextItem.getAndIncrement()) {
            while (item >= firstItem[row + 1]) {
                row++;
            }
            chunk(item, row, scratch);
        }
    }

    private void chunk(int item, int row, Scratch scratch) {
        int heads = shape.headsPerKvHead();
        int size = shape.headSize();
        int within = item - firstItem[row];
        int kvHead = within % shape.kvHeads();
        int first = begin[row] + within / shape.kvHeads() * CHUNK;
        int last = Math.min(end[row], first + CHUNK);
        KeyValues cache = caches[row];
        long base = (long) kvHead * cache.capacity();
        int query = row * shape.querySize() + kvHead * heads * size;
        scratch.clear(heads, size);
        for (int p = first; p < last; p += BLOCK) {
            int count = Math.min(BLOCK, last - p);
            long bytes = (base + p) * size * Float.BYTES;
            for (int h = 0; h < heads; h++) {
                float[] scores = scratch.scores;
                VectorHeads.scores(cache.keys(), bytes, count, q, query + h * size, size, scores, scratch.groups);
                float correction = softmaxStep(scratch, count, h);
                VectorHeads.addValues(cache.values(), bytes, count, scores, correction, scratch.sums, h * size, size);
            }
        }
        if (chunks(row) == 1) {
            for (int h = 0; h < heads; h++) {
                finish(scratch.sums, h * size, 1 / scratch.states[2 * h + 1], query + h * size, size);
            }
        } else {
            System.arraycopy(scratch.sums, 0, partSums, item * heads * size, heads * size);
            System.arraycopy(scratch.states, 0, partStates, item * heads * 2, heads * 2);
        }
    }

    /**
     * Turns scores into weights relative to the greatest score so far.
     *
     * @param scratch has {@code count} scores before scaling, overwritten with their weights, and the head's state,
     *     updated
     * @return the factor of all earlier weights
     */
    private float softmaxStep(Scratch scratch, int count, int head) {
        float[] scores = scratch.scores;
        float[] states = scratch.states;
        int state = 2 * head;
        float scale = shape.scale();
        int padded = (count + LANES - 1) / LANES * LANES;
        for (int i = count; i < padded; i++) {
            scores[i] = Float.NEGATIVE_INFINITY;
        }
        FloatVector max = FloatVector.broadcast(SPECIES, states[state]);
        for (int i = 0; i < padded; i += LANES) {
            FloatVector scaled = FloatVector.fromArray(SPECIES, scores, i).mul(scale);
            scaled.intoArray(scores, i);
            max = max.max(scaled);
        }
        float newMax = max.reduceLanes(MAX);
        // where all scores are -Inf their weights are 0, not exp(-Inf + Inf)
        float shift = newMax == Float.NEGATIVE_INFINITY ? 0 : newMax;
        Arrays.fill(scratch.shift, shift);
        VectorExp.weigh(scores, 0, LANES, padded / LANES, scratch.shift, scratch.lanes, 0);
        float sum = VectorLanes.sum(scratch.lanes, 0);
        float correction = VectorExp.exp(states[state] - shift);
        states[state] = newMax;
        states[state + 1] = states[state + 1] * correction + sum;
        return correction;
    }

    /** Adds up a row's parts, in their order. */
    private void merge(int row) {
        int heads = shape.headsPerKvHead();
        int size = shape.headSize();
        for (int head = 0; head < shape.heads(); head++) {
            int kvHead = head / heads;
            int h = head % heads;
            float max = Float.NEGATIVE_INFINITY;
            for (int item = firstItem[row] + kvHead; item < firstItem[row + 1]; item += shape.kvHeads()) {
                max = Math.max(max, partStates[(item * heads + h) * 2]);
            }
            float[] sums = scratches[0].sums;
            Arrays.fill(sums, 0, size, 0f);
            float total = 0;
            for (int item = firstItem[row] + kvHead; item < firstItem[row + 1]; item += shape.kvHeads()) {
                int part = item * heads + h;
                float partMax = partStates[part * 2];
                float weight = partMax == Float.NEGATIVE_INFINITY ? 0 : VectorExp.exp(partMax - max);
                total += partStates[part * 2 + 1] * weight;
                VectorHeads.add(weight, partSums, part * size, sums, size);
            }
            finish(sums, 0, 1 / total, row * shape.querySize() + head * size, size);
        }
    }

    private void finish(float[] sums, int offset, float factor, int outOffset, int size) {
        int j = 0;
        for (; j <= size - LANES; j += LANES) {
            FloatVector.fromArray(SPECIES, sums, offset + j).mul(factor).intoArray(out, outOffset + j);
        }
        for (; j < size; j++) {
            out[outOffset + j] = sums[offset + j] * factor;
        }
    }

    /** What one thread works in. */
    private static final class Scratch {
        final float[] scores = new float[BLOCK];
        final float[] shift = new float[LANES];
        final float[] lanes = new float[LANES];
        final float[] groups = new float[LANES / 4 * LANES];

        /** Weighted sums of values: [headsPerKvHead, headSize]. */
        float[] sums = new float[0];

        /** Greatest score and sum of weights: [headsPerKvHead, 2]. */
        float[] states = new float[0];

        void fit(AttentionShape shape) {
            if (sums.length < shape.headsPerKvHead() * shape.headSize()) {
                sums = new float[shape.headsPerKvHead() * shape.headSize()];
            }
            if (states.length < shape.headsPerKvHead() * 2) {
                states = new float[shape.headsPerKvHead() * 2];
            }
        }

        void clear(int heads, int size) {
            Arrays.fill(sums, 0, heads * size, 0f);
            for (int h = 0; h < heads; h++) {
                states[2 * h] = Float.NEGATIVE_INFINITY;
                states[2 * h + 1] = 0;
            }
        }
    }
}
