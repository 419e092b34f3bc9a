package dev.mimic.adapt.gradient;

import dev.mimic.engine.model.Linear;
import dev.mimic.engine.model.TransformerWeights;
import dev.mimic.engine.trace.LayerArrays;
import dev.mimic.loader.model.ModelConfig;
import java.util.Arrays;
import java.util.List;

/** What the backward pass of one layer needs of its forward pass; made once, for any layer of the same adapted weights. */
final class LayerActivations {
    /** The residual stream between attention and feed-forward part, [rows, hidden]. */
    final float[] middle;

    /** Queries, keys, values, gate and upward projection. */
    final LayerArrays arrays;

    /** Queries before their norm, [rows, heads, headSize]; empty where the model has none. */
    final float[] rawQ;

    /** Keys before their norm, [rows, kvHeads, headSize]; empty where the model has none. */
    final float[] rawK;

    /** What attention gives, [rows, heads, headSize]; empty where nobody needs it. */
    final float[] attended;

    /** {@code Vᵀ x} by the weight's place in {@link #linears}, [rows, rank]; empty for weights that are not trained. */
    final float[][] projections;

    /**
     * Makes the arrays.
     *
     * @param norms whether queries and keys have norms of their own
     * @param withAttended whether what attention gives is kept
     * @param ranks ranks of the trained weights, in the order of {@link #linears}; 0 for the others
     */
    LayerActivations(ModelConfig config, boolean norms, boolean withAttended, int[] ranks, int rows) {
        int queries = config.heads() * config.headSize();
        int keys = config.kvHeads() * config.headSize();
        middle = new float[rows * config.hiddenSize()];
        arrays = new LayerArrays(
                new float[rows * queries],
                new float[rows * keys],
                new float[rows * keys],
                new float[rows * config.intermediateSize()],
                new float[rows * config.intermediateSize()]);
        rawQ = new float[norms ? rows * queries : 0];
        rawK = new float[norms ? rows * keys : 0];
        attended = new float[withAttended ? rows * queries : 0];
        projections = new float[ranks.length][];
        for (int place = 0; place < ranks.length; place++) {
            projections[place] = new float[rows * ranks[place]];
        }
    }

    /** The ranks of a layer's trained weights, in the order of {@link #linears}; 0 for the others. */
    static int[] ranks(TransformerWeights.Block block, Trained trained) {
        return linears(block).stream().mapToInt(trained::projection).toArray();
    }

    /** Whether what attention gives is needed. */
    static boolean needsAttended(TransformerWeights.Block block, Trained trained) {
        return trained.needsInput(block.attention().o());
    }

    static boolean norms(TransformerWeights.Block block) {
        return block.attention().qNorm().length > 0;
    }

    /** The linear layers of a layer. */
    static List<Linear> linears(TransformerWeights.Block block) {
        TransformerWeights.Attention attention = block.attention();
        TransformerWeights.Gated gated = block.feedForward();
        return List.of(
                attention.q(), attention.k(), attention.v(), attention.o(), gated.gate(), gated.up(), gated.down());
    }

    /** Floats that a row takes. */
    static long rowFloats(ModelConfig config, TransformerWeights.Block block, Trained trained) {
        long heads = (long) (config.heads() + 2 * config.kvHeads()) * config.headSize();
        long floats = config.hiddenSize() + heads + 2L * config.intermediateSize();
        if (norms(block)) {
            floats += heads - (long) config.kvHeads() * config.headSize();
        }
        if (needsAttended(block, trained)) {
            floats += (long) config.heads() * config.headSize();
        }
        return floats + Arrays.stream(ranks(block, trained)).sum();
    }
}
