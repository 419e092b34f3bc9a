package dev.mimic.kernels.attention;

import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LE;

import dev.mimic.kernels.VectorExp;
import dev.mimic.kernels.VectorWidth;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;

/**
 * Queries of one kv head, one a lane of two vectors, and what they have seen so far: their keys and values come as
 * scalars that are spread over the lanes, so no lane knows of another, and nothing is added up across lanes.
 */
final class VectorTile {
    private static final VectorSpecies<Float> SPECIES = VectorWidth.SPECIES;
    private static final int LANES = SPECIES.length();

    /** Queries of a tile. */
    static final int QUERIES = 2 * LANES;

    /** Keys of a block, which starts at a multiple of it. */
    static final int KEYS = 64;

    private static final int STRIDE = VectorKeyBlock.STRIDE;
    private static final int PANEL = KeyValues.PANEL;

    private int headSize;

    /** Queries times scale: [headSize, QUERIES]. */
    private float[] queries = new float[0];

    /** Weighted sums of values: [headSize rounded up to 4, QUERIES]. */
    private float[] sums = new float[0];

    private final float[] maxima = new float[QUERIES];
    private final float[] totals = new float[QUERIES];
    private final float[] corrections = new float[QUERIES];
    private final float[] shifts = new float[QUERIES];
    private final float[] blockTotals = new float[QUERIES];

    /** What each query sees: [begin, end). In float, which is exact to 2^24 positions. */
    private final float[] begins = new float[QUERIES];

    private final float[] ends = new float[QUERIES];

    void fit(int headSize) {
        int rounded = (headSize + 3) / 4 * 4;
        if (sums.length < rounded * QUERIES) {
            sums = new float[rounded * QUERIES];
            queries = new float[rounded * QUERIES];
        }
    }

    /** Makes the tile empty: queries of zero that have seen nothing. */
    void clear(int headSize) {
        this.headSize = headSize;
        Arrays.fill(queries, 0f);
        Arrays.fill(sums, 0f);
        Arrays.fill(maxima, Float.NEGATIVE_INFINITY);
        Arrays.fill(totals, 0f);
    }

    /** Sets the range of a lane; ranges ascend from lane to lane. */
    void see(int lane, int begin, int end) {
        begins[lane] = begin;
        ends[lane] = end;
    }

    /** Sets the query of a lane: {@code scale · q[offset + j]}. */
    void query(int lane, float[] q, int offset, float scale) {
        for (int j = 0; j < headSize; j++) {
            queries[j * QUERIES + lane] = q[offset + j] * scale;
        }
    }

    /** The result of a lane, once finished. */
    void result(int lane, float[] out, int offset) {
        for (int j = 0; j < headSize; j++) {
            out[offset + j] = sums[j * QUERIES + lane];
        }
    }

    /** Divides the sums of values by the sums of weights. */
    void finish() {
        FloatVector a = FloatVector.broadcast(SPECIES, 1f).div(FloatVector.fromArray(SPECIES, totals, 0));
        FloatVector b = FloatVector.broadcast(SPECIES, 1f).div(FloatVector.fromArray(SPECIES, totals, LANES));
        for (int j = 0; j < headSize; j++) {
            FloatVector.fromArray(SPECIES, sums, j * QUERIES).mul(a).intoArray(sums, j * QUERIES);
            FloatVector.fromArray(SPECIES, sums, j * QUERIES + LANES).mul(b).intoArray(sums, j * QUERIES + LANES);
        }
    }

    /**
     * Takes in the block of keys and values at {@code [block, block + KEYS)}, as far as the queries see it.
     *
     * @param weights [KEYS + 1, QUERIES]; overwritten
     */
    void attend(int block, VectorKeyBlock cached, float[] weights) {
        int count = Math.min(KEYS, (int) ends[QUERIES - 1] - block);
        if (count <= 0 || begins[0] >= block + KEYS) {
            return;
        }
        scores(cached.keys, count, weights);
        // the keys [firstCommon, lastCommon) are seen by all queries
        int firstCommon = Math.clamp((int) begins[QUERIES - 1] - block, 0, count);
        int lastCommon = Math.clamp((int) ends[0] - block, firstCommon, count);
        hide(block, 0, firstCommon, weights);
        hide(block, lastCommon, count, weights);
        softmaxStep(count, weights, 0);
        softmaxStep(count, weights, LANES);
        correctSums();
        addVisibleValues(block, 0, firstCommon, cached.values, weights);
        for (int from = 0; from < headSize; from += VectorKeyBlock.SLICE) {
            int width = Math.min(VectorKeyBlock.SLICE, headSize - from);
            addValues(firstCommon, lastCommon, cached.values, slice(from), from, width, weights);
        }
        addVisibleValues(block, lastCommon, count, cached.values, weights);
    }

