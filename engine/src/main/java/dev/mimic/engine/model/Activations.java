package dev.mimic.engine.model;

import dev.mimic.loader.model.ModelConfig;

/** The arrays that a forward step works in, made once for the largest step. */
final class Activations {
    /** The residual stream, [rows, hidden]. */
    final float[] x;

    /** A norm of it, [rows, hidden]. */
    final float[] normed;

    /** What a sub-layer adds to it, [rows, hidden]. */
    final float[] projected;

    /** Queries, [rows, heads, headSize]. */
    final float[] q;

    /** Keys, [rows, kvHeads, headSize]. */
    final float[] k;

    /** Values, [rows, kvHeads, headSize]. */
    final float[] v;

    /** What attention gives, [rows, heads, headSize]. */
    final float[] attended;

    /** Gate of the feed-forward layer and the gated product, [rows, intermediate]. */
    final float[] gate;

    /** Upward projection of the feed-forward layer, [rows, intermediate]. */
    final float[] up;

    /** Angles, [rows, headSize / 2]. */
    final float[] cos;

    /** Angles, [rows, headSize / 2]. */
    final float[] sin;

    /** {@code Vᵀ x}, [rows, largest rank]. */
    final float[] rank;

    Activations(ModelConfig config, int rows, int largestRank) {
        x = new float[rows * config.hiddenSize()];
        normed = new float[rows * config.hiddenSize()];
        projected = new float[rows * config.hiddenSize()];
        q = new float[rows * config.heads() * config.headSize()];
        k = new float[rows * config.kvHeads() * config.headSize()];
        v = new float[rows * config.kvHeads() * config.headSize()];
        attended = new float[rows * config.heads() * config.headSize()];
        gate = new float[rows * config.intermediateSize()];
        up = new float[rows * config.intermediateSize()];
        cos = new float[rows * (config.headSize() / 2)];
        sin = new float[rows * (config.headSize() / 2)];
        rank = new float[rows * largestRank];
    }
}
