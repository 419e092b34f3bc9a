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

    /** Moves {@code a.x} through the layer. */
    void forward(Step step, Activations a, ForwardTrace trace) {
        int elements = step.rows() * weights.inputNorm().length;
        backend.row().rmsNorm(step.rows(), a.x, weights.inputNorm(), epsilon, a.normed);
        attention.forward(step, a, trace);
        backend.row().add(elements, a.projected, a.x);
        trace.middle(attention.layer(), step.rows(), a.x);
        backend.row().rmsNorm(step.rows(), a.x, weights.feedForwardNorm(), epsilon, a.normed);
        feedForward.forward(attention.layer(), step, a, trace);
        backend.row().add(elements, a.projected, a.x);
    }
}
