package dev.mimic.engine.model;

import dev.mimic.engine.trace.ForwardTrace;
import dev.mimic.engine.trace.LayerArrays;
import dev.mimic.loader.model.ModelConfig;

/** The arrays that a forward step works in, made once for the largest step. */
final class Activations {
    /** The residual stream, [rows, hidden]. */
    final float[] x;

    /** A norm of it, [rows, hidden]. */
    final float[] normed;

    /** What a sub-layer adds to it, [rows, hidden]. */
    final float[] projected;

    /** Queries, keys, values, gate and upward projection where a trace has no place for them. */
    final LayerArrays own;

    /** What attention gives, [rows, heads, headSize]. */
    final float[] attended;

    /** The gated product, [rows, intermediate]. */
    final float[] product;

    /** Angles, [rows, headSize / 2]. */
    final float[] cos;

    /** Angles, [rows, headSize / 2]. */
    final float[] sin;

    private final int angles;

    /** {@code Vᵀ x}, [rows, largest rank]. */
    final float[] rank;

    Activations(ModelConfig config, int rows, int largestRank) {
        x = new float[rows * config.hiddenSize()];
        normed = new float[rows * config.hiddenSize()];
        projected = new float[rows * config.hiddenSize()];
        attended = new float[rows * config.heads() * config.headSize()];
        product = new float[rows * config.intermediateSize()];
        own = new LayerArrays(
                new float[rows * config.heads() * config.headSize()],
                new float[rows * config.kvHeads() * config.headSize()],
                new float[rows * config.kvHeads() * config.headSize()],
                product,
                new float[rows * config.intermediateSize()]);
        angles = config.headSize() / 2;
        cos = new float[rows * angles];
        sin = new float[rows * angles];
        rank = new float[rows * largestRank];
    }

    /** Angles of a row. */
    int angles() {
        return angles;
    }

    /** Where a layer's arrays are: the trace's, else the pass's own. */
    LayerArrays of(int layer, ForwardTrace trace) {
        LayerArrays arrays = trace.arrays(layer);
        return arrays == null ? own : arrays;
    }
}
