package dev.mimic.adapt.gradient;

import dev.mimic.engine.model.Factor;
import dev.mimic.engine.model.Factors;
import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.kernels.svf.SvfFactors;
import dev.mimic.loader.json.Json;
import dev.mimic.loader.json.JsonObject;
import dev.mimic.loader.safetensors.SafetensorsFile;
import dev.mimic.loader.safetensors.TensorView;
import dev.mimic.testkit.DoubleLayers;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The decoder and its losses in double, by plain loops and with W' written out: the oracle of gradients by differences. */
final class DoubleDecoder {
    private final JsonObject config;
    private final Map<String, double[]> weights = new HashMap<>();
    private final Map<String, double[]> base;
    private final Factors factors;
    private final boolean residual;
    private final int hidden;
    private final int layers;
    private final int heads;
    private final int kvHeads;
    private final int headSize;
    private final int window;

    /** A [rank, in] and B [out, rank] by weight name. */
    private final Map<String, double[][]> changes = new HashMap<>();

    private double changeScale;
    private Mask mask = (name, sequence, position, size) -> null;
    private int sequence;

    /** What a low-rank change sees of its input. */
    interface Mask {
        /** What multiplies the elements; null for all as they are. */
        double[] of(String weight, int sequence, int position, int size);
    }

    /**
     * Reads a folder of F32 weights.
     *
     * @param residual whether W' is W and a correction, rather than the factors alone
     */
    DoubleDecoder(Path folder, Factors factors, boolean residual) {
        this.factors = factors;
        this.residual = residual;
        config = Json.readObject(folder.resolve("config.json"));
        try (SafetensorsFile file = SafetensorsFile.open(folder.resolve("model.safetensors"))) {
            for (TensorView view : file.tensors().values()) {
                double[] wide = new double[(int) view.elements()];
                for (int i = 0; i < wide.length; i++) {
                    wide[i] = view.data().get(Matrix.FLOAT, 4L * i);
                }
                weights.put(view.name(), wide);
            }
        }
        base = Map.copyOf(weights);
        hidden = config.integer("hidden_size").orElseThrow();
        layers = config.integer("num_hidden_layers").orElseThrow();
        heads = config.integer("num_attention_heads").orElseThrow();
        kvHeads = config.integer("num_key_value_heads").orElseThrow();
        headSize = config.integer("head_dim").orElse(hidden / heads);
        window = config.integer("sliding_window").orElse(Integer.MAX_VALUE);
    }

    /** Writes out a weight with another z. */
    void scale(String name, double[] z) {
        Factor factor = factors.factor(name).orElseThrow();
        SvfFactors held = factor.factors();
        int in = held.in();
        double[] w = residual ? base.get(name).clone() : new double[held.out() * in];
        for (int k = 0; k < z.length; k++) {
            double scale = factor.scale()[k] * (residual ? z[k] - 1 : z[k]);
            for (int r = 0; r < held.out(); r++) {
                double left = scale * held.u().get((long) r * held.rank() + k);
                for (int c = 0; c < in; c++) {
                    long at = held.transposed() ? (long) k * in + c : (long) c * held.rank() + k;
                    w[r * in + c] += left * held.v().get(at);
                }
            }
        }
        weights.put(name, w);
    }

    /** Adds {@code scale · B (A x)} to a weight's product. */
    void change(String name, double[] a, double[] b, double scale) {
        changes.put(name, new double[][] {a, b});
        changeScale = scale;
    }

    void mask(Mask what) {
        mask = what;
    }

    /** The objective, a mean over the sequences; the base model is the factors with z = 1, or W in residual form. */
    double loss(List<TrainingSequence> sequences, Objective objective, DoubleDecoder reference) {
        double loss = 0;
        this.sequence = 0;
        for (TrainingSequence sequence : sequences) {
            double[][] logs = logProbabilities(sequence.ids());
            this.sequence++;
            double[][] others = reference.logProbabilities(sequence.ids());
            for (int i = sequence.promptLength(); i < sequence.ids().length; i++) {
                double[] log = logs[i - 1];
                double[] other = others[i - 1];
                int token = sequence.ids()[i];
                loss -= sequence.advantage() * log[token];
                double r = other[token] - log[token];
                double kl = objective.klForm() == KlForm.K3 ? Math.exp(r) - r - 1 : 0;
                for (int c = 0; c < log.length; c++) {
                    kl += switch (objective.klForm()) {
                        case CODE -> Math.exp(other[c]) * (other[c] - log[c]);
                        case PAPER -> Math.exp(log[c]) * (log[c] - other[c]);
                        case K3 -> 0;
                    };
                }
                loss += objective.klWeight() * kl;
            }
        }
        return loss / sequences.size();
    }

