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
    private final LinearGroup keysAndValues;
    private final LinearGroup all;
    private final float[][] outputs = new float[3][];

    SelfAttention(
            Backend backend, AttentionShape shape, float epsilon, int layer, TransformerWeights.Attention weights) {
        this.backend = backend;
        this.shape = shape;
        this.epsilon = epsilon;
        this.layer = layer;
        this.weights = weights;
        this.keysAndValues = new LinearGroup(weights.k(), weights.v());
        this.all = new LinearGroup(weights.k(), weights.v(), weights.q());
    }

    int layer() {
        return layer;
    }

    /** Leaves keys and values of {@code a.normed} in the rows' caches; in decoding, where all rows are wanted, queries too. */
    void store(Step step, Activations a, ForwardTrace trace) {
        int rows = step.rows();
        LayerArrays arrays = a.of(layer, trace);
        outputs[0] = arrays.k();
        outputs[1] = arrays.v();
        outputs[2] = arrays.q();
        LinearGroup group = step.phase() == Phase.DECODE ? all : keysAndValues;
        group.apply(backend, step, a.normed, a, outputs, trace);
        if (weights.kNorm().length > 0) {
            trace.keys(layer, rows, arrays.k());
            backend.row().rmsNorm(rows * shape.kvHeads(), arrays.k(), weights.kNorm(), epsilon, arrays.k());
        }
        backend.row().rotate(rows, shape.kvHeads(), shape.headSize(), arrays.k(), a.cos, a.sin);
        if (step.phase() == Phase.DECODE) {
            backend.attention().store(shape, rows, arrays.k(), arrays.v(), step.caches(layer), step.positions());
        } else {
            backend.attention().store(shape, blocks(step), arrays.k(), arrays.v());
        }
    }

    private PrefillBlocks blocks(Step step) {
        return new PrefillBlocks(step.blocks(), step.begins(), step.ends(), step.positions(), step.caches(layer));
    }

    /** From {@code a.normed} to {@code a.projected}, over what is stored. */
    void forward(Step step, Activations a, ForwardTrace trace) {
        int rows = step.rows();
        float[] q = a.of(layer, trace).q();
        if (step.phase() != Phase.DECODE) {
            LinearForward.apply(weights.q(), backend, step, a.normed, a, q, trace);
        }
        if (weights.qNorm().length > 0) {
            trace.queries(layer, rows, q);
            backend.row().rmsNorm(rows * shape.heads(), q, weights.qNorm(), epsilon, q);
        }
        backend.row().rotate(rows, shape.heads(), shape.headSize(), q, a.cos, a.sin);
        attend(step, q, a.attended);
        trace.attended(layer, rows, a.attended);
        LinearForward.apply(weights.o(), backend, step, a.attended, a, a.projected, trace);
    }

    private void attend(Step step, float[] q, float[] attended) {
        if (step.phase() == Phase.DECODE) {
            KeyValues[] caches = step.caches(layer);
            backend.attention().decode(shape, step.rows(), q, caches, step.begins(), step.ends(), attended);
        } else {
            backend.attention().prefill(shape, step.window(), blocks(step), q, attended);
        }
    }
}
