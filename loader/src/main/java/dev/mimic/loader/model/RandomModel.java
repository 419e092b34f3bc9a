package dev.mimic.loader.model;

import dev.mimic.loader.AtomicFile;
import dev.mimic.loader.json.Json;
import dev.mimic.loader.safetensors.DType;
import dev.mimic.loader.safetensors.PendingTensor;
import dev.mimic.loader.safetensors.SafetensorsWriter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A Hugging Face folder of a real model's shape with random weights: what speed and memory are measured on where no
 * weights can be had. It has no tokenizer.
 */
public final class RandomModel {
    /**
     * The shape of a Llama model whose head is its embedding.
     *
     * @param name as in tables
     * @param headSize elements of a head
     * @param theta base of the rotary embedding
     * @param scaled whether positions are scaled as in Llama 3.2
     */
    public record Shape(
            String name,
            int hidden,
            int intermediate,
            int layers,
            int heads,
            int kvHeads,
            int headSize,
            int vocabulary,
            int positions,
            int theta,
            boolean scaled) {
        /** Elements of the matrices of all layers. */
        public long linear() {
            long attention = 2L * hidden * headSize * (heads + kvHeads);
            return layers * (attention + 3L * hidden * intermediate);
        }

        /** Elements of the head. */
        public long head() {
            return (long) vocabulary * hidden;
        }
    }

    /** Llama-3.2-1B. */
    public static final Shape LARGE = new Shape("1.2B", 2048, 8192, 16, 32, 8, 64, 128256, 131072, 500_000, true);

    /** SmolLM2-135M. */
    public static final Shape SMALL = new Shape("135M", 576, 1536, 30, 9, 3, 64, 49152, 8192, 100_000, false);

    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Shape shape;
    private final DType dtype;
    private final MemorySegment buffer;
    private long state = 0x9E3779B97F4A7C15L;

    private RandomModel(Shape shape, DType dtype, Arena arena) {
        this.shape = shape;
        this.dtype = dtype;
        long largest = Math.max(shape.head(), (long) shape.hidden * shape.intermediate);
        buffer = arena.allocate(largest * dtype.bytes());
    }

    /**
     * Writes config.json and model.safetensors.
     *
     * @param folder must exist
     * @param dtype F32 or BF16
     * @throws IllegalArgumentException for another type
     * @throws java.io.UncheckedIOException if a file cannot be written
     */
    public static void write(Path folder, Shape shape, DType dtype) {
        if (dtype != DType.F32 && dtype != DType.BF16) {
            throw new IllegalArgumentException("random model: dtype is " + dtype + ", expected F32 or BF16");
        }
        try (Arena arena = Arena.ofConfined()) {
            RandomModel model = new RandomModel(shape, dtype, arena);
            AtomicFile.writeText(folder.resolve("config.json"), Json.writeIndented(model.config()));
            SafetensorsWriter.writePending(
                    folder.resolve("model.safetensors"), model.tensors(), Map.of("format", "pt"));
        }
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
        config.put("head_dim", shape.headSize);
        config.put("vocab_size", shape.vocabulary);
        config.put("max_position_embeddings", shape.positions);
        config.put("rms_norm_eps", 1e-5);
        config.put("rope_theta", shape.theta);
        if (shape.scaled) {
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
        config.put("torch_dtype", dtype == DType.F32 ? "float32" : "bfloat16");
        return config;
    }

    private List<PendingTensor> tensors() {
        List<PendingTensor> tensors = new ArrayList<>();
        tensors.add(random("model.embed_tokens.weight", shape.vocabulary, shape.hidden));
        for (int layer = 0; layer < shape.layers; layer++) {
            String prefix = "model.layers." + layer + ".";
            tensors.add(ones(prefix + "input_layernorm.weight"));
            tensors.add(random(prefix + "self_attn.q_proj.weight", shape.heads * shape.headSize, shape.hidden));
            tensors.add(random(prefix + "self_attn.k_proj.weight", shape.kvHeads * shape.headSize, shape.hidden));
            tensors.add(random(prefix + "self_attn.v_proj.weight", shape.kvHeads * shape.headSize, shape.hidden));
            tensors.add(random(prefix + "self_attn.o_proj.weight", shape.hidden, shape.heads * shape.headSize));
            tensors.add(ones(prefix + "post_attention_layernorm.weight"));
            tensors.add(random(prefix + "mlp.gate_proj.weight", shape.intermediate, shape.hidden));
            tensors.add(random(prefix + "mlp.up_proj.weight", shape.intermediate, shape.hidden));
            tensors.add(random(prefix + "mlp.down_proj.weight", shape.hidden, shape.intermediate));
        }
        tensors.add(ones("model.norm.weight"));
        return tensors;
    }

    private PendingTensor random(String name, int rows, int cols) {
        return new PendingTensor(name, dtype, List.of((long) rows, (long) cols), () -> fill((long) rows * cols));
    }

    private PendingTensor ones(String name) {
        return new PendingTensor(name, dtype, List.of((long) shape.hidden), () -> {
            for (int i = 0; i < shape.hidden; i++) {
                set(i, 1);
            }
            return buffer.asSlice(0, (long) shape.hidden * dtype.bytes());
        });
    }

    /** Uniform numbers with the standard deviation 0.02 of a fresh model (xorshift, Marsaglia 2003). */
    private MemorySegment fill(long elements) {
        float width = (float) (0.02 * Math.sqrt(12));
        for (long i = 0; i < elements; i++) {
            state ^= state << 13;
            state ^= state >>> 7;
            state ^= state << 17;
            set(i, ((state >>> 40) * 0x1p-24f - 0.5f) * width);
        }
        return buffer.asSlice(0, elements * dtype.bytes());
    }

    /** Stores a number, BF16 cut off. */
    private void set(long index, float value) {
        int bits = Float.floatToRawIntBits(value);
        if (dtype == DType.F32) {
            buffer.set(INT, index * Float.BYTES, bits);
        } else {
            buffer.set(SHORT, index * Short.BYTES, (short) (bits >>> 16));
        }
    }
}
