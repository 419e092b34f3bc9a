package dev.mimic.kernels.gradient;

import static jdk.incubator.vector.VectorOperators.MAX;

import dev.mimic.kernels.VectorExp;
import dev.mimic.kernels.VectorLanes;
import dev.mimic.kernels.VectorWidth;
import dev.mimic.kernels.WorkerPool;
import dev.mimic.kernels.attention.AttentionShape;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Backward of attention. A work item is one kv head of one sequence with all query heads that share it; threads take
 * items as they come. Keys and values are transposed first, so that a lane is a position and scores need no sums across
 * lanes; a block of query rows then leaves its probabilities and score gradients in a scratch, from which the gradients of
 * keys and values are added up in registers.
 */
final class VectorAttentionGradient {
    private static final VectorSpecies<Float> SPECIES = VectorWidth.SPECIES;
    private static final int LANES = SPECIES.length();
    private static final int PAIR = 2 * LANES;

    /** Query rows of a block. */
    private static final int ROWS = 32;

    private final WorkerPool pool;
    private final Scratch[] scratches;

    VectorAttentionGradient(WorkerPool pool) {
        this.pool = pool;
        scratches = new Scratch[pool.threads()];
        Arrays.setAll(scratches, i -> new Scratch());
    }

    void run(AttentionShape shape, int window, SequenceRows sequences, HeadGradients rows) {
        AtomicInteger next = new AtomicInteger();
        int items = sequences.count() * shape.kvHeads();
        pool.run(Math.min(items, pool.threads()), 1, (slot, _) -> {
            for (int item = next.getAndIncrement(); item < items; item = next.getAndIncrement()) {
                int s = item / shape.kvHeads();
                int first = sequences.begins()[s];
                int count = sequences.ends()[s] - first;
                scratches[slot].run(
                        new Item(shape, window, sequences.places(), first, count, item % shape.kvHeads(), rows));
            }
        });
    }

    /** One kv head of a sequence. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Item(
            AttentionShape shape, int window, int[] places, int first, int count, int kvHead, HeadGradients rows) {
        int keySize() {
            return shape.kvHeads() * shape.headSize();
        }

        /** Where a position's key starts. */
        int key(int position) {
            return places[first + position] * keySize() + kvHead * shape.headSize();
        }

        /** Where a position's query starts, of the head-th head that shares the key. */
        int query(int position, int head) {
            return places[first + position] * shape.querySize()
                    + (kvHead * shape.headsPerKvHead() + head) * shape.headSize();
        }

