package dev.mimic.engine.model;

import dev.mimic.engine.trace.ForwardTrace;
import dev.mimic.engine.trace.LayerArrays;
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
        LayerArrays arrays = a.of(layer, trace);
        LinearForward.apply(weights.q(), backend, step, a.normed, a, arrays.q(), trace);
        LinearForward.apply(weights.k(), backend, step, a.normed, a, arrays.k(), trace);
        LinearForward.apply(weights.v(), backend, step, a.normed, a, arrays.v(), trace);
        if (weights.qNorm().length > 0) {
            trace.heads(layer, rows, arrays.q(), arrays.k());
            backend.row().rmsNorm(rows * shape.heads(), arrays.q(), weights.qNorm(), epsilon, arrays.q());
            backend.row().rmsNorm(rows * shape.kvHeads(), arrays.k(), weights.kNorm(), epsilon, arrays.k());
        }
        backend.row().rotate(rows, shape.heads(), headSize, arrays.q(), a.cos, a.sin);
        backend.row().rotate(rows, shape.kvHeads(), headSize, arrays.k(), a.cos, a.sin);
        attend(step, arrays, a.attended);
        trace.attended(layer, rows, a.attended);
        LinearForward.apply(weights.o(), backend, step, a.attended, a, a.projected, trace);
    }

    private void attend(Step step, LayerArrays arrays, float[] attended) {
        KeyValues[] caches = step.caches(layer);
        int rows = step.rows();
        if (step.phase() == Phase.DECODE) {
            for (int i = 0; i < rows; i++) {
                backend.attention().store(shape, 1, arrays.k(), arrays.v(), i, caches[i], step.positions()[i]);
            }
            backend.attention().decode(shape, rows, arrays.q(), caches, step.begins(), step.ends(), attended);
        } else {
            for (int block = 0; block < step.blocks(); block++) {
                int row = step.begins()[block];
                int count = step.ends()[block] - row;
                int position = step.positions()[row];
                KeyValues cache = caches[block];
                backend.attention().store(shape, count, arrays.k(), arrays.v(), row, cache, position);
            }
            PrefillBlocks blocks =
                    new PrefillBlocks(step.blocks(), step.begins(), step.ends(), step.positions(), caches);
            backend.attention().prefill(shape, step.window(), blocks, arrays.q(), attended);
        }
    }
}
