package dev.mimic.adapt.gradient;

import dev.mimic.kernels.matrix.Matrix;
import dev.mimic.loader.json.Json;
import dev.mimic.loader.safetensors.DType;
import dev.mimic.loader.safetensors.SafetensorsWriter;
import dev.mimic.loader.safetensors.TensorView;
import dev.mimic.testkit.SeededCases;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/** Writes small folders with random F32 weights: two layers, four heads on two, an untied head. */
final class TinyModel {
    private final Map<String, Object> config = new LinkedHashMap<>();
    private final List<TensorView> tensors = new ArrayList<>();
    private final RandomGenerator random = SeededCases.generator(41);

    private TinyModel() {}

    /**
     * Writes a folder.
     *
     * @param type llama, mistral, qwen2 or qwen3
     * @param changes keys of config.json that differ
     */
    static Path write(Path folder, String type, String className, Map<String, Object> changes) {
        TinyModel model = new TinyModel();
        model.config.putAll(Map.of(
                "hidden_act", "silu",
                "hidden_size", 24,
                "intermediate_size", 40,
                "num_hidden_layers", 2,
                "num_attention_heads", 4,
                "num_key_value_heads", 2,
                "vocab_size", 50,
                "max_position_embeddings", 128,
                "rms_norm_eps", 1e-5,
                "rope_theta", 10000.0));
        model.config.put("model_type", type);
        model.config.put("architectures", List.of(className));
        model.config.put("bos_token_id", 1);
        model.config.put("eos_token_id", 2);
        model.config.put("tie_word_embeddings", false);
        model.config.putAll(changes);
        model.makeTensors(type);
        try {
            Files.createDirectories(folder);
            Files.writeString(folder.resolve("config.json"), Json.writeIndented(model.config));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        SafetensorsWriter.write(folder.resolve("model.safetensors"), model.tensors, Map.of("format", "pt"));
        return folder;
    }

    private void makeTensors(String type) {
        int hidden = number("hidden_size");
        int intermediate = number("intermediate_size");
        int headSize = config.containsKey("head_dim") ? number("head_dim") : hidden / number("num_attention_heads");
        int queries = number("num_attention_heads") * headSize;
        int keys = number("num_key_value_heads") * headSize;
        matrix("model.embed_tokens.weight", number("vocab_size"), hidden, 1);
        for (int i = 0; i < number("num_hidden_layers"); i++) {
            String layer = "model.layers." + i + ".";
            vector(layer + "input_layernorm.weight", hidden, 1, 0.3);
            linear(layer + "self_attn.q_proj", queries, hidden, type.equals("qwen2"));
            linear(layer + "self_attn.k_proj", keys, hidden, type.equals("qwen2"));
            linear(layer + "self_attn.v_proj", keys, hidden, type.equals("qwen2"));
            linear(layer + "self_attn.o_proj", hidden, queries, false);
            if (type.equals("qwen3")) {
                vector(layer + "self_attn.q_norm.weight", headSize, 1.5, 0.3);
                vector(layer + "self_attn.k_norm.weight", headSize, 1.5, 0.3);
            }
            vector(layer + "post_attention_layernorm.weight", hidden, 1, 0.3);
            linear(layer + "mlp.gate_proj", intermediate, hidden, false);
            linear(layer + "mlp.up_proj", intermediate, hidden, false);
            linear(layer + "mlp.down_proj", hidden, intermediate, false);
        }
        vector("model.norm.weight", hidden, 1, 0.3);
        matrix("lm_head.weight", number("vocab_size"), hidden, 2 / Math.sqrt(hidden));
    }

    private int number(String key) {
        return ((Number) config.get(key)).intValue();
    }

    private void linear(String name, int out, int in, boolean bias) {
        matrix(name + ".weight", out, in, 1 / Math.sqrt(in));
        if (bias) {
            vector(name + ".bias", out, 0, 0.5);
        }
    }

    private void matrix(String name, int rows, int cols, double deviation) {
        tensors.add(TensorView.of(name, DType.F32, normal(rows * cols, 0, deviation), rows, cols));
    }

    private void vector(String name, int size, double mean, double deviation) {
        tensors.add(TensorView.of(name, DType.F32, normal(size, mean, deviation), size));
    }

    private MemorySegment normal(int size, double mean, double deviation) {
        MemorySegment data = MemorySegment.ofArray(new byte[size * Float.BYTES]);
        for (int i = 0; i < size; i++) {
            data.set(Matrix.FLOAT, 4L * i, (float) random.nextGaussian(mean, deviation));
        }
        return data;
    }
}
