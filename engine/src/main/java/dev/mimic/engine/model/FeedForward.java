package dev.mimic.engine.model;

import dev.mimic.engine.trace.ForwardTrace;
import dev.mimic.engine.trace.LayerArrays;
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
        LayerArrays arrays = a.of(layer, trace);
        LinearForward.apply(weights.gate(), backend, step, a.normed, a, arrays.gate(), trace);
        LinearForward.apply(weights.up(), backend, step, a.normed, a, arrays.up(), trace);
        backend.row().swiGlu(step.rows() * weights.gate().out(), arrays.gate(), arrays.up(), a.product);
        LinearForward.apply(weights.down(), backend, step, a.product, a, a.projected, trace);
    }
}