        /** First position that the query at a position sees. */
        int begin(int position) {
            return (int) Math.max(0, position + 1L - window);
        }
    }

    /** What one thread works in. */
    private static final class Scratch {
        private final float[] shifts = new float[LANES];
        private final float[] lanes = new float[LANES];
        private int stride;
        private float[] keys = {};
        private float[] values = {};

        /** Keys, and a head's queries and what comes back to it, position by position, [count, size]. */
        private float[] keyRows = {};

        private float[] queries = {};
        private float[] backs = {};
        private float[] shares = {};
        private float[] scores = {};

        void run(Item item) {
            int size = item.shape().headSize();
            stride = (item.count() + PAIR - 1) / PAIR * PAIR;
            if (keys.length < size * stride) {
                keys = new float[size * stride];
                values = new float[size * stride];
                keyRows = new float[size * stride];
                queries = new float[size * stride];
                backs = new float[size * stride];
            }
            if (shares.length < ROWS * stride) {
                shares = new float[ROWS * stride];
                scores = new float[ROWS * stride];
            }
            HeadGradients rows = item.rows();
            for (int p = 0; p < item.count(); p++) {
                int from = item.key(p);
                System.arraycopy(rows.k(), from, keyRows, p * size, size);
                for (int j = 0; j < size; j++) {
                    keys[j * stride + p] = rows.k()[from + j];
                    values[j * stride + p] = rows.v()[from + j];
                }
                Arrays.fill(rows.dk(), from, from + size, 0);
                Arrays.fill(rows.dv(), from, from + size, 0);
            }
            for (int j = 0; j < size; j++) {
                Arrays.fill(keys, j * stride + item.count(), (j + 1) * stride, 0);
                Arrays.fill(values, j * stride + item.count(), (j + 1) * stride, 0);
            }
            for (int head = 0; head < item.shape().headsPerKvHead(); head++) {
                for (int i = 0; i < item.count(); i++) {
                    System.arraycopy(rows.q(), item.query(i, head), queries, i * size, size);
                    System.arraycopy(rows.g(), item.query(i, head), backs, i * size, size);
                }
                for (int i = 0; i < item.count(); i += ROWS) {
                    block(item, head, i, Math.min(item.count(), i + ROWS));
                }
            }
        }

        /** The query rows {@code [first, last)} of a head. */
        private void block(Item item, int head, int first, int last) {
            int size = item.shape().headSize();
            HeadGradients rows = item.rows();
            int from = item.begin(first) / PAIR * PAIR;
            int to = (last + PAIR - 1) / PAIR * PAIR;
            for (int i = first; i < last; i++) {
                int row = (i - first) * stride;
                products(queries, backs, i * size, size, keys, values, stride, from, to, scores, shares, row);
                softmax(item, i, from, to, row);
                int begin = item.begin(i);
                int at = item.query(i, head);
                Arrays.fill(rows.dq(), at, at + size, 0);
                combine(scores, row + begin, 1, i + 1 - begin, keyRows, begin * size, size, rows.dq(), at, size);
            }
            for (int p = item.begin(first); p < last; p++) {
                int skipped = Math.max(0, p - first); // rows before p don't see it
                int weight = skipped * stride + p;
                int count = last - first - skipped;
                int query = (first + skipped) * size;
                combine(scores, weight, stride, count, queries, query, size, rows.dk(), item.key(p), size);
                combine(shares, weight, stride, count, backs, query, size, rows.dv(), item.key(p), size);
            }
        }

        /**
         * Turns a row's scores into score gradients and its products {@code g·v} into probabilities:
         * {@code score = scale · share · (product - Σ share · product)}.
         */
        private void softmax(Item item, int i, int from, int to, int row) {
            // shares holds g·v and scores q·k: exchanged on the way
            Arrays.fill(scores, row + from, row + item.begin(i), Float.NEGATIVE_INFINITY);
            Arrays.fill(scores, row + i + 1, row + to, Float.NEGATIVE_INFINITY);
            float scale = item.shape().scale();
            FloatVector maxima = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
            for (int p = from; p < to; p += LANES) {
                FloatVector score =
                        FloatVector.fromArray(SPECIES, scores, row + p).mul(scale);
                score.intoArray(scores, row + p);
                maxima = maxima.max(score);
            }
            Arrays.fill(shifts, maxima.reduceLanes(MAX));
            VectorExp.weigh(scores, row + from, LANES, (to - from) / LANES, shifts, lanes, 0);
            float factor = 1 / VectorLanes.sum(lanes, 0);
            FloatVector means = FloatVector.zero(SPECIES);
            for (int p = from; p < to; p += LANES) {
                FloatVector share =
                        FloatVector.fromArray(SPECIES, scores, row + p).mul(factor);
                share.intoArray(scores, row + p);
                means = share.fma(FloatVector.fromArray(SPECIES, shares, row + p), means);
            }
            means.intoArray(lanes, 0);
            float mean = VectorLanes.sum(lanes, 0);
            for (int p = from; p < to; p += LANES) {
                FloatVector share = FloatVector.fromArray(SPECIES, scores, row + p);
                FloatVector product = FloatVector.fromArray(SPECIES, shares, row + p);
                product.sub(mean).mul(share).mul(scale).intoArray(scores, row + p);
                share.intoArray(shares, row + p);
            }
        }
    }

    /**
     * The products of a query with all keys and of its gradient with all values of {@code [from, to)}:
     * {@code scores[row + p] = Σ_j q[at + j] · keys[j, p]} and {@code products[row + p] = Σ_j g[at + j] · values[j, p]}.
     */
    private static void products(
            float[] q,
            float[] g,
            int at,
            int size,
            float[] keys,
            float[] values,
            int stride,
            int from,
            int to,
            float[] scores,
            float[] products,
            int row) {
        for (int p = from; p < to; p += PAIR) {
            FloatVector score0 = FloatVector.zero(SPECIES);
            FloatVector score1 = FloatVector.zero(SPECIES);
            FloatVector product0 = FloatVector.zero(SPECIES);
            FloatVector product1 = FloatVector.zero(SPECIES);
            for (int j = 0; j < size; j++) {
                int column = j * stride + p;
                FloatVector query = FloatVector.broadcast(SPECIES, q[at + j]);
                FloatVector gradient = FloatVector.broadcast(SPECIES, g[at + j]);
                score0 = FloatVector.fromArray(SPECIES, keys, column).fma(query, score0);
                score1 = FloatVector.fromArray(SPECIES, keys, column + LANES).fma(query, score1);
                product0 = FloatVector.fromArray(SPECIES, values, column).fma(gradient, product0);
                product1 =
                        FloatVector.fromArray(SPECIES, values, column + LANES).fma(gradient, product1);
            }
            score0.intoArray(scores, row + p);
            score1.intoArray(scores, row + p + LANES);
            product0.intoArray(products, row + p);
            product1.intoArray(products, row + p + LANES);
        }
    }

    /** {@code out[at + j] += Σ_n weights[weight + n · weightStep] · rows[row + n · rowStep + j]} for j below size. */
    private static void combine(
            float[] weights,
            int weight,
            int weightStep,
            int count,
            float[] rows,
            int row,
            int rowStep,
            float[] out,
            int at,
            int size) {
        int j = 0;
        for (; j <= size - PAIR; j += PAIR) {
            FloatVector even0 = FloatVector.fromArray(SPECIES, out, at + j);
            FloatVector even1 = FloatVector.fromArray(SPECIES, out, at + j + LANES);
            FloatVector odd0 = FloatVector.zero(SPECIES);
            FloatVector odd1 = FloatVector.zero(SPECIES);
            int n = 0;
            for (; n <= count - 2; n += 2) { // four sums in flight hide the latency of fma
                int from = row + n * rowStep + j;
                FloatVector even = FloatVector.broadcast(SPECIES, weights[weight + n * weightStep]);
                FloatVector odd = FloatVector.broadcast(SPECIES, weights[weight + (n + 1) * weightStep]);
                even0 = FloatVector.fromArray(SPECIES, rows, from).fma(even, even0);
                even1 = FloatVector.fromArray(SPECIES, rows, from + LANES).fma(even, even1);
                odd0 = FloatVector.fromArray(SPECIES, rows, from + rowStep).fma(odd, odd0);
                odd1 = FloatVector.fromArray(SPECIES, rows, from + rowStep + LANES)
                        .fma(odd, odd1);
            }
            if (n < count) {
                int from = row + n * rowStep + j;
                FloatVector even = FloatVector.broadcast(SPECIES, weights[weight + n * weightStep]);
                even0 = FloatVector.fromArray(SPECIES, rows, from).fma(even, even0);
                even1 = FloatVector.fromArray(SPECIES, rows, from + LANES).fma(even, even1);
            }
            even0.add(odd0).intoArray(out, at + j);
            even1.add(odd1).intoArray(out, at + j + LANES);
        }
        for (; j < size; j++) {
            float sum = out[at + j];
            for (int n = 0; n < count; n++) {
                sum = Math.fma(weights[weight + n * weightStep], rows[row + n * rowStep + j], sum);
            }
            out[at + j] = sum;
        }
    }
}
