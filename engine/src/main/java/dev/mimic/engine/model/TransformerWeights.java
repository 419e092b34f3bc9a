package dev.mimic.engine.model;

import dev.mimic.kernels.lowrank.LowRankPair;
import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.kernels.svf.SvfFactors;
import dev.mimic.loader.model.Architecture;
import dev.mimic.loader.model.ModelConfig;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * The weights of a model: matrices as views of the map, norms and biases widened, and the layers that are held in
 * factors. Nothing big is read when it is made.
 */
public final class TransformerWeights {
    private static final float[] NONE = {};

    /** How layers in factors are applied. */
    public enum SvfForm {
        /** U and V replace W. */
        FACTORED,
        /** U and V correct W where z is not 1. */
        RESIDUAL
    }

    /** Attention of a layer; norms of a head's query and key are empty where the model has none. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    public record Attention(Linear q, Linear k, Linear v, Linear o, float[] qNorm, float[] kNorm) {}

    /** The feed-forward part of a layer. */
    public record Gated(Linear gate, Linear up, Linear down) {}

    /** A layer. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    public record Block(float[] inputNorm, Attention attention, float[] feedForwardNorm, Gated feedForward) {}

    private final Matrix embedding;
    private final Matrix head;
    private final float[] finalNorm;
    private final List<Block> blocks = new ArrayList<>();
    private final Map<String, Linear> linearOf = new LinkedHashMap<>();
    private final List<Factor> slots = new ArrayList<>();
    private final Map<String, Integer> slotOf = new LinkedHashMap<>();
    private final SvfForm form;
    private final Map<String, Factor> factors;
    private final RowScales base;

    /**
     * Finds all weights and checks their shapes.
     *
     * @param factors by weight name; empty for none. They must outlive the weights
     * @throws dev.mimic.loader.InvalidModelException naming the first tensor that is missing or of the wrong shape
     * @throws IllegalArgumentException if a factor fits no linear layer of the model
     */
    public TransformerWeights(ModelConfig config, WeightReader reader, Map<String, Factor> factors, SvfForm form) {
        this.form = form;
        this.factors = factors;
        int hidden = config.hiddenSize();
        embedding = reader.table("model.embed_tokens.weight", config.vocabularySize(), hidden);
        head = config.tiedHead() ? embedding : reader.table("lm_head.weight", config.vocabularySize(), hidden);
        finalNorm = reader.vector("model.norm.weight", hidden);
        for (int layer = 0; layer < config.layers(); layer++) {
            blocks.add(block(config, reader, "model.layers." + layer + "."));
        }
        for (String name : factors.keySet()) {
            if (!slotOf.containsKey(name)) {
                throw new IllegalArgumentException("factors: '" + name + "' is no linear layer of this model");
            }
        }
        base = scales(Map.of());
    }

    private Block block(ModelConfig config, WeightReader reader, String prefix) {
        int hidden = config.hiddenSize();
        int queries = config.heads() * config.headSize();
        int keys = config.kvHeads() * config.headSize();
        int intermediate = config.intermediateSize();
        boolean headNorms = config.architecture() == Architecture.QWEN3;
        String attention = prefix + "self_attn.";
        String mlp = prefix + "mlp.";
        return new Block(
                reader.vector(prefix + "input_layernorm.weight", hidden),
                new Attention(
                        linear(reader, attention + "q_proj", queries, hidden, config.attentionBias()),
                        linear(reader, attention + "k_proj", keys, hidden, config.attentionBias()),
                        linear(reader, attention + "v_proj", keys, hidden, config.attentionBias()),
                        linear(reader, attention + "o_proj", hidden, queries, config.outputBias()),
                        headNorms ? reader.vector(attention + "q_norm.weight", config.headSize()) : NONE,
                        headNorms ? reader.vector(attention + "k_norm.weight", config.headSize()) : NONE),
                reader.vector(prefix + "post_attention_layernorm.weight", hidden),
                new Gated(
                        linear(reader, mlp + "gate_proj", intermediate, hidden, config.mlpBias()),
                        linear(reader, mlp + "up_proj", intermediate, hidden, config.mlpBias()),
                        linear(reader, mlp + "down_proj", hidden, intermediate, config.mlpBias())));
    }

    private Linear linear(WeightReader reader, String layer, int out, int in, boolean hasBias) {
        String name = layer + ".weight";
        float[] bias = hasBias ? reader.vector(layer + ".bias", out) : NONE;
        Matrix weight = factors.containsKey(name) ? reader.matrix(name, out, in) : reader.linear(name, out, in);
        Linear linear = linear(name, weight, bias);
        linearOf.put(name, linear);
        return linear;
    }

    private Linear linear(String name, Matrix weight, float[] bias) {
        int place = linearOf.size();
        Factor factor = factors.get(name);
        if (factor == null) {
            return new Linear.Dense(name, place, weight, bias);
        }
        check(factor, weight.rows(), weight.cols());
        int slot = slots.size();
        slots.add(factor);
        slotOf.put(name, slot);
        Optional<Matrix> corrected = form == SvfForm.RESIDUAL ? Optional.of(weight) : Optional.empty();
        return new Linear.Svf(name, place, slot, factor.factors(), corrected, bias);
    }

    private static void check(Factor factor, int out, int in) {
        int rank = factor.factors().rank();
        SvfFactors held = factor.factors();
        if (held.out() != out || held.in() != in || factor.sigma().length != rank) {
            throw new IllegalArgumentException("factors: '" + factor.weight() + "': U [" + held.out() + ", " + rank
                    + "], S [" + factor.sigma().length + "], V [" + held.in() + ", " + rank + "], expected U [" + out
                    + ", r], S [r], V [" + in + ", r]");
        }
    }

