package dev.mimic.engine;

import dev.mimic.loader.json.Json;
import dev.mimic.loader.safetensors.DType;
import dev.mimic.loader.safetensors.SafetensorsWriter;
import dev.mimic.loader.safetensors.TensorView;
import dev.mimic.testkit.SeededCases;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/** Writes small Hugging Face folders with seeded random F32 weights and no tokenizer. */
final class RandomFolder {
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Map<String, Object> config = new LinkedHashMap<>();
    private final List<TensorView> tensors = new ArrayList<>();
    private final RandomGenerator random;

    private RandomFolder(long seed) {
        random = SeededCases.generator(seed);
    }

    /**
     * Writes a folder.
     *
     * @param modelType llama, mistral, qwen2 or qwen3
     * @param className its name in {@code architectures}
     * @param changes keys of config.json that differ from a small Llama's
     */
    static Path write(Path folder, String modelType, String className, long seed, Map<String, Object> changes) {
        RandomFolder model = new RandomFolder(seed);
        model.config.putAll(Map.of(
                "hidden_act", "silu",
                "hidden_size", 48,
                "intermediate_size", 80,
                "num_hidden_layers", 3,
                "num_attention_heads", 6,
                "num_key_value_heads", 2,
                "vocab_size", 150,
                "max_position_embeddings", 256,
                "rms_norm_eps", 1e-5,
                "rope_theta", 10000.0));
        model.config.put("model_type", modelType);
        model.config.put("architectures", List.of(className));
        model.config.put("bos_token_id", 1);
        model.config.put("eos_token_id", 2);
        model.config.put("tie_word_embeddings", false);
        model.config.putAll(changes);
        model.makeTensors(modelType);
        try {
            Files.createDirectories(folder);
            Files.writeString(folder.resolve("config.json"), Json.writeIndented(model.config));
            SafetensorsWriter.write(folder.resolve("model.safetensors"), model.tensors, Map.of("format", "pt"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return folder;
    }

    private void makeTensors(String modelType) {
        int hidden = number("hidden_size");
        int intermediate = number("intermediate_size");
        int headSize = config.containsKey("head_dim") ? number("head_dim") : hidden / number("num_attention_heads");
        int queries = number("num_attention_heads") * headSize;
        int keys = number("num_key_value_heads") * headSize;
        boolean attentionBias = modelType.equals("qwen2") || Boolean.TRUE.equals(config.get("attention_bias"));
        boolean outputBias = Boolean.TRUE.equals(config.get("attention_bias"));
        boolean mlpBias = Boolean.TRUE.equals(config.get("mlp_bias"));
        matrix("model.embed_tokens.weight", number("vocab_size"), hidden, 1);
        for (int i = 0; i < number("num_hidden_layers"); i++) {
            String layer = "model.layers." + i + ".";
            vector(layer + "input_layernorm.weight", hidden, 1, 0.3);
            linear(layer + "self_attn.q_proj", queries, hidden, attentionBias);
            linear(layer + "self_attn.k_proj", keys, hidden, attentionBias);
            linear(layer + "self_attn.v_proj", keys, hidden, attentionBias);
            linear(layer + "self_attn.o_proj", hidden, queries, outputBias);
            if (modelType.equals("qwen3")) {
                vector(layer + "self_attn.q_norm.weight", headSize, 1.5, 0.3);
                vector(layer + "self_attn.k_norm.weight", headSize, 1.5, 0.3);
            }
            vector(layer + "post_attention_layernorm.weight", hidden, 1, 0.3);
            linear(layer + "mlp.gate_proj", intermediate, hidden, mlpBias);
            linear(layer + "mlp.up_proj", intermediate, hidden, mlpBias);
            linear(layer + "mlp.down_proj", hidden, intermediate, mlpBias);
        }
        vector("model.norm.weight", hidden, 1, 0.3);
        if (!Boolean.TRUE.equals(config.get("tie_word_embeddings"))) {
            matrix("lm_head.weight", number("vocab_size"), hidden, 2 / Math.sqrt(hidden));
        }
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
            data.setAtIndex(FLOAT, i, (float) random.nextGaussian(mean, deviation));
        }
        return data;
    }
}
