package dev.mimic.engine.model;

import dev.mimic.engine.trace.ForwardTrace;
import dev.mimic.kernels.attention.AttentionShape;
import dev.mimic.kernels.backend.Backend;
import dev.mimic.kernels.svf.SvfKernels.Phase;
import dev.mimic.loader.model.ModelConfig;
import java.util.ArrayList;
import java.util.List;

/**
 * The decoder of Llama, Mistral and Qwen models: embeddings, layers, final norm, head. Blocks of prompts go through
 * matrix-matrix products, new tokens of several sequences through matrix-vector products; a row's result depends on its
 * own sequence and on which of the two it went through, never on the rows beside it or on how a prompt was cut.
 *
 * <p>Serves one calling thread at a time: the activations are its own, made by the first step.
 */
public final class Transformer {
    private final ModelConfig config;
    private final TransformerWeights weights;
    private final Backend backend;
    private final int rows;
    private final RotaryTable rotary;
    private final AttentionShape shape;
    private final List<TransformerBlock> blocks = new ArrayList<>();
    private Activations activations;

    /**
     * Assembles the decoder; computes nothing yet.
     *
     * @param weights must outlive the decoder
     * @param backend this decoder's alone; its pool may be shared
     * @param rows rows of the largest step
     */
    public Transformer(ModelConfig config, TransformerWeights weights, Backend backend, int rows) {
        this.config = config;
        this.weights = weights;
        this.backend = backend;
        this.rows = rows;
        this.rotary = new RotaryTable(config.headSize(), config.ropeTheta(), config.ropeScaling());
        float scale = (float) (1 / Math.sqrt(config.headSize()));
        this.shape = new AttentionShape(config.heads(), config.kvHeads(), config.headSize(), scale);
        float epsilon = config.rmsNormEpsilon();
        for (int layer = 0; layer < config.layers(); layer++) {
            TransformerWeights.Block block = weights.blocks().get(layer);
            blocks.add(new TransformerBlock(
                    backend,
                    epsilon,
                    block,
                    new SelfAttention(backend, shape, epsilon, layer, block.attention()),
                    new FeedForward(backend, block.feedForward())));
        }
    }

    /** The model's configuration. */
    public ModelConfig config() {
        return config;
    }

    /** The weights it runs on. */
    public TransformerWeights weights() {
        return weights;
    }

    /** Rows of the largest step. */
    public int rows() {
        return rows;
    }

    /** The kernels it runs on; to be used on the thread that runs the decoder. */
    public Backend backend() {
        return backend;
    }

    /** The shape of its attention. */
    public AttentionShape attentionShape() {
        return shape;
    }

    /** A decoder for other steps over the same weights and kernels. The two share one calling thread. */
    public Transformer withRows(int most) {
        return new Transformer(config, weights, backend, most);
    }

    /**
     * A decoder over the same weights for another thread.
     *
     * @param other that thread's kernels
     */
    public Transformer over(Backend other) {
        return new Transformer(config, weights, other, rows);
    }

    /** A step of at most {@link #rows()} rows, to be filled. */
    public Step newStep() {
        return new Step(rows, config.layers(), weights.slots(), config.slidingWindow());
    }

    /**
     * Runs a step up to the final norm and stores its keys and values. {@link #logits} then gives the logits of the rows
     * that are wanted of it.
     *
     * @param trace sees the hidden states on the way
     */
    @SuppressWarnings("exports") // adapt alone traces
    public void forward(Step step, ForwardTrace trace) {
        Activations a = activations();
        int count = step.rows();
        int hidden = config.hiddenSize();
        for (int i = 0; i < count; i++) {
            WeightReader.widen(weights.embedding(), step.ids()[i], a.x, i * hidden);
        }
        trace.embeddings(count, step.positions(), a.x);
        angles(step, a.cos, a.sin);
        for (int layer = 0; layer < blocks.size(); layer++) {
            Step wanted = wanted(layer, step);
            blocks.get(layer).forward(step, wanted, a, trace);
            trace.layer(layer, wanted.rows(), wanted.positions(), a.x);
        }
        Step tail = step.tail();
        if (tail.rows() > 0) {
            backend.row().rmsNorm(tail.rows(), a.x, weights.finalNorm(), config.rmsNormEpsilon(), a.normed);
        }
        trace.finalNorm(tail.rows(), tail.positions(), a.normed);
    }

    /** The rows that go through the whole of a layer. */
    private Step wanted(int layer, Step step) {
        return layer == blocks.size() - 1 ? step.tail() : step;
    }

    /** Made by the first step. */
    private Activations activations() {
        if (activations == null) {
            activations = new Activations(config, rows, weights.largestRank());
        }
        return activations;
    }

    /**
     * Runs one layer again, for a backward pass that did not keep what the trace shows.
     *
     * @param step as the forward step was, of whole sequences
     * @param x [rows, hidden]: the residual stream before the layer; read only
     */
    public void recompute(int layer, Step step, float[] x, ForwardTrace trace) {
        Activations a = activations();
        System.arraycopy(x, 0, a.x, 0, step.rows() * config.hiddenSize());
        angles(step, a.cos, a.sin);
        blocks.get(layer).forward(step, wanted(layer, step), a, trace);
    }

    /**
     * The angles of a step's rows.
     *
     * @param cos [rows, headSize / 2]; overwritten
     * @param sin [rows, headSize / 2]; overwritten
     */
    public void angles(Step step, float[] cos, float[] sin) {
        rotary.fill(step.rows(), step.positions(), step.lengths(), cos, sin);
    }

    /**
     * The logits of rows of the last step, counted among those that were wanted.
     *
     * @param phase DECODE for rows that a token is drawn from, PREFILL for whole blocks: the order of summation
     * @param first first row
     * @param count rows
     * @param logits [count, vocabulary]; overwritten
     */
    public void logits(Phase phase, int first, int count, float[] logits) {
        int hidden = config.hiddenSize();
        float[] x = activations.normed;
        if (first > 0) {
            x = activations.projected; // free after the last layer
            System.arraycopy(activations.normed, first * hidden, x, 0, count * hidden);
        }
        head(phase, count, x, logits);
    }

    /**
     * What the head sees of the wanted rows of the last step: the residual stream after the final norm.
     *
     * @param count rows wanted
     * @param x [count, hidden]; overwritten
     */
    public void normed(int count, float[] x) {
        System.arraycopy(activations.normed, 0, x, 0, count * config.hiddenSize());
    }

    private void head(Phase phase, int count, float[] x, float[] logits) {
        if (phase == Phase.DECODE) {
            backend.matrix().gemv(weights.head(), count, x, logits);
        } else {
            backend.matrix().gemm(weights.head(), count, x, logits);
        }
    }
}
