package dev.mimic.engine.model;

import dev.mimic.kernels.attention.KeyValues;
import dev.mimic.kernels.gradient.SequenceRows;
import dev.mimic.kernels.lowrank.Dropout;
import dev.mimic.kernels.lowrank.LowRankPair;
import dev.mimic.kernels.svf.SvfKernels.Phase;
import java.util.Arrays;

/**
 * The rows of one forward step: blocks of the prompts of one or more sequences, or one new token for each of several
 * sequences. It is filled anew for every step and allocates nothing then. Not thread-safe.
 */
public final class Step {
    private final int[] ids;
    private final int[] positions;
    private final int[] lengths;
    private final int[] begins;
    private final int[] ends;
    private final float[][][] scales;
    private final RowScales[] adapters;
    private final LowRankPair[] pairs;
    private long[] keys = {};
    private final KeyValues[][] caches;
    private final int window;
    private Phase phase = Phase.DECODE;
    private Phase products = Phase.DECODE;
    private int rows;
    private int blocks;

    /** The rows by sequence and position, where they are not in that order themselves; else null. */
    private int[] order;

    private boolean lowRank;
    private Dropout dropout;

    /** The rows whose results are wanted, by themselves; null until some step is narrowed. */
    private Step tail;

    /** Of a tail: the row that each of its rows is in the whole step. */
    private int[] origins = {};

    private boolean narrowed;

    /** Makes a step of at most {@code capacity} rows. */
    Step(int capacity, int layers, int slots, int window) {
        this.ids = new int[capacity];
        this.positions = new int[capacity];
        this.lengths = new int[capacity];
        this.begins = new int[capacity];
        this.ends = new int[capacity];
        this.scales = new float[slots][capacity][];
        this.adapters = new RowScales[capacity];
        this.pairs = new LowRankPair[capacity];
        this.caches = new KeyValues[layers][capacity];
        this.window = window;
    }

    /** Rows there is room for. */
    public int capacity() {
        return ids.length;
    }

    /** Makes this an empty prefill step. */
    public void prefill() {
        reset(Phase.PREFILL);
    }

    /**
     * Adds the block {@code tokens[from, from + count)} of a sequence to a prefill step, at the positions of those
     * indices. The step's blocks are of different sequences.
     *
     * @param count rows; at most {@code capacity() - rows()}
     * @param length positions of the whole sequence; what dynamic rope scaling goes by
     * @param cache the sequence's cache; holds all positions before {@code from}
     */
    public void addBlock(int[] tokens, int from, int count, int length, KeyValueCache cache, RowScales rowScales) {
        for (int i = 0; i < count; i++) {
            ids[rows + i] = tokens[from + i];
            positions[rows + i] = from + i;
            lengths[rows + i] = length;
        }
        for (int slot = 0; slot < scales.length; slot++) {
            Arrays.fill(scales[slot], rows, rows + count, rowScales.slot(slot));
        }
        adapt(rows, rows + count, rowScales);
        for (int layer = 0; layer < caches.length; layer++) {
            caches[layer][blocks] = cache.layer(layer);
        }
        begins[blocks] = rows;
        rows += count;
        ends[blocks] = rows;
        blocks++;
    }

    /**
     * Adds a row that an earlier step ran to a step for a backward pass alone: it has no cache.
     *
     * @param length positions of the whole sequence, as the earlier step was told
     */
    public void addRun(int position, int length, RowScales rowScales) {
        positions[rows] = position;
        lengths[rows] = length;
        for (int slot = 0; slot < scales.length; slot++) {
            scales[slot][rows] = rowScales.slot(slot);
        }
        adapt(rows, rows + 1, rowScales);
        rows++;
    }

    /**
     * Says which of these rows are whose, after the last was added.
     *
     * @param count sequences
     * @param sizes [count]: their rows, at least one each
     * @param rowsInOrder [rows]: sequence by sequence, in order of their positions; not copied
     */
    public void order(int count, int[] sizes, int[] rowsInOrder) {
        int first = 0;
        for (int s = 0; s < count; s++) {
            begins[s] = first;
            first += sizes[s];
            ends[s] = first;
        }
        blocks = count;
        order = rowsInOrder;
    }

    /** Where the rows of the sequences are, for a backward pass over whole ones. */
    public SequenceRows sequences() {
        return order == null
                ? SequenceRows.packed(blocks, begins, ends)
                : new SequenceRows(blocks, begins, ends, order);
    }

    /** Makes this an empty decoding step. */
    public void decode() {
        reset(Phase.DECODE);
    }

    /**
     * Makes this an empty decoding step whose linear layers add up in an order of choice.
     *
     * @param order PREFILL costs less where rows are many
     */
    public void decode(Phase order) {
        reset(Phase.DECODE);
        products = order;
    }

    /**
     * Adds a sequence to a decoding step.
     *
     * @param id its newest token
     * @param position that token's position; the cache holds all positions before it
     */
    public void add(int id, int position, KeyValueCache cache, RowScales rowScales) {
        ids[rows] = id;
        positions[rows] = position;
        lengths[rows] = position + 1;
        begins[rows] = Math.max(0, position + 1 - window);
        ends[rows] = position + 1;
        for (int slot = 0; slot < scales.length; slot++) {
            scales[slot][rows] = rowScales.slot(slot);
        }
        adapt(rows, rows + 1, rowScales);
        for (int layer = 0; layer < caches.length; layer++) {
            caches[layer][rows] = cache.layer(layer);
        }
        rows++;
    }

