package dev.mimic.loader.gguf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.loader.json.Json;
import dev.mimic.loader.json.JsonObject;
import dev.mimic.loader.safetensors.DType;
import dev.mimic.loader.safetensors.SafetensorsFile;
import dev.mimic.loader.safetensors.TensorView;
import dev.mimic.testkit.Smollm2;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The import of a real file: SmolLM2-135M-Instruct. */
class SmolLm2ImportTest {
    private static final String SUITE = "SmolLM2 import";

    @TempDir
    Path folder;

    @Test
    void theFileHoldsTheTensorsThatTheGoldensWereMadeOf() {
        Path file = Smollm2.ggufOrSkip(SUITE);
        String how = Json.readObject(Smollm2.goldensOrSkip(SUITE).resolve("smollm2.json"))
                .text("how")
                .orElseThrow();
        Matcher counts =
                Pattern.compile("(\\d+) tensors Q4_1, (\\d+) Q8_0, (\\d+) F32").matcher(how);
        assertTrue(counts.find(), how);
        Map<GgufType, Integer> expected = Map.of(
                GgufType.Q4_1, Integer.valueOf(counts.group(1)),
                GgufType.Q8_0, Integer.valueOf(counts.group(2)),
                GgufType.F32, Integer.valueOf(counts.group(3)));
        Map<GgufType, Integer> found = new EnumMap<>(GgufType.class);
        try (GgufFile gguf = GgufFile.open(file)) {
            gguf.tensors().values().forEach(tensor -> found.merge(tensor.type(), 1, Integer::sum));
        }
        assertEquals(expected, found);
    }

    @Test
    void everyWeightIsTheFormatsValueAndTheConfigurationIsTheModels() {
        Path file = Smollm2.ggufOrSkip(SUITE);
        Path target = folder.resolve("smollm2");
        GgufImport.Result result = GgufImport.run(file, target, DType.F32, (tensor, done, total) -> {});
        JsonObject config = Json.readObject(target.resolve("config.json"));
        assertEquals("llama", config.text("model_type").orElseThrow());
        assertEquals(576, config.integer("hidden_size").orElseThrow());
        assertEquals(30, config.integer("num_hidden_layers").orElseThrow());
        assertEquals(9, config.integer("num_attention_heads").orElseThrow());
        assertEquals(3, config.integer("num_key_value_heads").orElseThrow());
        assertEquals(100000, config.number("rope_theta").orElseThrow());
        assertEquals(true, config.bool("tie_word_embeddings").orElseThrow());
        try (GgufFile gguf = GgufFile.open(file);
                SafetensorsFile weights = SafetensorsFile.open(target.resolve("model.safetensors"))) {
            assertEquals(gguf.tensors().size(), weights.tensors().size());
            assertEquals(result.tensors(), weights.tensors().size());
            check(gguf, "token_embd.weight", weights, "model.embed_tokens.weight", 0);
            check(gguf, "output_norm.weight", weights, "model.norm.weight", 0);
            for (int layer : new int[] {0, 17, 29}) {
                String from = "blk." + layer + ".";
                String to = "model.layers." + layer + ".";
                check(gguf, from + "attn_norm.weight", weights, to + "input_layernorm.weight", 0);
                check(gguf, from + "attn_q.weight", weights, to + "self_attn.q_proj.weight", 9);
                check(gguf, from + "attn_k.weight", weights, to + "self_attn.k_proj.weight", 3);
                check(gguf, from + "attn_v.weight", weights, to + "self_attn.v_proj.weight", 0);
                check(gguf, from + "attn_output.weight", weights, to + "self_attn.o_proj.weight", 0);
                check(gguf, from + "ffn_norm.weight", weights, to + "post_attention_layernorm.weight", 0);
                check(gguf, from + "ffn_gate.weight", weights, to + "mlp.gate_proj.weight", 0);
                check(gguf, from + "ffn_up.weight", weights, to + "mlp.up_proj.weight", 0);
                check(gguf, from + "ffn_down.weight", weights, to + "mlp.down_proj.weight", 0);
            }
        }
    }

    /** Every element of one row in eight, and of the last, against the oracle. */
    private static void check(GgufFile gguf, String from, SafetensorsFile weights, String to, int heads) {
        GgufTensor stored = gguf.tensor(from).orElseThrow();
        TensorView made = weights.tensor(to).orElseThrow();
        assertEquals(stored.shape(), made.shape());
        GgufType type = stored.type();
        int length = (int) stored.rowLength();
        long rows = stored.rows();
        long headSize = heads == 0 ? 0 : rows / heads;
        for (long row = 0; row < rows; row = row == rows - 1 ? rows : Math.min(row + 8 - row % 3, rows - 1)) {
            // row of the folder: i or i + d/2 of a head; in the file they lie at 2i and 2i + 1
            long in = heads == 0
                    ? row
                    : row / headSize * headSize + row % (headSize / 2) * 2 + (row % headSize >= headSize / 2 ? 1 : 0);
            byte[] bytes = stored.data()
                    .asSlice(in * stored.rowBytes(), stored.rowBytes())
                    .toArray(ValueLayout.JAVA_BYTE);
            MemorySegment values = made.data().asSlice(row * length * Float.BYTES, (long) length * Float.BYTES);
            for (int i = 0; i < length; i++) {
                float expected =
                        BlockOracle.value(type, bytes, i / type.blockSize() * type.blockBytes(), i % type.blockSize());
                float found = values.get(ValueLayout.JAVA_FLOAT_UNALIGNED, (long) i * Float.BYTES);
                if (expected != found) {
                    assertEquals(expected, found, to + " [" + row + ", " + i + "]");
                }
            }
        }
    }
}
