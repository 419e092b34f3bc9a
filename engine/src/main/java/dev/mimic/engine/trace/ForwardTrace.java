package dev.mimic.engine.trace;

/**
 * What the forward pass shows of itself, step by step: for hidden states, and for training.
 * Arrays belong to the pass and change with its next step; an implementation copies what it keeps. Called on the thread
 * that runs the pass.
 */
public interface ForwardTrace {
    /** Shows nothing to anybody: inference. */
    ForwardTrace NONE = new ForwardTrace() {};

    /**
     * The token embeddings.
     *
     * @param rows rows
     * @param positions [rows]: each row's position in its sequence; read only
     * @param x [rows, hidden]; read only
     */
    default void embeddings(int rows, int[] positions, float[] x) {}

    /**
     * The residual stream after a layer.
     *
     * @param layer the layer, from 0
     * @param rows rows
     * @param positions [rows]: each row's position in its sequence; read only
     * @param x [rows, hidden]; read only
     */
    default void layer(int layer, int rows, int[] positions, float[] x) {}

    /**
     * What the head sees: the residual stream after the final norm.
     *
     * @param rows rows
     * @param positions [rows]: each row's position in its sequence; read only
     * @param x [rows, hidden]; read only
     */
    default void finalNorm(int rows, int[] positions, float[] x) {}
}
