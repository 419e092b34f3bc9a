package dev.mimic.engine.model;

import dev.mimic.engine.trace.ForwardTrace;
import dev.mimic.kernels.attention.AttentionShape;
import dev.mimic.kernels.attention.KeyValues;
import dev.mimic.kernels.attention.PrefillBlocks;
import dev.mimic.kernels.backend.Backend;
import dev.mimic.kernels.svf.SvfKernels.Phase;

/** Grouped-query attention of one layer over the cached positions. */
final class SelfAttention {
    private final Backend backend;
    private final AttentionShape shape;
    private final float epsilon;
    private final int layer;
    private final TransformerWeights.Attention weights;

    SelfAttention(
            Backend backend, AttentionShape shape, float epsilon, int layer, TransformerWeights.Attention weights) {
        this.backend = backend;
        this.shape = shape;
        this.epsilon = epsilon;
        this.layer = layer;
        this.weights = weights;
    }

    int layer() {
        return layer;
    }

    /** From {@code a.normed} to {@code a.projected}; stores the rows' keys and values in their caches. */
    void forward(Step step, Activations a, ForwardTrace trace) {
        int rows = step.rows();
        int headSize = shape.headSize();
        LinearForward.apply(weights.q(), backend, step, a.normed, a, a.q, trace);
        LinearForward.apply(weights.k(), backend, step, a.normed, a, a.k, trace);
        LinearForward.apply(weights.v(), backend, step, a.normed, a, a.v, trace);
        if (weights.qNorm().length > 0) {
            trace.heads(layer, rows, a.q, a.k);
            backend.row().rmsNorm(rows * shape.heads(), a.q, weights.qNorm(), epsilon, a.q);
            backend.row().rmsNorm(rows * shape.kvHeads(), a.k, weights.kNorm(), epsilon, a.k);
        }
        backend.row().rotate(rows, shape.heads(), headSize, a.q, a.cos, a.sin);
        backend.row().rotate(rows, shape.kvHeads(), headSize, a.k, a.cos, a.sin);
        trace.attention(layer, rows, a.q, a.k, a.v);
        attend(step, a);
        trace.attended(layer, rows, a.attended);
        LinearForward.apply(weights.o(), backend, step, a.attended, a, a.projected, trace);
    }

    private void attend(Step step, Activations a) {
        KeyValues[] caches = step.caches(layer);
        int rows = step.rows();
        if (step.phase() == Phase.DECODE) {
            for (int i = 0; i < rows; i++) {
                backend.attention().store(shape, 1, a.k, a.v, i, caches[i], step.positions()[i]);
            }
            backend.attention().decode(shape, rows, a.q, caches, step.begins(), step.ends(), a.attended);
        } else {
            for (int block = 0; block < step.blocks(); block++) {
                int row = step.begins()[block];
                int count = step.ends()[block] - row;
                int position = step.positions()[row];
                KeyValues cache = caches[block];
                backend.attention().store(shape, count, a.k, a.v, row, cache, position);
            }
            PrefillBlocks blocks =
                    new PrefillBlocks(step.blocks(), step.begins(), step.ends(), step.positions(), caches);
            backend.attention().prefill(shape, step.window(), blocks, a.q, a.attended);
        }
    }
}
