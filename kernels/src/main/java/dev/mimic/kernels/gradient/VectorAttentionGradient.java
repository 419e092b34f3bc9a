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
 * keys and values are added up. Four rows at a time share what is loaded, see {@link VectorFourRows}: what a row of four
 * does not see has a weight of 0.
 */
final class VectorAttentionGradient {
    private static final VectorSpecies<Float> SPECIES = VectorWidth.SPECIES;
    private static final int LANES = SPECIES.length();

    /** Columns of a tile. */
    private static final int PAIR = VectorFourRows.COLUMNS;

    /** Rows of a tile. */
    private static final int FOUR = VectorFourRows.ROWS;

    /** Query rows of a block; a multiple of those of a tile. */
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

    /** What one thread works in. Rows of heads are padded with zeros to whole tiles. */
    private static final class Scratch {
        private final float[] shifts = new float[LANES];
        private final float[] lanes = new float[LANES];

        /** Positions, rounded up to whole tiles, and elements of a head's row, rounded up as well. */
        private int stride;

        private int width;

        /** Transposed, [size, stride]. */
        private float[] keys = {};

        private float[] values = {};

        /** Position by position, [stride, width]: keys, a head's queries and what comes back to it, and what is found. */
        private float[] keyRows = {};

        private float[] queries = {};
        private float[] backs = {};
        private float[] dKeys = {};
        private float[] dValues = {};

        /** Of a block, [ROWS, stride], and [FOUR, width]. */
        private float[] shares = {};

        private float[] scores = {};
        private float[] dFour = {};

        void run(Item item) {
            int size = item.shape().headSize();
            reserve(size, item.count());
            HeadGradients rows = item.rows();
            for (int p = 0; p < item.count(); p++) {
                int from = item.key(p);
                System.arraycopy(rows.k(), from, keyRows, p * width, size);
                for (int j = 0; j < size; j++) {
                    keys[j * stride + p] = rows.k()[from + j];
                    values[j * stride + p] = rows.v()[from + j];
                }
            }
            for (int j = 0; j < size; j++) {
                Arrays.fill(keys, j * stride + item.count(), (j + 1) * stride, 0);
                Arrays.fill(values, j * stride + item.count(), (j + 1) * stride, 0);
            }
            Arrays.fill(dKeys, 0, stride * width, 0);
            Arrays.fill(dValues, 0, stride * width, 0);
            for (int head = 0; head < item.shape().headsPerKvHead(); head++) {
                for (int i = 0; i < item.count(); i++) {
                    System.arraycopy(rows.q(), item.query(i, head), queries, i * width, size);
                    System.arraycopy(rows.g(), item.query(i, head), backs, i * width, size);
                }
                for (int i = 0; i < item.count(); i += ROWS) {
                    block(item, head, i, Math.min(item.count(), i + ROWS));
                }
            }
            for (int p = 0; p < item.count(); p++) {
                System.arraycopy(dKeys, p * width, rows.dk(), item.key(p), size);
                System.arraycopy(dValues, p * width, rows.dv(), item.key(p), size);
            }
        }

        /** Has room, with zeros where rows are padded. */
        private void reserve(int size, int count) {
            stride = (count + PAIR - 1) / PAIR * PAIR;
            width = (size + PAIR - 1) / PAIR * PAIR;
            if (keys.length < size * stride) {
                keys = new float[size * stride];
                values = new float[size * stride];
            }
            if (keyRows.length < stride * width) {
                keyRows = new float[stride * width];
                queries = new float[stride * width];
                backs = new float[stride * width];
                dKeys = new float[stride * width];
                dValues = new float[stride * width];
            }
            if (shares.length < ROWS * stride) {
                shares = new float[ROWS * stride];
                scores = new float[ROWS * stride];
            }
            if (dFour.length < FOUR * width) {
                dFour = new float[FOUR * width];
            }
            for (int row = 0; row < count && size < width; row++) {
                Arrays.fill(keyRows, row * width + size, (row + 1) * width, 0);
                Arrays.fill(queries, row * width + size, (row + 1) * width, 0);
                Arrays.fill(backs, row * width + size, (row + 1) * width, 0);
            }
            int rows = (count + FOUR - 1) / FOUR * FOUR;
            Arrays.fill(queries, count * width, rows * width, 0);
            Arrays.fill(backs, count * width, rows * width, 0);
        }

        /** The query rows {@code [first, last)} of a head. */
        private void block(Item item, int head, int first, int last) {
            int from = item.begin(first) / PAIR * PAIR;
            for (int i = first; i < last; i += FOUR) {
                int row = (i - first) * stride;
                int to = (i + FOUR + PAIR - 1) / PAIR * PAIR; // beyond, none of the four sees anything
                int end = Math.min(last, i + FOUR);
                products(i, item.shape().headSize(), row, from, to);
                for (int one = i; one < end; one++) {
                    softmax(item, one, from, to, row + (one - i) * stride);
                }
                queryGradients(item, head, i, end, row);
            }
            for (int p = item.begin(first) / FOUR * FOUR; p < last; p += FOUR) {
                int skipped = Math.max(0, p - first); // rows before p see none of the four
                int count = last - first - skipped;
                int weight = skipped * stride + p;
                int query = (first + skipped) * width;
                for (int j = 0; j < width; j += PAIR) {
                    int to = p * width + j;
                    VectorFourRows.accumulate(
                            scores, weight, 1, stride, queries, query + j, width, count, dKeys, to, width);
                    VectorFourRows.accumulate(
                            shares, weight, 1, stride, backs, query + j, width, count, dValues, to, width);
                }
            }
        }

        /** {@code scores = q · k} and {@code shares = g · v} of four rows and the positions {@code [from, to)}. */
        private void products(int i, int size, int row, int from, int to) {
            for (int r = 0; r < FOUR; r++) {
                Arrays.fill(scores, row + r * stride + from, row + r * stride + to, 0);
                Arrays.fill(shares, row + r * stride + from, row + r * stride + to, 0);
            }
            for (int p = from; p < to; p += PAIR) {
                VectorFourRows.accumulate(queries, i * width, width, 1, keys, p, stride, size, scores, row + p, stride);
                VectorFourRows.accumulate(backs, i * width, width, 1, values, p, stride, size, shares, row + p, stride);
            }
        }

        /** The gradients of the queries {@code [i, end)}, up to four. */
        private void queryGradients(Item item, int head, int i, int end, int row) {
            int begin = item.begin(i);
            Arrays.fill(dFour, 0, FOUR * width, 0);
            for (int j = 0; j < width; j += PAIR) {
                int key = begin * width + j;
                VectorFourRows.accumulate(
                        scores, row + begin, stride, 1, keyRows, key, width, end - begin, dFour, j, width);
            }
            int size = item.shape().headSize();
            for (int one = i; one < end; one++) {
                System.arraycopy(dFour, (one - i) * width, item.rows().dq(), item.query(one, head), size);
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
}
