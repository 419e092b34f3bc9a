package dev.mimic.engine.model;

import dev.mimic.kernels.lowrank.Dropout;
import dev.mimic.kernels.lowrank.LowRankPair;

/**
 * An adapter made ready for the rows of a request: for every layer in factors the vector that multiplies {@code Vᵀ x},
 * and for every linear layer its low-rank pair. Computed once, shared by all rows and steps of the request; read only.
 */
public final class RowScales {
    private final float[][] bySlot;
    private final LowRankPair[] byPlace;
    private final Dropout dropout;
    private final long key;

    /**
     * Wraps the scales.
     *
     * @param bySlot [layers in factors][rank held]; null in residual form where the layer stays that of the base model
     */
    RowScales(float[][] bySlot) {
        this(bySlot, null, null, 0);
    }

    private RowScales(float[][] bySlot, LowRankPair[] byPlace, Dropout dropout, long key) {
        this.bySlot = bySlot;
        this.byPlace = byPlace;
        this.dropout = dropout;
        this.key = key;
    }

    /**
     * The same with low-rank pairs.
     *
     * @param pairs [linear layers]; null where a layer has none
     */
    RowScales withLowRank(LowRankPair[] pairs) {
        return new RowScales(bySlot, pairs, null, 0);
    }

    /**
     * The same for training, where the low-rank branch sees its input through dropout.
     *
     * @param rate of the elements that are dropped; 0 for none
     * @param sequenceKey what the masks of the rows depend on, beside layer, position and column
     */
    public RowScales withDropout(double rate, long sequenceKey) {
        return rate == 0 || byPlace == null ? this : new RowScales(bySlot, byPlace, new Dropout(rate), sequenceKey);
    }

    /** The scales of a layer in factors, [rank held]; null where it stays that of the base model. Read only. */
    public float[] slot(int slot) {
        return bySlot[slot];
    }

    /** The low-rank pair of a linear layer; null for none. */
    public LowRankPair lowRank(int place) {
        return byPlace == null ? null : byPlace[place];
    }

    boolean hasLowRank() {
        return byPlace != null;
    }

    Dropout dropout() {
        return dropout;
    }

    long key() {
        return key;
    }
}
