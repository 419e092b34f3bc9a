package dev.mimic.bench;

import dev.mimic.loader.json.Json;
import dev.mimic.loader.safetensors.DType;
import dev.mimic.loader.safetensors.PendingTensor;
import dev.mimic.loader.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes a Hugging Face folder of a real model's shape with random BF16 weights: what speed and memory are measured on
 * where no weights can be had.
 */
public final class RandomModel {
    /** The shape of a Llama model. */
    private record Shape(
            int hidden,
            int intermediate,
            int layers,
            int heads,
            int kvHeads,
            int vocabulary,
            int positions,
            int theta) {}

    /** Llama-3.2-1B. */
    private static final Shape LARGE = new Shape(2048, 8192, 16, 32, 8, 128256, 131072, 500_000);

    /** SmolLM2-135M. */
    private static final Shape SMALL = new Shape(576, 1536, 30, 9, 3, 49152, 8192, 100_000);

    private final Shape shape;
    private long state = 0x9E3779B97F4A7C15L;

    private RandomModel(Shape shape) {
        this.shape = shape;
    }

    /**
     * Writes the folder.
     *
     * @param args OUT, {@code 135m} or {@code 1.2b}, and a folder with tokenizer.json and tokenizer_config.json
     */
    public static void main(String[] args) throws IOException {
        if (args.length != 3 || !(args[1].equals("135m") || args[1].equals("1.2b"))) {
            System.err.println("usage: random-model OUT 135m|1.2b TOKENIZER_FOLDER");
            System.exit(2);
        }
        Path out = Files.createDirectories(Path.of(args[0]));
        for (String file : List.of("tokenizer.json", "tokenizer_config.json")) {
            Files.write(out.resolve(file), Files.readAllBytes(Path.of(args[2]).resolve(file)));
        }
        RandomModel model = new RandomModel(args[1].equals("1.2b") ? LARGE : SMALL);
        Files.writeString(out.resolve("config.json"), Json.writeIndented(model.config()));
        SafetensorsWriter.writePending(out.resolve("model.safetensors"), model.tensors(), Map.of("format", "pt"));
    }

    private Map<String, Object> config() {
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("architectures", List.of("LlamaForCausalLM"));
        config.put("model_type", "llama");
        config.put("hidden_act", "silu");
        config.put("hidden_size", shape.hidden);
        config.put("intermediate_size", shape.intermediate);
        config.put("num_hidden_layers", shape.layers);
        config.put("num_attention_heads", shape.heads);
        config.put("num_key_value_heads", shape.kvHeads);
        config.put("head_dim", shape.hidden / shape.heads);
        config.put("vocab_size", shape.vocabulary);
        config.put("max_position_embeddings", shape.positions);
        config.put("rms_norm_eps", 1e-5);
        config.put("rope_theta", shape.theta);
        if (shape == LARGE) {
            config.put(
                    "rope_scaling",
                    Map.of(
                            "rope_type", "llama3",
                            "factor", 32.0,
                            "low_freq_factor", 1.0,
                            "high_freq_factor", 4.0,
                            "original_max_position_embeddings", 8192));
        }
        config.put("tie_word_embeddings", true);
        config.put("bos_token_id", 0);
        config.put("eos_token_id", 1);
        config.put("torch_dtype", "bfloat16");
        return config;
    }

    private List<PendingTensor> tensors() {
        int head = shape.hidden / shape.heads;
        List<PendingTensor> tensors = new ArrayList<>();
        tensors.add(random("model.embed_tokens.weight", shape.vocabulary, shape.hidden));
        for (int layer = 0; layer < shape.layers; layer++) {
            String prefix = "model.layers." + layer + ".";
            tensors.add(ones(prefix + "input_layernorm.weight"));
            tensors.add(random(prefix + "self_attn.q_proj.weight", shape.heads * head, shape.hidden));
            tensors.add(random(prefix + "self_attn.k_proj.weight", shape.kvHeads * head, shape.hidden));
            tensors.add(random(prefix + "self_attn.v_proj.weight", shape.kvHeads * head, shape.hidden));
            tensors.add(random(prefix + "self_attn.o_proj.weight", shape.hidden, shape.heads * head));
            tensors.add(ones(prefix + "post_attention_layernorm.weight"));
            tensors.add(random(prefix + "mlp.gate_proj.weight", shape.intermediate, shape.hidden));
            tensors.add(random(prefix + "mlp.up_proj.weight", shape.intermediate, shape.hidden));
            tensors.add(random(prefix + "mlp.down_proj.weight", shape.hidden, shape.intermediate));
        }
        tensors.add(ones("model.norm.weight"));
        return tensors;
    }

    private PendingTensor random(String name, int rows, int cols) {
        return new PendingTensor(name, DType.BF16, List.of((long) rows, (long) cols), () -> fill((long) rows * cols));
    }

    private PendingTensor ones(String name) {
        return new PendingTensor(name, DType.BF16, List.of((long) shape.hidden), () -> {
            MemorySegment data = Arena.ofAuto().allocate(2L * shape.hidden);
            for (int i = 0; i < shape.hidden; i++) {
                data.set(LAYOUT, 2L * i, (short) 0x3F80);
            }
            return data;
        });
    }

    private static final ValueLayout.OfShort LAYOUT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Uniform numbers with the standard deviation 0.02 of a fresh model (xorshift, Marsaglia 2003). */
    private MemorySegment fill(long elements) {
        MemorySegment data = Arena.ofAuto().allocate(2 * elements);
        float width = (float) (0.02 * Math.sqrt(12));
        for (long i = 0; i < elements; i++) {
            state ^= state << 13;
            state ^= state >>> 7;
            state ^= state << 17;
            float value = ((state >>> 40) * 0x1p-24f - 0.5f) * width;
            data.set(LAYOUT, 2 * i, (short) (Float.floatToRawIntBits(value) >>> 16));
        }
        return data;
    }
}