    /** Where the slice of an element starts. */
    private static int slice(int element) {
        return element / VectorKeyBlock.SLICE * VectorKeyBlock.SLICE_SIZE;
    }

    /**
     * {@code weights[k, lane] = Σ_j keys[k, j] · queries[j, lane]}. Keys in fours: up to three behind {@code count} are
     * computed in vain.
     */
    private void scores(float[] keys, int count, float[] weights) {
        float[] queries = this.queries;
        for (int k = 0; k < count; k += 4) {
            FloatVector a0 = FloatVector.zero(SPECIES);
            FloatVector b0 = a0;
            FloatVector a1 = a0;
            FloatVector b1 = a0;
            FloatVector a2 = a0;
            FloatVector b2 = a0;
            FloatVector a3 = a0;
            FloatVector b3 = a0;
            int key = k / PANEL * PANEL * headSize + k % PANEL;
            for (int j = 0; j < headSize; j++) {
                FloatVector a = FloatVector.fromArray(SPECIES, queries, j * QUERIES);
                FloatVector b = FloatVector.fromArray(SPECIES, queries, j * QUERIES + LANES);
                FloatVector k0 = FloatVector.broadcast(SPECIES, keys[key + j * PANEL]);
                a0 = a.fma(k0, a0);
                b0 = b.fma(k0, b0);
                FloatVector k1 = FloatVector.broadcast(SPECIES, keys[key + j * PANEL + 1]);
                a1 = a.fma(k1, a1);
                b1 = b.fma(k1, b1);
                FloatVector k2 = FloatVector.broadcast(SPECIES, keys[key + j * PANEL + 2]);
                a2 = a.fma(k2, a2);
                b2 = b.fma(k2, b2);
                FloatVector k3 = FloatVector.broadcast(SPECIES, keys[key + j * PANEL + 3]);
                a3 = a.fma(k3, a3);
                b3 = b.fma(k3, b3);
            }
            int to = k * QUERIES;
            a0.intoArray(weights, to);
            b0.intoArray(weights, to + LANES);
            a1.intoArray(weights, to + QUERIES);
            b1.intoArray(weights, to + QUERIES + LANES);
            a2.intoArray(weights, to + 2 * QUERIES);
            b2.intoArray(weights, to + 2 * QUERIES + LANES);
            a3.intoArray(weights, to + 3 * QUERIES);
            b3.intoArray(weights, to + 3 * QUERIES + LANES);
        }
    }

    /** Makes the scores of those of the keys {@code [first, last)} that a query doesn't see -Inf. */
    private void hide(int block, int first, int last, float[] scores) {
        FloatVector none = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
        for (int k = first; k < last; k++) {
            for (int lane = 0; lane < QUERIES; lane += LANES) {
                int at = k * QUERIES + lane;
                VectorMask<Float> visible = FloatVector.fromArray(SPECIES, begins, lane)
                        .compare(LE, (float) (block + k))
                        .and(FloatVector.fromArray(SPECIES, ends, lane).compare(GT, (float) (block + k)));
                none.blend(FloatVector.fromArray(SPECIES, scores, at), visible).intoArray(scores, at);
            }
        }
    }

    /** Turns the scores of a vector of queries into weights relative to each query's greatest score so far. */
    private void softmaxStep(int count, float[] weights, int lane) {
        FloatVector earlier = FloatVector.fromArray(SPECIES, maxima, lane);
        FloatVector max = earlier;
        for (int k = 0; k < count; k++) {
            FloatVector score = FloatVector.fromArray(SPECIES, weights, k * QUERIES + lane);
            max = max.blend(score, score.compare(GT, max)); // passes over NaN, which reaches the total by exp
        }
        // where all scores are -Inf their weights are 0, not exp(-Inf + Inf)
        FloatVector shift = max.blend(0f, max.compare(LE, Float.NEGATIVE_INFINITY));
        shift.intoArray(shifts, lane);
        max.intoArray(maxima, lane);
        earlier.intoArray(weights, count * QUERIES + lane);
        VectorExp.weigh(weights, lane, QUERIES, count, shifts, blockTotals, lane);
        VectorExp.weigh(weights, count * QUERIES + lane, QUERIES, 1, shifts, corrections, lane);
        FloatVector.fromArray(SPECIES, totals, lane)
                .mul(FloatVector.fromArray(SPECIES, corrections, lane))
                .add(FloatVector.fromArray(SPECIES, blockTotals, lane))
                .intoArray(totals, lane);
    }

