package dev.mimic.engine.trace;

/**
 * What the forward pass shows of itself, block by block in the order of positions: for hidden states, and for training.
 * Arrays belong to the pass and change with its next step; an implementation copies what it keeps. Called on the thread
 * that runs the pass.
 */
public interface ForwardTrace {
    /** Shows nothing to anybody: inference. */
    ForwardTrace NONE = new ForwardTrace() {};

    /**
     * The token embeddings.
     *
     * @param position position of the first row
     * @param rows rows, at consecutive positions
     * @param x [rows, hidden]; read only
     */
    default void embeddings(int position, int rows, float[] x) {}

    /**
     * The residual stream after a layer.
     *
     * @param layer the layer, from 0
     * @param position position of the first row
     * @param rows rows, at consecutive positions
     * @param x [rows, hidden]; read only
     */
    default void layer(int layer, int position, int rows, float[] x) {}

    /**
     * What the head sees: the residual stream after the final norm.
     *
     * @param position position of the first row
     * @param rows rows, at consecutive positions
     * @param x [rows, hidden]; read only
     */
    default void finalNorm(int position, int rows, float[] x) {}
}
