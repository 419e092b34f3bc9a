package dev.mimic.testkit;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;

/** Writes small Hugging Face folders with seeded random F32 weights and no tokenizer, by code of its own. */
public final class RandomFolder {
    private final Map<String, Object> config = new LinkedHashMap<>();
    private final Map<String, Object> header = new LinkedHashMap<>();
    private final ByteArrayOutputStream data = new ByteArrayOutputStream();
    private final RandomGenerator random;

    private RandomFolder(long seed) {
        random = SeededCases.generator(seed);
        header.put("__metadata__", Map.of("format", "pt"));
    }

    /**
     * Writes a folder: three layers, six heads on two, an untied head, unless changed.
     *
     * @param modelType llama, mistral, qwen2 or qwen3
     * @param className its name in {@code architectures}
     * @param changes keys of config.json that differ from a small Llama's
     */
    public static Path write(Path folder, String modelType, String className, long seed, Map<String, Object> changes) {
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
            Files.writeString(folder.resolve("config.json"), json(model.config));
            Files.write(folder.resolve("model.safetensors"), model.safetensors());
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
        put(name, List.of(rows, cols), rows * cols, 0, deviation);
    }

    private void vector(String name, int size, double mean, double deviation) {
        put(name, List.of(size), size, mean, deviation);
    }

    private void put(String name, List<Integer> shape, int size, double mean, double deviation) {
        ByteBuffer values = ByteBuffer.allocate(size * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < size; i++) {
            values.putFloat((float) random.nextGaussian(mean, deviation));
        }
        List<Integer> offsets = List.of(data.size(), data.size() + values.capacity());
        header.put(name, Map.of("dtype", "F32", "shape", shape, "data_offsets", offsets));
        data.writeBytes(values.array());
    }

    private byte[] safetensors() {
        byte[] json = json(header).getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(Long.BYTES + json.length + data.size())
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(json.length)
                .put(json)
                .put(data.toByteArray())
                .array();
    }

    /** JSON of maps, lists, numbers, booleans and texts that need no escapes. */
    private static String json(Object value) {
        return switch (value) {
            case Map<?, ?> map ->
                map.entrySet().stream()
                        .map(entry -> json(entry.getKey()) + ":" + json(entry.getValue()))
                        .collect(Collectors.joining(",", "{", "}"));
            case List<?> list -> list.stream().map(RandomFolder::json).collect(Collectors.joining(",", "[", "]"));
            case String text -> '"' + text + '"';
            default -> value.toString();
        };
    }
}
