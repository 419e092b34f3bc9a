package dev.mimic.engine;

import dev.mimic.loader.json.Json;
import dev.mimic.loader.json.JsonObject;
import dev.mimic.loader.safetensors.SafetensorsFile;
import dev.mimic.loader.safetensors.TensorView;
import dev.mimic.testkit.DoubleLayers;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A decoder in double, written from the published models alone, one token at a time; it shares no code with the engine
 * and reads config.json by itself. F32 folders of one file.
 */
final class ReferenceDecoder {
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final JsonObject config;
    private final Map<String, double[]> weights = new HashMap<>();
    private final int hidden;
    private final int layers;
    private final int heads;
    private final int kvHeads;
    private final int headSize;
    private final List<List<double[]>> keys = new ArrayList<>();
    private final List<List<double[]>> values = new ArrayList<>();

    ReferenceDecoder(Path folder) {
        config = Json.readObject(folder.resolve("config.json"));
        try (SafetensorsFile file = SafetensorsFile.open(folder.resolve("model.safetensors"))) {
            for (TensorView view : file.tensors().values()) {
                float[] data = view.data().toArray(FLOAT);
                double[] wide = new double[data.length];
                for (int i = 0; i < data.length; i++) {
                    wide[i] = data[i];
                }
                weights.put(view.name(), wide);
            }
        }
        hidden = config.integer("hidden_size").orElseThrow();
        layers = config.integer("num_hidden_layers").orElseThrow();
        heads = config.integer("num_attention_heads").orElseThrow();
        kvHeads = config.integer("num_key_value_heads").orElseThrow();
        headSize = config.integer("head_dim").orElse(hidden / heads);
        for (int layer = 0; layer < layers; layer++) {
            keys.add(new ArrayList<>());
            values.add(new ArrayList<>());
        }
    }

    /**
     * Adds {@code scale · B A} to a weight.
     *
     * @param a [rank, in]
     * @param b [out, rank]
     */
    void change(String name, int rank, float[] a, float[] b, double scale) {
        double[] weight = weights.get(name);
        int in = a.length / rank;
        for (int i = 0; i < weight.length; i++) {
            for (int k = 0; k < rank; k++) {
                weight[i] += scale * b[i / in * rank + k] * a[k * in + i % in];
            }
        }
    }

    /** Logits of all positions of a new sequence. */
    double[][] logits(int[] ids) {
        double[][] all = new double[ids.length][];
        for (int i = 0; i < ids.length; i++) {
            all[i] = next(ids[i], i, ids.length);
        }
        return all;
    }

    /** The next tokens by largest logit, each after a step whose length is that of all tokens so far. */
    int[] greedy(int[] prompt, int count) {
        double[][] all = logits(prompt);
        double[] last = all[all.length - 1];
        int[] ids = new int[count];
        for (int i = 0; i < count; i++) {
            for (int id = 1; id < last.length; id++) {
                ids[i] = last[id] > last[ids[i]] ? id : ids[i];
            }
            last = next(ids[i], prompt.length + i, prompt.length + i + 1);
        }
        return ids;
    }

    private double[] next(int id, int position, int length) {
        double[] x = new double[hidden];
        System.arraycopy(weights.get("model.embed_tokens.weight"), id * hidden, x, 0, hidden);
        for (int layer = 0; layer < layers; layer++) {
            String name = "model.layers." + layer + ".";
            DoubleLayers.add(
                    x,
                    attention(name + "self_attn.", norm(x, name + "input_layernorm.weight"), layer, position, length));
            double[] normed = norm(x, name + "post_attention_layernorm.weight");
            double[] gate = linear(name + "mlp.gate_proj", normed);
            double[] up = linear(name + "mlp.up_proj", normed);
            for (int i = 0; i < gate.length; i++) {
                gate[i] = gate[i] / (1 + Math.exp(-gate[i])) * up[i];
            }
            DoubleLayers.add(x, linear(name + "mlp.down_proj", gate));
        }
        double[] normed = norm(x, "model.norm.weight");
        boolean tied = config.bool("tie_word_embeddings").orElse(false);
        return DoubleLayers.multiply(weights.get(tied ? "model.embed_tokens.weight" : "lm_head.weight"), normed);
    }

    private double[] attention(String name, double[] x, int layer, int position, int length) {
        double[] q = rotated(headNorms(linear(name + "q_proj", x), name + "q_norm.weight"), position, length);
        keys.get(layer).add(rotated(headNorms(linear(name + "k_proj", x), name + "k_norm.weight"), position, length));
        values.get(layer).add(linear(name + "v_proj", x));
        int window = config.integer("sliding_window").orElse(Integer.MAX_VALUE);
        double[] out = new double[heads * headSize];
        for (int head = 0; head < heads; head++) {
            int kv = head / (heads / kvHeads);
            int first = (int) Math.max(0, position + 1L - window);
            double[] share = new double[position + 1];
            double total = 0;
            for (int p = first; p <= position; p++) {
                double score = 0;
                for (int j = 0; j < headSize; j++) {
                    score += q[head * headSize + j] * keys.get(layer).get(p)[kv * headSize + j];
                }
                share[p] = Math.exp(score / Math.sqrt(headSize));
                total += share[p];
            }
            for (int p = first; p <= position; p++) {
                for (int j = 0; j < headSize; j++) {
                    out[head * headSize + j] +=
                            share[p] / total * values.get(layer).get(p)[kv * headSize + j];
                }
            }
        }
        return linear(name + "o_proj", out);
    }

    private double[] headNorms(double[] x, String name) {
        return weights.containsKey(name) ? norm(x, name) : x;
    }

    private double[] rotated(double[] x, int position, int length) {
        double theta = config.number("rope_theta").orElseThrow();
        double stretch = 1;
        JsonObject scaling = config.object("rope_scaling").orElse(null);
        if (scaling != null) {
            double factor = scaling.number("factor").orElseThrow();
            if (scaling.text("rope_type").orElseThrow().equals("linear")) {
                stretch = factor;
            } else {
                double most = config.integer("max_position_embeddings").orElseThrow();
                double longest = Math.max(length, most);
                theta *= Math.pow(factor * longest / most - (factor - 1), headSize / (headSize - 2.0));
            }
        }
        return DoubleLayers.rotate(x, headSize, position / stretch, theta);
    }

    private double[] norm(double[] x, String name) {
        return DoubleLayers.rmsNorm(
                x, weights.get(name), config.number("rms_norm_eps").orElseThrow());
    }

    private double[] linear(String name, double[] x) {
        double[] y = DoubleLayers.multiply(weights.get(name + ".weight"), x);
        if (weights.containsKey(name + ".bias")) {
            DoubleLayers.add(y, weights.get(name + ".bias"));
        }
        return y;
    }
}