    /** Makes the sums of values so far relative to the greatest score. */
    private void correctSums() {
        FloatVector a = FloatVector.fromArray(SPECIES, corrections, 0);
        FloatVector b = FloatVector.fromArray(SPECIES, corrections, LANES);
        for (int at = 0; at < headSize * QUERIES; at += QUERIES) {
            FloatVector.fromArray(SPECIES, sums, at).mul(a).intoArray(sums, at);
            FloatVector.fromArray(SPECIES, sums, at + LANES).mul(b).intoArray(sums, at + LANES);
        }
    }

    /** {@code sums[from + j, lane] += Σ_k values[k, j] · weights[k, lane]} over the keys {@code [first, last)}. */
    private void addValues(int first, int last, float[] values, int slice, int from, int width, float[] weights) {
        float[] sums = this.sums;
        for (int j = 0; j < width; j += 4) {
            int to = (from + j) * QUERIES;
            FloatVector a0 = FloatVector.fromArray(SPECIES, sums, to);
            FloatVector b0 = FloatVector.fromArray(SPECIES, sums, to + LANES);
            FloatVector a1 = FloatVector.fromArray(SPECIES, sums, to + QUERIES);
            FloatVector b1 = FloatVector.fromArray(SPECIES, sums, to + QUERIES + LANES);
            FloatVector a2 = FloatVector.fromArray(SPECIES, sums, to + 2 * QUERIES);
            FloatVector b2 = FloatVector.fromArray(SPECIES, sums, to + 2 * QUERIES + LANES);
            FloatVector a3 = FloatVector.fromArray(SPECIES, sums, to + 3 * QUERIES);
            FloatVector b3 = FloatVector.fromArray(SPECIES, sums, to + 3 * QUERIES + LANES);
            int value = slice + j;
            for (int k = first; k < last; k++) {
                FloatVector a = FloatVector.fromArray(SPECIES, weights, k * QUERIES);
                FloatVector b = FloatVector.fromArray(SPECIES, weights, k * QUERIES + LANES);
                FloatVector v0 = FloatVector.broadcast(SPECIES, values[value + k * STRIDE]);
                a0 = a.fma(v0, a0);
                b0 = b.fma(v0, b0);
                FloatVector v1 = FloatVector.broadcast(SPECIES, values[value + k * STRIDE + 1]);
                a1 = a.fma(v1, a1);
                b1 = b.fma(v1, b1);
                FloatVector v2 = FloatVector.broadcast(SPECIES, values[value + k * STRIDE + 2]);
                a2 = a.fma(v2, a2);
                b2 = b.fma(v2, b2);
                FloatVector v3 = FloatVector.broadcast(SPECIES, values[value + k * STRIDE + 3]);
                a3 = a.fma(v3, a3);
                b3 = b.fma(v3, b3);
            }
            a0.intoArray(sums, to);
            b0.intoArray(sums, to + LANES);
            a1.intoArray(sums, to + QUERIES);
            b1.intoArray(sums, to + QUERIES + LANES);
            a2.intoArray(sums, to + 2 * QUERIES);
            b2.intoArray(sums, to + 2 * QUERIES + LANES);
            a3.intoArray(sums, to + 3 * QUERIES);
            b3.intoArray(sums, to + 3 * QUERIES + LANES);
        }
    }

    /** The same for keys that not all queries see: a value that a query doesn't see never reaches its sum. */
    private void addVisibleValues(int block, int first, int last, float[] values, float[] weights) {
        for (int k = first; k < last; k++) {
            for (int lane = 0; lane < QUERIES; lane += LANES) {
                VectorMask<Float> visible = FloatVector.fromArray(SPECIES, begins, lane)
                        .compare(LE, (float) (block + k))
                        .and(FloatVector.fromArray(SPECIES, ends, lane).compare(GT, (float) (block + k)));
                FloatVector weight = FloatVector.fromArray(SPECIES, weights, k * QUERIES + lane);
                for (int j = 0; j < headSize; j++) {
                    float value = values[slice(j) + k * STRIDE + j % VectorKeyBlock.SLICE];
                    FloatVector sum = FloatVector.fromArray(SPECIES, sums, j * QUERIES + lane);
                    sum.blend(weight.fma(FloatVector.broadcast(SPECIES, value), sum), visible)
                            .intoArray(sums, j * QUERIES + lane);
                }
            }
        }
    }
}
