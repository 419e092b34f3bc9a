package dev.mimic.kernels.attention;

import static dev.mimic.kernels.VectorWidth.SPECIES;
import static dev.mimic.kernels.attention.KeyValues.PANEL;
import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.VectorOperators.GT;

import dev.mimic.kernels.VectorExp;
import dev.mimic.kernels.VectorLanes;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * The query heads of one kv head in decoding, over a chunk of positions: what one thread works in. All heads of a group
 * meet a panel of keys, and a panel of values, while it is in the first-level cache. A head alone has loops of its own;
 * several go by fours, the last of which may have fewer
 * and compute the rest in vain.
 */
final class VectorHeads {
    /** Positions of a chunk, which starts at a multiple of it. */
    static final int CHUNK = 512;

    private static final int LANES = SPECIES.length();

    /** Elements of keys that all panels of a chunk give in turn. */
    private static final int ELEMENTS = 8;

    /** Lines of each stream that are read ahead at a time. */
    private static final int AHEAD = 3;

    private final ReadAhead ahead = new ReadAhead();
    private int heads;
    private int size;
    private int width;
    private float scale;

    /** Queries times scale; see {@link #pack}. */
    private float[] queries = new float[0];

    /** Scores, then weights: [heads rounded up to 4, CHUNK]. */
    private float[] scores = new float[0];

    /** Weighted sums of values: [heads rounded up to 4, headSize rounded up to PANEL]. */
    private float[] sums = new float[0];

    /** Greatest score, then sums of weights: [heads rounded up to 4, LANES]. */
    private float[] lanes = new float[0];

    /** Greatest score and sum of weights: [heads, 2]. */
    private float[] states = new float[0];

    void fit(AttentionShape shape) {
        heads = shape.headsPerKvHead();
        size = shape.headSize();
        width = KeyValues.padded(size);
        scale = shape.scale();
        int slots = Math.ceilDiv(heads, 4) * 4;
        if (sums.length < slots * width) {
            sums = new float[slots * width];
            queries = new float[slots * width];
        }
        if (scores.length < slots * CHUNK) {
            scores = new float[slots * CHUNK];
            lanes = new float[slots * LANES];
            states = new float[slots * 2];
        }
    }

    /**
     * Starts anew and takes in the positions {@code [first, last)} of a chunk.
     *
     * @param q has the heads' queries from {@code query} on: [heads, headSize]
     */
    void attend(AttentionShape shape, KeyValues cache, int kvHead, int first, int last, float[] q, int query) {
        int chunk = first / CHUNK * CHUNK;
        int from = first - chunk;
        int to = last - chunk;
        int firstPanel = from / PANEL * PANEL;
        pack(q, query);
        scores(shape, cache, kvHead, chunk, firstPanel, to);
        boolean q8 = cache.type() == KeyValueType.Q8;
        boolean wide = VectorWideScores.FIT && width % VectorWideValues.WIDTH == 0 && !q8;
        long values = cache.valueAt(shape, kvHead, chunk);
        int streams = wide ? VectorWideValues.streams(cache.type()) : 0;
        long row = cache.valueAt(shape, kvHead, chunk + 1) - values;
        ahead.begin(values + from * row, streams, wide ? (to - from) / streams * row : 0);
        ahead.next(cache.values(), AHEAD);
        int end = KeyValues.padded(to);
        for (int h = 0; h < heads; h++) {
            if (q8) {
                multiply(cache.keys(), cache.keyFactorAt(shape, kvHead, chunk), h, firstPanel, end);
            }
            Arrays.fill(scores, h * CHUNK + firstPanel, h * CHUNK + from, Float.NEGATIVE_INFINITY);
            Arrays.fill(scores, h * CHUNK + to, h * CHUNK + end, Float.NEGATIVE_INFINITY);
            greatest(h, firstPanel, end);
        }
        ahead.next(cache.values(), AHEAD);
        for (int h = 0; h < heads; h++) {
            weigh(h, firstPanel, end);
            ahead.next(cache.values(), AHEAD);
            if (q8) {
                multiply(cache.values(), cache.valueFactorAt(shape, kvHead, chunk), h, firstPanel, end);
            }
        }
        if (wide) {
            wideValues(cache, values, from, to);
            return;
        }
        Arrays.fill(sums, 0f);
        for (int p = firstPanel; p < to; p += PANEL) {
            values(cache, values, Math.max(p, from), Math.min(p + PANEL, to));
        }
    }

    /** Writes the heads' results: [heads, headSize] from {@code to} on. */
    void finish(float[] out, int to) {
        for (int h = 0; h < heads; h++) {
            float factor = 1 / states[2 * h + 1];
            for (int j = 0; j < size; j++) {
                out[to + h * size + j] = sums[h * width + j] * factor;
            }
        }
    }

