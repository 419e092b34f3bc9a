package dev.mimic.engine.model;

/**
 * An adapter made ready for the rows of a request: for every layer in factors the vector that multiplies {@code Vᵀ x}.
 * Computed once, shared by all rows and steps of the request; read only.
 */
public final class RowScales {
    private final float[][] bySlot;
    private final boolean adapted;

    /**
     * Wraps the scales.
     *
     * @param bySlot [layers in factors][rank held]
     * @param adapted whether they differ from the base model's
     */
    RowScales(float[][] bySlot, boolean adapted) {
        this.bySlot = bySlot;
        this.adapted = adapted;
    }

    float[] slot(int slot) {
        return bySlot[slot];
    }

    /** Whether these scales change the base model. */
    public boolean adapted() {
        return adapted;
    }
}
