package dev.mimic.adapt.svf;

import dev.mimic.loader.safetensors.DType;
import dev.mimic.loader.safetensors.SafetensorsFile;
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
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/** Small models, expert files, and tensors as doubles. */
final class Samples {
    private static final ValueLayout.OfDouble DOUBLE =
            ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    static final String CONFIG = """
            {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu", "hidden_size": 16,
             "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
             "vocab_size": 20, "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
             "tie_word_embeddings": false, "bos_token_id": 1, "eos_token_id": 2, "torch_dtype": "float32"}
            """;

    private Samples() {}

    /** A Llama of two layers with random weights; {@code dtype} for all of them. */
    static Path model(Path folder, DType dtype) {
        RandomGenerator random = SeededCases.generator(31);
        List<TensorView> tensors = new ArrayList<>();
        tensors.add(tensor(random, dtype, "model.embed_tokens.weight", 20, 16));
        for (int layer = 0; layer < 2; layer++) {
            String prefix = "model.layers." + layer + ".";
            tensors.add(tensor(random, dtype, prefix + "input_layernorm.weight", 16));
            tensors.add(tensor(random, dtype, prefix + "mlp.down_proj.weight", 16, 24));
            tensors.add(tensor(random, dtype, prefix + "mlp.gate_proj.weight", 24, 16));
            tensors.add(tensor(random, dtype, prefix + "mlp.up_proj.weight", 24, 16));
            tensors.add(tensor(random, dtype, prefix + "post_attention_layernorm.weight", 16));
            tensors.add(tensor(random, dtype, prefix + "self_attn.k_proj.weight", 8, 16));
            tensors.add(tensor(random, dtype, prefix + "self_attn.o_proj.weight", 16, 16));
            tensors.add(tensor(random, dtype, prefix + "self_attn.q_proj.weight", 16, 16));
            tensors.add(tensor(random, dtype, prefix + "self_attn.v_proj.weight", 8, 16));
        }
        tensors.add(tensor(random, dtype, "model.norm.weight", 16));
        tensors.add(tensor(random, dtype, "lm_head.weight", 20, 16));
        try {
            Files.createDirectories(folder);
            Files.writeString(folder.resolve("config.json"), CONFIG);
            Files.writeString(folder.resolve("generation_config.json"), "{\"do_sample\": false}");
            Files.writeString(folder.resolve("README.md"), "a sample\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        SafetensorsWriter.write(folder.resolve("model.safetensors"), tensors, Map.of("format", "pt"));
        return folder;
    }

    private static TensorView tensor(RandomGenerator random, DType dtype, String name, long... shape) {
        int count = 1;
        for (long dimension : shape) {
            count *= (int) dimension;
        }
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (random.nextGaussian() * 0.3);
        }
        return TensorView.of(name, dtype, StoredFloats.encode(dtype, values), shape);
    }

    /** Overwrites one F32 number of a model's only weight file. */
    static void spoil(Path model, String tensor, int index, float value) throws IOException {
        Path file = model.resolve("model.safetensors");
        long offset;
        try (SafetensorsFile open = SafetensorsFile.open(file)) {
            TensorView first = open.tensors().values().iterator().next();
            offset = open.size()
                    - total(open)
                    + open.tensor(tensor).orElseThrow().data().address()
                    - first.data().address();
        }
        byte[] bytes = Files.readAllBytes(file);
        MemorySegment.ofArray(bytes)
                .set(
                        ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN),
                        offset + (long) index * Float.BYTES,
                        value);
        Files.write(file, bytes);
    }

    private static long total(SafetensorsFile file) {
        return file.tensors().values().stream()
                .mapToLong(tensor -> tensor.data().byteSize())
                .sum();
    }

    /** An expert file. */
    static Path expert(Path file, Map<String, float[]> vectors, Map<String, String> metadata) {
        List<TensorView> tensors = vectors.entrySet().stream()
                .map(entry -> TensorView.of(
                        entry.getKey(),
                        DType.F32,
                        StoredFloats.encode(DType.F32, entry.getValue()),
                        entry.getValue().length))
                .toList();
        SafetensorsWriter.write(file, tensors, metadata);
        return file;
    }

    /** The numbers of a tensor of F32, F16, BF16 or F64. */
    static double[] doubles(TensorView tensor) {
        double[] values = new double[(int) tensor.elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = tensor.dtype() == DType.F64
                    ? tensor.data().get(DOUBLE, 8L * i)
                    : StoredFloats.get(tensor.dtype(), tensor.data(), i);
        }
        return values;
    }
}
