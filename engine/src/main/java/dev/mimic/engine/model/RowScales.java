package dev.mimic.engine.model;

/**
 * An adapter made ready for the rows of a request: for every layer in factors the vector that multiplies {@code Vᵀ x}.
 * Computed once, shared by all rows and steps of the request; read only.
 */
public final class RowScales {
    private final float[][] bySlot;

    /**
     * Wraps the scales.
     *
     * @param bySlot [layers in factors][rank held]; null in residual form where the layer stays that of the base model
     */
    RowScales(float[][] bySlot) {
        this.bySlot = bySlot;
    }

    /** The scales of a layer in factors, [rank held]; null where it stays that of the base model. Read only. */
    public float[] slot(int slot) {
        return bySlot[slot];
    }
}
