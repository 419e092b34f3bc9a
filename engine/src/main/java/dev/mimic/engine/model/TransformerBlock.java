package dev.mimic.engine.model;

import dev.mimic.engine.trace.ForwardTrace;
import dev.mimic.kernels.backend.Backend;

/** One layer: attention and the feed-forward layer, each on a norm of the residual stream and added back to it. */
final class TransformerBlock {
    private final Backend backend;
    private final float epsilon;
    private final TransformerWeights.Block weights;
    private final SelfAttention attention;
    private final FeedForward feedForward;

    TransformerBlock(
            Backend backend,
            float epsilon,
            TransformerWeights.Block weights,
            SelfAttention attention,
            FeedForward feedForward) {
        this.backend = backend;
        this.epsilon = epsilon;
        this.weights = weights;
        this.attention = attention;
        this.feedForward = feedForward;
    }

    /**
     * Moves {@code a.x} through the layer.
     *
     * @param step all rows: of {@code a.x}, and those that leave keys and values
     * @param wanted the step itself, or in the last layer its tail: the rows that {@code a.x} has afterwards
     */
    void forward(Step step, Step wanted, Activations a, ForwardTrace trace) {
        int hidden = weights.inputNorm().length;
        backend.row().rmsNorm(step.rows(), a.x, weights.inputNorm(), epsilon, a.normed);
        attention.store(step, a, trace);
        int rows = wanted.rows();
        if (rows == 0) {
            return;
        }
        if (wanted != step) {
            step.gather(a.x, hidden);
            step.gather(a.normed, hidden);
            step.gather(a.cos, a.angles());
            step.gather(a.sin, a.angles());
        }
        attention.forward(wanted, a, trace);
        backend.row().add(rows * hidden, a.projected, a.x);
        trace.middle(attention.layer(), rows, a.x);
        backend.row().rmsNorm(rows, a.x, weights.feedForwardNorm(), epsilon, a.normed);
        feedForward.forward(attention.layer(), wanted, a, trace);
        backend.row().add(rows * hidden, a.projected, a.x);
    }
}
