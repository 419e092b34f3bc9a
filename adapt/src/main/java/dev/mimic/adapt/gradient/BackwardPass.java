package dev.mimic.adapt.gradient;

import dev.mimic.engine.model.Linear;
import dev.mimic.engine.model.RowScales;
import dev.mimic.engine.model.Step;
import dev.mimic.engine.model.Transformer;
import dev.mimic.engine.model.TransformerWeights;
import dev.mimic.kernels.backend.Backend;
import dev.mimic.kernels.gradient.HeadGradients;
import dev.mimic.kernels.gradient.SequenceRows;
import dev.mimic.loader.model.ModelConfig;
import java.util.Map;

/**
 * Goes back through the whole decoder, from the gradient of what the last layer gave down to the lowest weight that is
 * trained, and adds up the gradients of z or of low-rank changes. Its arrays are made once for the largest step.
 */
final class BackwardPass {
    private final Transformer transformer;
    private final ModelConfig config;
    private final Backend backend;
    private final KeptActivations kept;
    private final Trained trained;
    private final LinearBackward linears;
    private final LowRankBackward lowRank;

    /** Inputs of low-rank layers, computed again: a norm's [rows, hidden], the gated product [rows, intermediate]. */
    private final float[] normedInput;

    private final float[] gatedInput;
    private final float[] normed;
    private final float[] more;
    private final float[] wide;
    private final float[] heads;
    private final float[] dq;
    private final float[] dk;
    private final float[] dv;
    private final float[] cos;
    private final float[] sin;

    /** Of the step that is gone through. */
    private SequenceRows sequences;

    /**
     * Takes the memory.
     *
     * @param gradients by weight name, of z or of a low-rank change; accumulated into
     */
    BackwardPass(Transformer transformer, KeptActivations kept, Trained trained, Map<String, double[]> gradients) {
        this.transformer = transformer;
        this.config = transformer.config();
        this.backend = transformer.backend();
        this.kept = kept;
        this.trained = trained;
        int rows = transformer.rows();
        boolean inputs = trained instanceof Trained.LowRank;
        linears = new LinearBackward(backend, transformer.weights(), inputs ? Map.of() : gradients, rows);
        lowRank = new LowRankBackward(backend, inputs ? gradients : Map.of());
        normedInput = new float[inputs ? rows * config.hiddenSize() : 0];
        gatedInput = new float[inputs ? rows * config.intermediateSize() : 0];
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
     * @param dx [rows, hidden]: in front the gradient of the residual stream after the last layer, of the wanted rows;
     *     overwritten
     */
    void run(Step step, RowScales scales, float[] dx) {
        transformer.angles(step, cos, sin);
        sequences = step.sequences();
        for (int layer = config.layers() - 1; layer >= kept.lowest(); layer--) {
            LayerActivations activations = kept.layer(layer, step);
            TransformerWeights.Block block = transformer.weights().blocks().get(layer);
            boolean end = layer == kept.lowest();
            boolean attends = !end || trained.attention(block);
            Step wanted = layer == config.layers() - 1 ? step.tail() : step;
            feedForward(block, activations, wanted, scales, dx, !attends);
            if (attends) {
                attention(block, activations, kept.residual(layer), step, wanted, scales, dx, end);
            }
        }
    }

    /** Through a layer and its low-rank change; {@code x} is read where there is such a change. */
    private void linear(
            Linear linear, Step step, RowScales scales, float[] projection, float[] x, float[] g, float[] dx) {
        linears.apply(linear, step.rows(), scales, projection, g, dx);
        lowRank.apply(linear, step, scales.lowRank(linear.place()), x, g, dx);
    }

    /** The input that a norm gave its layers, where one of them needs it. */
    private float[] input(Step step, float[] x, float[] weight, Linear... layers) {
        for (Linear layer : layers) {
            if (trained.needsInput(layer)) {
                backend.row().rmsNorm(step.rows(), x, weight, config.rmsNormEpsilon(), normedInput);
                return normedInput;
            }
        }
        return normedInput;
    }

    private void feedForward(
            TransformerWeights.Block block, LayerActivations a, Step step, RowScales scales, float[] dx, boolean end) {
        TransformerWeights.Gated gated = block.feedForward();
        int rows = step.rows();
        if (trained.needsInput(gated.down())) {
            backend.row().swiGlu(rows * gated.gate().out(), a.arrays.gate(), a.arrays.up(), gatedInput);
        }
        linear(gated.down(), step, scales, a.projections[6], gatedInput, dx, wide);
        backend.gradient()
                .swiGlu(
                        rows * gated.gate().out(),
                        a.arrays.gate(),
                        a.arrays.up(),
                        wide,
                        a.arrays.gate(),
                        a.arrays.up());
        float[] input = input(step, a.middle, block.feedForwardNorm(), gated.gate(), gated.up());
        linear(gated.gate(), step, scales, a.projections[4], input, a.arrays.gate(), end ? null : normed);
        linear(gated.up(), step, scales, a.projections[5], input, a.arrays.up(), end ? null : more);
        if (!end) {
            addThroughNorm(block.feedForwardNorm(), rows, a.middle, dx, more);
        }
    }

    private void attention(
            TransformerWeights.Block block,
            LayerActivations a,
            float[] x,
            Step step,
            Step wanted,
            RowScales scales,
            float[] dx,
            boolean end) {
        TransformerWeights.Attention attention = block.attention();
        int rows = step.rows();
        int querySize = transformer.attentionShape().querySize();
        linear(attention.o(), wanted, scales, a.projections[3], a.attended, dx, heads);
        if (wanted != step) {
            step.scatter(heads, querySize);
            step.scatter(a.arrays.q(), querySize);
        }
        HeadGradients gradients = new HeadGradients(a.arrays.q(), a.arrays.k(), a.arrays.v(), heads, dq, dk, dv);
        backend.gradient().attention(transformer.attentionShape(), step.window(), sequences, gradients);
        backend.gradient().rotate(rows, config.heads(), config.headSize(), dq, cos, sin);
        backend.gradient().rotate(rows, config.kvHeads(), config.headSize(), dk, cos, sin);
        float[] input = input(step, x, block.inputNorm(), attention.q());
        if (wanted != step) {
            step.gather(dq, querySize);
            if (trained.needsInput(attention.q())) {
                step.gather(input, config.hiddenSize());
            }
        }
        if (attention.qNorm().length > 0) {
            float epsilon = config.rmsNormEpsilon();
            backend.gradient().rmsNorm(wanted.rows() * config.heads(), a.rawQ, attention.qNorm(), epsilon, dq, dq);
            backend.gradient().rmsNorm(rows * config.kvHeads(), a.rawK, attention.kNorm(), epsilon, dk, dk);
        }
        linear(attention.q(), wanted, scales, a.projections[0], input, dq, end ? null : normed);
        if (wanted != step && !end) {
            step.scatter(normed, config.hiddenSize());
            step.scatter(dx, config.hiddenSize());
        }
        input = input(step, x, block.inputNorm(), attention.k(), attention.v());
        linear(attention.k(), step, scales, a.projections[1], input, dk, end ? null : more);
        if (!end) {
            backend.row().add(rows * config.hiddenSize(), more, normed);
        }
        linear(attention.v(), step, scales, a.projections[2], input, dv, end ? null : more);
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