    /**
     * Says whose results are wanted of a filled prefill step; of all rows where it is not said. The last layer then does
     * for the others only what later positions need of them, their keys and values.
     *
     * @param chosen [count]: rows, ascending
     * @param count rows wanted; may be 0
     */
    public void want(int[] chosen, int count) {
        narrowed = count < rows;
        if (!narrowed) {
            return;
        }
        if (tail == null) {
            tail = new Step(capacity(), caches.length, scales.length, window);
            tail.origins = new int[capacity()];
        }
        tail.reset(phase);
        tail.lowRank = lowRank;
        tail.dropout = dropout;
        int block = 0;
        for (int i = 0; i < count; i++) {
            int row = chosen[i];
            assert row < rows && (i == 0 || row > chosen[i - 1]) : "rows are not ascending";
            boolean follows = i > 0 && row == chosen[i - 1] + 1 && row < ends[block];
            while (row >= ends[block]) {
                block++;
            }
            tail.take(this, row, block, follows);
        }
    }

    /** Adds a row of a whole step to its tail: to the last block, or as the first of a new one. */
    private void take(Step whole, int row, int block, boolean follows) {
        origins[rows] = row;
        ids[rows] = whole.ids[row];
        positions[rows] = whole.positions[row];
        lengths[rows] = whole.lengths[row];
        adapters[rows] = whole.adapters[row];
        for (int slot = 0; slot < scales.length; slot++) {
            scales[slot][rows] = whole.scales[slot][row];
        }
        if (!follows) {
            begins[blocks] = rows;
            for (int layer = 0; layer < caches.length; layer++) {
                caches[layer][blocks] = whole.caches[layer][block];
            }
            blocks++;
        }
        rows++;
        ends[blocks - 1] = rows;
    }

    /** The wanted rows as a step of their own, valid until this one is filled anew; this step where all are wanted. */
    public Step tail() {
        return narrowed ? tail : this;
    }

    /**
     * Moves the wanted rows to the front.
     *
     * @param x [rows, width]; afterwards [tail rows, width], and undefined beyond
     */
    public void gather(float[] x, int width) {
        if (narrowed) {
            for (int i = 0; i < tail.rows; i++) {
                System.arraycopy(x, tail.origins[i] * width, x, i * width, width);
            }
        }
    }

    /**
     * Moves wanted rows from the front back to where they are in the step, among zeros.
     *
     * @param x [tail rows, width]; afterwards [rows, width]
     */
    public void scatter(float[] x, int width) {
        if (narrowed) {
            int end = rows;
            for (int i = tail.rows - 1; i >= 0; i--) {
                int row = tail.origins[i];
                Arrays.fill(x, (row + 1) * width, end * width, 0);
                System.arraycopy(x, i * width, x, row * width, width);
                end = row;
            }
            Arrays.fill(x, 0, end * width, 0);
        }
    }

    private void adapt(int begin, int end, RowScales rowScales) {
        Arrays.fill(adapters, begin, end, rowScales);
        if (rowScales.hasLowRank()) {
            lowRank = true;
            dropout = rowScales.dropout();
        }
    }

    /** Forgets caches and scales, so that nothing of a finished sequence is kept alive. */
    private void reset(Phase next) {
        for (KeyValues[] layer : caches) {
            Arrays.fill(layer, 0, rows, null);
        }
        for (float[][] slot : scales) {
            Arrays.fill(slot, 0, rows, null);
        }
        Arrays.fill(adapters, 0, rows, null);
        Arrays.fill(pairs, 0, rows, null);
        lowRank = false;
        dropout = null;
        if (narrowed) {
            tail.reset(next);
            narrowed = false;
        }
        phase = next;
        products = next;
        rows = 0;
        blocks = 0;
        order = null;
    }

    /** Rows of this step. */
    public int rows() {
        return rows;
    }

    Phase phase() {
        return phase;
    }

    /** The order of summation of linear layers. */
    Phase products() {
        return products;
    }

    /** Positions that a row sees at most, its own included. */
    public int window() {
        return window;
    }

    int[] ids() {
        return ids;
    }

    int[] positions() {
        return positions;
    }

    int[] lengths() {
        return lengths;
    }

    /** Blocks of a prefill step. */
    int blocks() {
        return blocks;
    }

    /** First position each decoded row sees; in prefill the first row of each block. */
    int[] begins() {
        return begins;
    }

    /** One past the last position each decoded row sees; in prefill one past the last row of each block. */
    int[] ends() {
        return ends;
    }

    /** The rows' caches in a layer; in prefill those of the blocks. */
    KeyValues[] caches(int layer) {
        return caches[layer];
    }

    /** The rows' scales of a layer in factors. */
    float[][] scales(int slot) {
        return scales[slot];
    }

    /** The rows' low-rank pairs of a linear layer, until the next call; null where no row has any adapter of that kind. */
    LowRankPair[] lowRank(int place) {
        if (!lowRank) {
            return null;
        }
        for (int i = 0; i < rows; i++) {
            pairs[i] = adapters[i].lowRank(place);
        }
        return pairs;
    }

    /** What drops elements of the input of low-rank pairs, for all rows that have one; null for none. */
    public Dropout dropout() {
        return dropout;
    }

    /** The rows' keys for dropout in a linear layer, until the next call. */
    public long[] dropoutKeys(int place) {
        if (dropout == null) {
            return keys;
        }
        if (keys.length < rows) {
            keys = new long[capacity()];
        }
        for (int i = 0; i < rows; i++) {
            keys[i] = Dropout.key(Dropout.key(adapters[i].key(), place), positions[i]);
        }
        return keys;
    }
}
