package dev.mimic.engine.model;

import dev.mimic.kernels.attention.KeyValues;
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
    private int rows;
    private int blocks;
    private boolean lowRank;
    private Dropout dropout;

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

    /** Makes this an empty decoding step. */
    public void decode() {
        reset(Phase.DECODE);
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
        phase = next;
        rows = 0;
        blocks = 0;
    }

    /** Rows of this step. */
    public int rows() {
        return rows;
    }

    Phase phase() {
        return phase;
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
    public int blocks() {
        return blocks;
    }

    /** First position each decoded row sees; in prefill the first row of each block. */
    public int[] begins() {
        return begins;
    }

    /** One past the last position each decoded row sees; in prefill one past the last row of each block. */
    public int[] ends() {
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
