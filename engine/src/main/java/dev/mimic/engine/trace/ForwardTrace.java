package dev.mimic.engine.trace;

/**
 * What the forward pass shows of itself, step by step: for hidden states, and for training.
 * Arrays belong to the pass and change with its next step; an implementation copies what it keeps. Called on the thread
 * that runs the pass.
 *
 * <p>Where only some rows of a step are wanted, the last layer shows keys and values of all rows and everything else of
 * the wanted ones alone, by themselves.
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

    // What follows is for training, where a step's rows are whole sequences.

    /**
     * The residual stream between a layer's attention and its feed-forward part.
     *
     * @param layer the layer, from 0
     * @param rows rows
     * @param x [rows, hidden]; read only
     */
    default void middle(int layer, int rows, float[] x) {}

    /**
     * Queries before the norm of their heads, in models that have such norms.
     *
     * @param layer the layer, from 0
     * @param rows rows
     * @param q [rows, heads, headSize]; read only
     */
    default void queries(int layer, int rows, float[] q) {}

    /**
     * Keys before the norm of their heads, in models that have such norms.
     *
     * @param layer the layer, from 0
     * @param rows rows
     * @param k [rows, kvHeads, headSize]; read only
     */
    default void keys(int layer, int rows, float[] k) {}

    /**
     * What attention gives: the input of the output projection.
     *
     * @param layer the layer, from 0
     * @param rows rows
     * @param attended [rows, heads, headSize]; read only
     */
    default void attended(int layer, int rows, float[] attended) {}

    /**
     * Where a layer's queries, keys, values, gate and upward projection are to be left.
     *
     * @param layer the layer, from 0
     * @return null for arrays of the pass's own
     */
    default LayerArrays arrays(int layer) {
        return null;
    }

    /**
     * Where {@code Vᵀ x} of a layer in factors is to be left, before the scale.
     *
     * @param slot the layer's place among those in factors
     * @return [rows, rank held]; null for nowhere
     */
    default float[] projection(int slot) {
        return null;
    }
}
