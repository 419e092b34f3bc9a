package dev.mimic.engine.model;

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
    void forward(Step step, Activations a) {
        weights.gate().apply(backend, step, a.normed, a, a.gate);
        weights.up().apply(backend, step, a.normed, a, a.up);
        backend.row().swiGlu(step.rows() * weights.gate().out(), a.gate, a.up, a.gate);
        weights.down().apply(backend, step, a.gate, a, a.projected);
    }
}