    /** Keeps the heads' sums and states as part {@code part} of {@code [parts, heads, headSize]} and {@code [parts, heads, 2]}. */
    void save(float[] partSums, float[] partStates, int part) {
        for (int h = 0; h < heads; h++) {
            System.arraycopy(sums, h * width, partSums, (part * heads + h) * size, size);
        }
        System.arraycopy(states, 0, partStates, part * heads * 2, heads * 2);
    }

    /** Makes the queries, times scale, [headSize, 4] for each four heads, or [headSize] for one. */
    private void pack(float[] q, int query) {
        for (int h = 0; h < heads; h++) {
            int from = query + h * size;
            int to = heads == 1 ? 0 : h / 4 * 4 * size + h % 4;
            int step = heads == 1 ? 1 : 4;
            for (int j = 0; j < size; j++) {
                queries[to + j * step] = q[from + j] * scale;
            }
        }
    }

    /** The scores of all heads with the panels at {@code [first, last)} of the chunk, two at once where vectors are wide. */
    private void scores(AttentionShape shape, KeyValues cache, int kvHead, int chunk, int first, int last) {
        int p = first;
        if (VectorWideScores.FIT && cache.type() != KeyValueType.Q8) {
            int apart = (last - first) / (2 * PANEL) * PANEL; // positions in whole panels of each of two halves
            long panel = cache.panelAt(shape, kvHead, chunk + first);
            long bytes = cache.panelAt(shape, kvHead, chunk + first + PANEL) - panel;
            ahead.begin(panel, 2 * apart / PANEL, bytes);
            ahead.next(cache.keys(), AHEAD);
            if (heads == 1) {
                wideScoresOfOne(cache, panel, bytes, first, apart);
            } else {
                wideScores(cache, panel, bytes, first, apart);
            }
            p += 2 * apart;
        }
        for (; p < last; p += PANEL) {
            scores(cache, cache.panelAt(shape, kvHead, chunk + p), p);
        }
    }

    /** Pairs of panels, {@code apart} positions apart: a head alone. */
    private void wideScoresOfOne(KeyValues cache, long panel, long bytes, int first, int apart) {
        MemorySegment keys = cache.keys();
        long other = panel + apart / PANEL * bytes;
        for (int p = 0; p < apart; p += PANEL) {
            long at = p / PANEL * bytes;
            if (cache.type() == KeyValueType.F32) {
                VectorWideScores.f32One(keys, panel + at, other + at, size, queries, 0, scores, first + p, apart);
            } else {
                VectorWideScores.bf16One(keys, panel + at, other + at, size, queries, 0, scores, first + p, apart);
            }
        }
    }

    /** The same for several heads: {@link #ELEMENTS} of all panels before the next ones, so that each panel is a stream. */
    private void wideScores(KeyValues cache, long panel, long bytes, int first, int apart) {
        MemorySegment keys = cache.keys();
        boolean f32 = cache.type() == KeyValueType.F32;
        long other = panel + apart / PANEL * bytes;
        for (int h = 0; h < Math.ceilDiv(heads, 4) * 4; h++) {
            Arrays.fill(scores, h * CHUNK + first, h * CHUNK + first + 2 * apart, 0f);
        }
        for (int j = 0; j < size; j += ELEMENTS) {
            int end = Math.min(size, j + ELEMENTS);
            for (int p = 0; p < apart; p += PANEL) {
                long a = panel + p / PANEL * bytes;
                long b = other + p / PANEL * bytes;
                for (int h = 0; h < heads; h += 4) {
                    int to = h * CHUNK + first + p;
                    if (f32) {
                        VectorWideScores.f32Four(keys, a, b, j, end, queries, h * size, scores, to, apart);
                    } else {
                        VectorWideScores.bf16Four(keys, a, b, j, end, queries, h * size, scores, to, apart);
                    }
                }
            }
        }
    }

    /** Makes the sums of all heads those of the values at {@code [first, last)} of the chunk. */
    private void wideValues(KeyValues cache, long base, int first, int last) {
        MemorySegment values = cache.values();
        boolean f32 = cache.type() == KeyValueType.F32;
        for (int h = 0; h < heads; h += 4) {
            int weight = h * CHUNK;
            int to = h * width;
            for (int j = 0; j < width; j += VectorWideValues.WIDTH) {
                if (heads == 1 && f32) {
                    VectorWideValuesOfOne.f32(values, base, width, j, first, last, scores, weight, sums, to);
                } else if (heads == 1) {
                    VectorWideValuesOfOne.bf16(values, base, width, j, first, last, scores, weight, sums, to);
                } else if (f32) {
                    VectorWideValues.f32Four(values, base, width, j, first, last, scores, weight, sums, to);
                } else {
                    VectorWideValues.bf16Four(values, base, width, j, first, last, scores, weight, sums, to);
                }
            }
        }
    }