    /** The scales of rows without an adapter. */
    public RowScales base() {
        return base;
    }

    /**
     * Turns the multipliers of an adapter into the scales of its rows.
     *
     * @param z by weight name, each [rank held]; a weight that is not named keeps its singular values
     * @throws IllegalArgumentException naming the first weight that is not in factors, or whose z is of another length
     *     or not finite
     */
    public RowScales scales(Map<String, float[]> z) {
        return scales(z, false);
    }

    /**
     * The same for rows of a backward pass: a weight that is named goes through its factors even where z is 1 throughout.
     */
    public RowScales trainingScales(Map<String, float[]> z) {
        return scales(z, true);
    }

    private RowScales scales(Map<String, float[]> z, boolean always) {
        for (Map.Entry<String, float[]> entry : new TreeMap<>(z).entrySet()) {
            check(entry.getKey(), entry.getValue());
        }
        float[][] bySlot = new float[slots.size()][];
        for (int slot = 0; slot < bySlot.length; slot++) {
            Factor factor = slots.get(slot);
            float[] multipliers = z.get(factor.weight());
            if (multipliers == null || (!always && allOnes(multipliers))) {
                bySlot[slot] = form == SvfForm.FACTORED ? factor.scale() : null;
            } else {
                bySlot[slot] = scaled(factor.scale(), multipliers);
            }
        }
        return new RowScales(bySlot);
    }

    private static boolean allOnes(float[] z) {
        for (float value : z) {
            if (value != 1) {
                return false;
            }
        }
        return true;
    }

    private void check(String name, float[] z) {
        Integer slot = slotOf.get(name);
        if (slot == null) {
            String held = slots.isEmpty() ? "no factors are loaded" : "the factors hold " + slots.size() + " others";
            throw new IllegalArgumentException("adapter: '" + name + "' is not among the factors (" + held + ")");
        }
        int rank = slots.get(slot).sigma().length;
        if (z.length != rank) {
            throw new IllegalArgumentException(
                    "adapter: z of '" + name + "' has length " + z.length + ", expected " + rank);
        }
        for (int i = 0; i < rank; i++) {
            if (!Float.isFinite(z[i])) {
                throw new IllegalArgumentException(
                        "adapter: z of '" + name + "' is " + z[i] + " at " + i + ", expected finite numbers");
            }
        }
    }

    private float[] scaled(float[] scale, float[] z) {
        float[] scales = new float[scale.length];
        for (int i = 0; i < scales.length; i++) {
            scales[i] = form == SvfForm.FACTORED ? scale[i] * z[i] : scale[i] * (z[i] - 1);
        }
        return scales;
    }

    /**
     * Makes a low-rank adapter ready for its rows, which keep the base model's scales.
     *
     * @param weights by weight name; a weight that is not named stays as it is
     * @throws IllegalArgumentException naming the first weight that is no linear layer of the model, or whose A or B is of
     *     another shape or not finite
     */
    public RowScales lowRank(Map<String, LowRankFactors> weights) {
        LowRankPair[] byPlace = new LowRankPair[linearOf.size()];
        new TreeMap<>(weights).forEach((name, factors) -> {
            Linear linear = linearOf.get(name);
            if (linear == null) {
                throw new IllegalArgumentException("adapter: '" + name
                        + "' is no linear layer of this model, expected one" + " of its " + linearOf.size());
            }
            byPlace[linear.place()] = LowRankReader.pair(linear, factors);
        });
        return base.withLowRank(byPlace);
    }

    /** The linear layers by whole weight name, layer by layer. */
    public Map<String, Linear> linears() {
        return Collections.unmodifiableMap(linearOf);
    }

    /** What linear layers and head are multiplied with as it is, layer by layer; the head is the last. */
    public List<Matrix> matrices() {
        List<Matrix> all = new ArrayList<>();
        for (Linear linear : linearOf.values()) {
            switch (linear) {
                case Linear.Dense dense -> all.add(dense.weight());
                case Linear.Svf svf -> svf.weight().ifPresent(all::add);
            }
        }
        all.add(head);
        return all;
    }

    /** The factors that layers are multiplied with: U and V of each. */
    public List<Matrix> factorMatrices() {
        return slots.stream()
                .flatMap(factor ->
                        Stream.of(factor.factors().u(), factor.factors().v()))
                .toList();
    }

    /** How layers in factors are applied. */
    public SvfForm form() {
        return form;
    }

    /** The factors of a layer, by its place among those in factors. */
    public Factor factor(int slot) {
        return slots.get(slot);
    }

    /** Layers in factors. */
    public int slots() {
        return slots.size();
    }

    /** The most singular values that a layer holds. */
    public int largestRank() {
        return slots.stream().mapToInt(f -> f.sigma().length).max().orElse(0);
    }

    /** Token embeddings, [vocabulary, hidden]. */
    public Matrix embedding() {
        return embedding;
    }

    /** The head, [vocabulary, hidden]; the embeddings where they are tied. */
    public Matrix head() {
        return head;
    }

    /** The final norm, [hidden]; read only. */
    public float[] finalNorm() {
        return finalNorm;
    }

    /** The layers; their arrays are read only. */
    public List<Block> blocks() {
        return Collections.unmodifiableList(blocks);
    }
}
