package dev.mimic.engine.model;

import dev.mimic.engine.trace.ForwardTrace;
import dev.mimic.kernels.backend.Backend;

/** The gated feed-forward layer: {@code down(silu(gate(x)) .* up(x))}. */
final class FeedForward {
    private final Backend backend;
    private final TransformerWeights.Gated weights;

    FeedForward(Backend backend, TransformerWeights.Gated weights) {
        this.backend = backend;
        this.weights = weights;
    }

    /** From {@code a.normed} to {@code a.projected}. */
    void forward(int layer, Step step, Activations a, ForwardTrace trace) {
        LinearForward.apply(weights.gate(), backend, step, a.normed, a, a.gate, trace);
        LinearForward.apply(weights.up(), backend, step, a.normed, a, a.up, trace);
        trace.gated(layer, step.rows(), a.gate, a.up);
        backend.row().swiGlu(step.rows() * weights.gate().out(), a.gate, a.up, a.gate);
        LinearForward.apply(weights.down(), backend, step, a.gate, a, a.projected, trace);
    }
}
