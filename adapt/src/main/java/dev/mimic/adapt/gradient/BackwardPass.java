package dev.mimic.adapt.gradient;

import dev.mimic.engine.model.RowScales;
import dev.mimic.engine.model.Step;
import dev.mimic.engine.model.Transformer;
import dev.mimic.engine.model.TransformerWeights;
import dev.mimic.kernels.backend.Backend;
import dev.mimic.kernels.gradient.HeadGradients;
import dev.mimic.loader.model.ModelConfig;
import java.util.Map;

/**
 * Goes back through the whole decoder, from the gradient of what the last layer gave down to the lowest weight that is
 * trained, and adds up the gradients of z. Its arrays are made once for the largest step.
 */
final class BackwardPass {
    private final Transformer transformer;
    private final ModelConfig config;
    private final Backend backend;
    private final KeptActivations kept;
    private final LinearBackward linears;
    private final float[] normed;
    private final float[] more;
    private final float[] wide;
    private final float[] heads;
    private final float[] dq;
    private final float[] dk;
    private final float[] dv;
    private final float[] cos;
    private final float[] sin;

    /**
     * Takes the memory.
     *
     * @param gradients gradients of z by place among the layers in factors; accumulated into
     */
    BackwardPass(Transformer transformer, KeptActivations kept, Map<Integer, double[]> gradients) {
        this.transformer = transformer;
        this.config = transformer.config();
        this.backend = transformer.backend();
        this.kept = kept;
        int rows = transformer.rows();
        linears = new LinearBackward(backend, transformer.weights(), gradients, rows);
        normed = new float[rows * config.hiddenSize()];
        more = new float[rows * config.hiddenSize()];
        wide = new float[rows * config.intermediateSize()];
        heads = new float[rows * config.heads() * config.headSize()];
        dq = new float[rows * config.heads() * config.headSize()];
        dk = new float[rows * config.kvHeads() * config.headSize()];
        dv = new float[rows * config.kvHeads() * config.headSize()];
        cos = new float[rows * (config.headSize() / 2)];
        sin = new float[rows * (config.headSize() / 2)];
    }

    /** Floats that a row takes here, beside the projections. */
    static long rowFloats(ModelConfig config) {
        return 2L * config.hiddenSize()
                + config.intermediateSize()
                + (2L * config.heads() + 2L * config.kvHeads() + 1) * config.headSize();
    }

    /**
     * Goes back.
     *
     * @param step the forward step: whole sequences
     * @param scales what all its rows were scaled with
     * @param dx [rows, hidden]: gradient of the residual stream after the last layer; overwritten
     */
    void run(Step step, RowScales scales, float[] dx) {
        transformer.angles(step, cos, sin);
        for (int layer = config.layers() - 1; layer >= kept.lowest(); layer--) {
            LayerActivations activations = kept.layer(layer, step);
            TransformerWeights.Block block = transformer.weights().blocks().get(layer);
            boolean last = layer == kept.lowest();
            feedForward(block, activations, step.rows(), scales, dx, last && !trainsAttention(activations));
            if (!last || trainsAttention(activations)) {
                attention(block, activations, kept.residual(layer), step, scales, dx, last);
            }
        }
    }

    /** Whether a weight of the layer's attention is trained: one that keeps a projection. */
    private static boolean trainsAttention(LayerActivations activations) {
        for (int place = 0; place < 4; place++) {
            if (activations.projections[place].length > 0) {
                return true;
            }
        }
        return false;
    }

    private void feedForward(
            TransformerWeights.Block block, LayerActivations a, int rows, RowScales scales, float[] dx, boolean end) {
        TransformerWeights.Gated gated = block.feedForward();
        linears.apply(gated.down(), rows, scales, a.projections[6], dx, wide);
        backend.gradient().swiGlu(rows * gated.gate().out(), a.gate, a.up, wide, a.gate, a.up);
        linears.apply(gated.gate(), rows, scales, a.projections[4], a.gate, end ? null : normed);
        linears.apply(gated.up(), rows, scales, a.projections[5], a.up, end ? null : more);
        if (!end) {
            addThroughNorm(block.feedForwardNorm(), rows, a.middle, dx, more);
        }
    }

    private void attention(
            TransformerWeights.Block block,
            LayerActivations a,
            float[] x,
            Step step,
            RowScales scales,
            float[] dx,
            boolean end) {
        TransformerWeights.Attention attention = block.attention();
        int rows = step.rows();
        linears.apply(attention.o(), rows, scales, a.projections[3], dx, heads);
        HeadGradients gradients = new HeadGradients(a.q, a.k, a.v, heads, dq, dk, dv);
        backend.gradient()
                .attention(
                        transformer.attentionShape(),
                        step.window(),
                        step.blocks(),
                        step.begins(),
                        step.ends(),
                        gradients);
        backend.gradient().rotate(rows, config.heads(), config.headSize(), dq, cos, sin);
        backend.gradient().rotate(rows, config.kvHeads(), config.headSize(), dk, cos, sin);
        if (attention.qNorm().length > 0) {
            float epsilon = config.rmsNormEpsilon();
            backend.gradient().rmsNorm(rows * config.heads(), a.rawQ, attention.qNorm(), epsilon, dq, dq);
            backend.gradient().rmsNorm(rows * config.kvHeads(), a.rawK, attention.kNorm(), epsilon, dk, dk);
        }
        linears.apply(attention.q(), rows, scales, a.projections[0], dq, end ? null : normed);
        linears.apply(attention.k(), rows, scales, a.projections[1], dk, end ? null : more);
        if (!end) {
            backend.row().add(rows * config.hiddenSize(), more, normed);
        }
        linears.apply(attention.v(), rows, scales, a.projections[2], dv, end ? null : more);
        if (!end) {
            addThroughNorm(block.inputNorm(), rows, x, dx, more);
        }
    }

    /** {@code dx +=} what goes back through a norm of x from {@code normed + second}. */
    private void addThroughNorm(float[] weight, int rows, float[] x, float[] dx, float[] second) {
        int elements = rows * config.hiddenSize();
        backend.row().add(elements, second, normed);
        backend.gradient().rmsNorm(rows, x, weight, config.rmsNormEpsilon(), normed, normed);
        backend.row().add(elements, normed, dx);
    }
}
