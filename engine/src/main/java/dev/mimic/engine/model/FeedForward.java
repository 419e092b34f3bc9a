package dev.mimic.engine.model;

import dev.mimic.engine.trace.ForwardTrace;
import dev.mimic.engine.trace.LayerArrays;
import dev.mimic.kernels.backend.Backend;

/** The gated feed-forward layer: {@code down(silu(gate(x)) .* up(x))}. */
final class FeedForward {
    private final Backend backend;
    private final TransformerWeights.Gated weights;
    private final LinearGroup gateAndUp;
    private final float[][] outputs = new float[2][];

    FeedForward(Backend backend, TransformerWeights.Gated weights) {
        this.backend = backend;
        this.weights = weights;
        this.gateAndUp = new LinearGroup(weights.gate(), weights.up());
    }

    /** From {@code a.normed} to {@code a.projected}. */
    void forward(int layer, Step step, Activations a, ForwardTrace trace) {
        LayerArrays arrays = a.of(layer, trace);
        outputs[0] = arrays.gate();
        outputs[1] = arrays.up();
        gateAndUp.apply(backend, step, a.normed, a, outputs, trace);
        backend.row().swiGlu(step.rows() * weights.gate().out(), arrays.gate(), arrays.up(), a.product);
        LinearForward.apply(weights.down(), backend, step, a.product, a, a.projected, trace);
    }
}