    /** Natural log-probabilities after every token. */
    double[][] logProbabilities(int[] ids) {
        double[][] x = new double[ids.length][];
        for (int i = 0; i < ids.length; i++) {
            x[i] = Arrays.copyOfRange(weights.get("model.embed_tokens.weight"), ids[i] * hidden, (ids[i] + 1) * hidden);
        }
        for (int layer = 0; layer < layers; layer++) {
            String name = "model.layers." + layer + ".";
            attention(name + "self_attn.", x, name + "input_layernorm.weight");
            for (int p = 0; p < x.length; p++) {
                double[] normed = norm(x[p], name + "post_attention_layernorm.weight");
                double[] gate = linear(name + "mlp.gate_proj", normed, p);
                double[] up = linear(name + "mlp.up_proj", normed, p);
                for (int i = 0; i < gate.length; i++) {
                    gate[i] = gate[i] / (1 + Math.exp(-gate[i])) * up[i];
                }
                DoubleLayers.add(x[p], linear(name + "mlp.down_proj", gate, p));
            }
        }
        double[][] logs = new double[ids.length][];
        for (int i = 0; i < ids.length; i++) {
            logs[i] = DoubleLayers.multiply(weights.get("lm_head.weight"), norm(x[i], "model.norm.weight"));
            double sum = 0;
            for (double logit : logs[i]) {
                sum += Math.exp(logit);
            }
            for (int c = 0; c < logs[i].length; c++) {
                logs[i][c] -= Math.log(sum);
            }
        }
        return logs;
    }

    private void attention(String name, double[][] x, String norm) {
        double[][] q = new double[x.length][];
        double[][] k = new double[x.length][];
        double[][] v = new double[x.length][];
        for (int i = 0; i < x.length; i++) {
            double[] normed = norm(x[i], norm);
            q[i] = rotated(headNorms(linear(name + "q_proj", normed, i), name + "q_norm.weight"), i);
            k[i] = rotated(headNorms(linear(name + "k_proj", normed, i), name + "k_norm.weight"), i);
            v[i] = linear(name + "v_proj", normed, i);
        }
        for (int i = 0; i < x.length; i++) {
            double[] out = new double[heads * headSize];
            for (int head = 0; head < heads; head++) {
                int kv = head / (heads / kvHeads) * headSize;
                int first = (int) Math.max(0, i + 1L - window);
                double[] share = new double[i + 1];
                double total = 0;
                for (int p = first; p <= i; p++) {
                    double score = 0;
                    for (int j = 0; j < headSize; j++) {
                        score += q[i][head * headSize + j] * k[p][kv + j];
                    }
                    share[p] = Math.exp(score / Math.sqrt(headSize));
                    total += share[p];
                }
                for (int p = first; p <= i; p++) {
                    for (int j = 0; j < headSize; j++) {
                        out[head * headSize + j] += share[p] / total * v[p][kv + j];
                    }
                }
            }
            DoubleLayers.add(x[i], linear(name + "o_proj", out, i));
        }
    }

    private double[] headNorms(double[] x, String name) {
        return weights.containsKey(name) ? norm(x, name) : x;
    }

    private double[] rotated(double[] x, int position) {
        return DoubleLayers.rotate(x, headSize, position, 10000);
    }

    private double[] norm(double[] x, String name) {
        return DoubleLayers.rmsNorm(x, weights.get(name), 1e-5);
    }

    private double[] linear(String name, double[] x, int position) {
        double[] y = DoubleLayers.multiply(weights.get(name + ".weight"), x);
        double[][] change = changes.get(name + ".weight");
        if (change != null) {
            double[] share = mask.of(name + ".weight", sequence, position, x.length);
            double[] seen = x.clone();
            for (int c = 0; share != null && c < x.length; c++) {
                seen[c] *= share[c];
            }
            double[] added = DoubleLayers.multiply(change[1], DoubleLayers.multiply(change[0], seen));
            for (int r = 0; r < y.length; r++) {
                y[r] += changeScale * added[r];
            }
        }
        if (weights.containsKey(name + ".bias")) {
            DoubleLayers.add(y, weights.get(name + ".bias"));
        }
        return y;
    }
}
