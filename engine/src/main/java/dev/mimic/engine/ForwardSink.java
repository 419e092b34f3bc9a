package dev.mimic.engine;

/**
 * Takes what a forward pass gives, row by row, on the engine's own thread. The arrays are the engine's and are
 * overwritten after the call.
 */
@FunctionalInterface
public interface ForwardSink {
    /**
     * Logits of a position; positions come in order.
     *
     * @param row [vocabulary]; read only
     */
    void logits(int position, float[] row);

    /**
     * A hidden state of a position.
     *
     * @param stage 0 for the embeddings, i for the residual stream after layer i (counted from 1), layers + 1 for what the
     *     final norm gives
     * @param row [hidden]; read only
     */
    default void hidden(int stage, int position, float[] row) {}
}