    /** The scores of all heads with the panel at position p of the chunk. */
    private void scores(KeyValues cache, long panel, int p) {
        MemorySegment keys = cache.keys();
        if (heads == 1) {
            switch (cache.type()) {
                case F32 -> VectorScores.f32One(keys, panel, size, queries, 0, scores, p);
                case BF16 -> VectorScores.bf16One(keys, panel, size, queries, 0, scores, p);
                case Q8 -> VectorScores.q8One(keys, panel, size, queries, 0, scores, p);
            }
            return;
        }
        for (int h = 0; h < heads; h += 4) {
            int query = h * size;
            int to = h * CHUNK + p;
            switch (cache.type()) {
                case F32 -> VectorScores.f32Four(keys, panel, size, queries, query, scores, to);
                case BF16 -> VectorScores.bf16Four(keys, panel, size, queries, query, scores, to);
                case Q8 -> VectorScores.q8Four(keys, panel, size, queries, query, scores, to);
            }
        }
    }

    /** Adds the values at {@code [first, last)} of the chunk to the sums of all heads. */
    private void values(KeyValues cache, long base, int first, int last) {
        MemorySegment values = cache.values();
        if (heads == 1) {
            switch (cache.type()) {
                case F32 -> VectorValues.f32One(values, base, width, first, last, scores, 0, sums, 0);
                case BF16 -> VectorValues.bf16One(values, base, width, first, last, scores, 0, sums, 0);
                case Q8 -> VectorValues.q8One(values, base, width, first, last, scores, 0, sums, 0);
            }
            return;
        }
        for (int h = 0; h < heads; h += 4) {
            int weight = h * CHUNK;
            int to = h * width;
            switch (cache.type()) {
                case F32 -> VectorValues.f32Four(values, base, width, first, last, scores, weight, sums, to);
                case BF16 -> VectorValues.bf16Four(values, base, width, first, last, scores, weight, sums, to);
                case Q8 -> VectorValues.q8Four(values, base, width, first, last, scores, weight, sums, to);
            }
        }
    }

    /** Makes the head's {@link #lanes} the greatest of its scores at {@code [first, last)}, whole panels; passes over NaN. */
    private void greatest(int head, int first, int last) {
        float[] scores = this.scores;
        int from = head * CHUNK + first;
        int to = head * CHUNK + last;
        FloatVector even = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
        FloatVector odd = even;
        for (int i = from; i < to; i += 2 * LANES) {
            // not max, which takes several instructions for the sake of NaN and -0; NaN reaches the sum by exp
            FloatVector x = FloatVector.fromArray(SPECIES, scores, i);
            FloatVector y = FloatVector.fromArray(SPECIES, scores, i + LANES);
            even = even.blend(x, x.compare(GT, even));
            odd = odd.blend(y, y.compare(GT, odd));
        }
        even = even.blend(odd, odd.compare(GT, even));
        if (LANES > 8) {
            odd = even.rearrange(VectorLanes.BY_8);
            even = even.blend(odd, odd.compare(GT, even));
        }
        if (LANES > 4) {
            odd = even.rearrange(VectorLanes.BY_4);
            even = even.blend(odd, odd.compare(GT, even));
        }
        odd = even.rearrange(VectorLanes.BY_2);
        even = even.blend(odd, odd.compare(GT, even));
        odd = even.rearrange(VectorLanes.BY_1);
        even.blend(odd, odd.compare(GT, even)).intoArray(lanes, head * LANES);
    }

    /** Turns a head's scores at {@code [first, last)} into weights relative to the greatest of them. */
    private void weigh(int head, int first, int last) {
        int lane = head * LANES;
        states[2 * head] = lanes[lane];
        if (lanes[lane] == Float.NEGATIVE_INFINITY) { // the weights are 0 then, not exp(-Inf + Inf)
            Arrays.fill(lanes, lane, lane + LANES, 0f);
        }
        VectorExp.weigh(scores, head * CHUNK + first, LANES, (last - first) / LANES, lanes, lanes, lane);
        states[2 * head + 1] = VectorLanes.sum(lanes, lane);
    }

    /** Multiplies a head's scores or weights at {@code [first, last)} by the positions' factors. */
    private void multiply(MemorySegment factors, long base, int head, int first, int last) {
        float[] scores = this.scores;
        for (int p = first; p < last; p += LANES) {
            FloatVector.fromArray(SPECIES, scores, head * CHUNK + p)
                    .mul(FloatVector.fromMemorySegment(SPECIES, factors, base + 4L * p, LITTLE_ENDIAN))
                    .intoArray(scores, head * CHUNK + p);
        }
    }
}
