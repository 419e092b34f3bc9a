package dev.mimic.loader.gguf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.json.Json;
import dev.mimic.loader.json.JsonObject;
import dev.mimic.loader.safetensors.DType;
import dev.mimic.loader.safetensors.SafetensorsFile;
import dev.mimic.loader.safetensors.TensorView;
import dev.mimic.testkit.SeededCases;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufImportTest {
    private static final GgufImport.Progress QUIET = (tensor, done, total) -> {};

    @TempDir
    Path folder;

    private final RandomGenerator random = SeededCases.generator(7);

    private TestGguf llama() {
        return TestModels.model("llama", 2, random);
    }

    private Path imported(TestGguf gguf, DType dtype) {
        Path target = folder.resolve("model");
        GgufImport.run(gguf.write(folder.resolve("m.gguf")), target, dtype, QUIET);
        return target;
    }

    private JsonObject config(TestGguf gguf) {
        return prepared(gguf, "config.json");
    }

    private JsonObject prepared(TestGguf gguf, String file) {
        try (GgufFile opened = GgufFile.open(gguf.write(folder.resolve("m.gguf")))) {
            String text = GgufImport.prepare(opened, DType.F32).texts().get(file);
            return Json.parseObject(text.getBytes(StandardCharsets.UTF_8), file);
        }
    }

    private void assertOnlyTheFileIsThere() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(List.of(folder.resolve("m.gguf")), files.toList());
        }
    }

    private static float[] floats(TensorView tensor) {
        float[] values = new float[(int) tensor.elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = switch (tensor.dtype()) {
                case F32 -> tensor.data().get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * i);
                case F16 -> Float.float16ToFloat(tensor.data().get(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i));
                case BF16 -> Float.intBitsToFloat(tensor.data().get(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i) << 16);
                default -> throw new AssertionError(tensor.dtype());
            };
        }
        return values;
    }

    /** What the tensor of a GGUF holds, dequantized by the oracle, in the file's order. */
    private static float[] floats(TestGguf gguf, String name) {
        TestGguf.Tensor tensor = gguf.tensors.stream()
                .filter(one -> one.name().equals(name))
                .findFirst()
                .orElseThrow();
        GgufType type = GgufType.of(tensor.type()).orElseThrow();
        float[] values = new float[tensor.data().length / type.blockBytes() * type.blockSize()];
        for (int i = 0; i < values.length; i++) {
            values[i] = BlockOracle.value(
                    type, tensor.data(), i / type.blockSize() * type.blockBytes(), i % type.blockSize());
        }
        return values;
    }

    /** Rows 2i and 2i + 1 of each head put to i and i + d/2. */
    private static float[] unpermuted(float[] stored, int heads, int headSize, int cols) {
        float[] result = new float[stored.length];
        for (int head = 0; head < heads; head++) {
            for (int i = 0; i < headSize / 2; i++) {
                int even = (head * headSize + 2 * i) * cols;
                int lower = (head * headSize + i) * cols;
                System.arraycopy(stored, even, result, lower, cols);
                System.arraycopy(stored, even + cols, result, lower + headSize / 2 * cols, cols);
            }
        }
        return result;
    }

    private static void assertSame(float[] expected, TensorView actual) {
        float[] found = floats(actual);
        assertEquals(expected.length, found.length, actual.name());
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i] + 0f, found[i] + 0f, 0f, actual.name() + " element " + i);
        }
    }

    @Test
    void everyTensorGetsItsNameItsShapeAndItsValues() {
        TestGguf gguf = llama();
        TestModels.add(gguf, "output.weight", random, TestModels.TOKENS.size(), TestModels.HIDDEN);
        Path target = imported(gguf, DType.F32);
        try (SafetensorsFile file = SafetensorsFile.open(target.resolve("model.safetensors"))) {
            Map<String, TensorView> tensors = file.tensors();
            assertEquals(gguf.tensors.size(), tensors.size());
            assertEquals(Map.of("format", "pt"), file.metadata());
            assertSame(floats(gguf, "token_embd.weight"), tensors.get("model.embed_tokens.weight"));
            assertSame(floats(gguf, "output_norm.weight"), tensors.get("model.norm.weight"));
            assertSame(floats(gguf, "output.weight"), tensors.get("lm_head.weight"));
            Map<String, String> names = Map.of(
                    "attn_norm", "input_layernorm",
                    "attn_v", "self_attn.v_proj",
                    "attn_output", "self_attn.o_proj",
                    "ffn_norm", "post_attention_layernorm",
                    "ffn_gate", "mlp.gate_proj",
                    "ffn_up", "mlp.up_proj",
                    "ffn_down", "mlp.down_proj");
            for (int layer = 0; layer < 2; layer++) {
                String from = "blk." + layer + ".";
                String to = "model.layers." + layer + ".";
                names.forEach((theirs, ours) ->
                        assertSame(floats(gguf, from + theirs + ".weight"), tensors.get(to + ours + ".weight")));
                assertSame(
                        unpermuted(floats(gguf, from + "attn_q.weight"), 4, 8, 32),
                        tensors.get(to + "self_attn.q_proj.weight"));
                assertSame(
                        unpermuted(floats(gguf, from + "attn_k.weight"), 2, 8, 32),
                        tensors.get(to + "self_attn.k_proj.weight"));
                assertEquals(
                        List.of(32L, 64L),
                        tensors.get(to + "mlp.down_proj.weight").shape());
            }
        }
    }

    @Test
    void everyBlockFormatIsImported() {
        int wide = 256;
        TestGguf gguf = llama().put("llama.embedding_length", wide)
                .put("llama.feed_forward_length", wide)
                .put("llama.attention.head_count_kv", 4)
                .put("llama.block_count", 1);
        gguf.tensors.clear();
        TestModels.add(gguf, "token_embd.weight", GgufType.Q6_K, random, 8, wide);
        TestModels.add(gguf, "output.weight", GgufType.Q5_K, random, 8, wide);
        TestModels.add(gguf, "output_norm.weight", GgufType.BF16, random, wide);
        TestModels.add(gguf, "blk.0.attn_norm.weight", GgufType.F32, random, wide);
        TestModels.add(gguf, "blk.0.ffn_norm.weight", GgufType.F16, random, wide);
        TestModels.add(gguf, "blk.0.attn_q.weight", GgufType.Q4_0, random, wide, wide);
        TestModels.add(gguf, "blk.0.attn_k.weight", GgufType.Q4_1, random, wide, wide);
        TestModels.add(gguf, "blk.0.attn_v.weight", GgufType.Q5_0, random, wide, wide);
        TestModels.add(gguf, "blk.0.attn_output.weight", GgufType.Q8_0, random, wide, wide);
        TestModels.add(gguf, "blk.0.ffn_gate.weight", GgufType.Q2_K, random, wide, wide);
        TestModels.add(gguf, "blk.0.ffn_up.weight", GgufType.Q3_K, random, wide, wide);
        TestModels.add(gguf, "blk.0.ffn_down.weight", GgufType.Q4_K, random, wide, wide);
        Path target = imported(gguf, DType.F32);
        try (SafetensorsFile file = SafetensorsFile.open(target.resolve("model.safetensors"))) {
            Map<String, TensorView> tensors = file.tensors();
            String layer = "model.layers.0.";
            assertSame(floats(gguf, "token_embd.weight"), tensors.get("model.embed_tokens.weight"));
            assertSame(floats(gguf, "output.weight"), tensors.get("lm_head.weight"));
            assertSame(floats(gguf, "output_norm.weight"), tensors.get("model.norm.weight"));
            assertSame(floats(gguf, "blk.0.ffn_norm.weight"), tensors.get(layer + "post_attention_layernorm.weight"));
            assertSame(
                    unpermuted(floats(gguf, "blk.0.attn_q.weight"), 4, 64, wide),
                    tensors.get(layer + "self_attn.q_proj.weight"));
            assertSame(
                    unpermuted(floats(gguf, "blk.0.attn_k.weight"), 4, 64, wide),
                    tensors.get(layer + "self_attn.k_proj.weight"));
            assertSame(floats(gguf, "blk.0.attn_v.weight"), tensors.get(layer + "self_attn.v_proj.weight"));
            assertSame(floats(gguf, "blk.0.attn_output.weight"), tensors.get(layer + "self_attn.o_proj.weight"));
            assertSame(floats(gguf, "blk.0.ffn_gate.weight"), tensors.get(layer + "mlp.gate_proj.weight"));
            assertSame(floats(gguf, "blk.0.ffn_up.weight"), tensors.get(layer + "mlp.up_proj.weight"));
            assertSame(floats(gguf, "blk.0.ffn_down.weight"), tensors.get(layer + "mlp.down_proj.weight"));
        }
    }

    @Test
    void qwenKeepsTheOrderOfRowsAndHasItsOwnTensors() {
        TestGguf gguf = TestModels.model("qwen2", 1, random);
        try (SafetensorsFile file =
                SafetensorsFile.open(imported(gguf, DType.F32).resolve("model.safetensors"))) {
            String layer = "model.layers.0.self_attn.";
            assertSame(floats(gguf, "blk.0.attn_q.weight"), file.tensors().get(layer + "q_proj.weight"));
            assertSame(floats(gguf, "blk.0.attn_q.bias"), file.tensors().get(layer + "q_proj.bias"));
            assertSame(floats(gguf, "blk.0.attn_k.bias"), file.tensors().get(layer + "k_proj.bias"));
            assertSame(floats(gguf, "blk.0.attn_v.bias"), file.tensors().get(layer + "v_proj.bias"));
        }
        JsonObject config = config(gguf);
        assertEquals(List.of("Qwen2ForCausalLM"), config.list("architectures").orElseThrow());
        assertEquals("qwen2", config.text("model_type").orElseThrow());
        JsonObject three = config(TestModels.model("qwen3", 1, random));
        assertEquals(List.of("Qwen3ForCausalLM"), three.list("architectures").orElseThrow());
        assertEquals(false, three.bool("attention_bias").orElseThrow());
    }

    @Test
    void biasesOfLlamaArePermutedAsTheirRows() {
        TestGguf gguf = TestModels.model("llama", 1, random);
        TestModels.biases(gguf, "blk.0.", random);
        TestModels.add(gguf, "blk.0.attn_output.bias", random, 32);
        assertEquals(true, config(gguf).bool("attention_bias").orElseThrow());
        try (SafetensorsFile file =
                SafetensorsFile.open(imported(gguf, DType.F32).resolve("model.safetensors"))) {
            String layer = "model.layers.0.self_attn.";
            assertSame(
                    unpermuted(floats(gguf, "blk.0.attn_q.bias"), 4, 8, 1),
                    file.tensors().get(layer + "q_proj.bias"));
            assertSame(
                    unpermuted(floats(gguf, "blk.0.attn_k.bias"), 2, 8, 1),
                    file.tensors().get(layer + "k_proj.bias"));
            assertSame(floats(gguf, "blk.0.attn_v.bias"), file.tensors().get(layer + "v_proj.bias"));
            assertSame(floats(gguf, "blk.0.attn_output.bias"), file.tensors().get(layer + "o_proj.bias"));
        }
    }

    @Test
    void halfPrecisionIsKeptBitForBitAndFloatsAreRoundedToNearestEven() throws IOException {
        for (DType dtype : List.of(DType.F16, DType.BF16)) {
            TestGguf gguf = TestModels.model("qwen3", 1, random);
            gguf.withoutTensor("blk.0.ffn_up.weight").withoutTensor("output_norm.weight");
            GgufType same = dtype == DType.F16 ? GgufType.F16 : GgufType.BF16;
            TestModels.add(gguf, "blk.0.ffn_up.weight", same, random, 64, 32);
            float[] halfway = new float[32];
            Arrays.fill(halfway, 1);
            float step = dtype == DType.F16 ? 0x1p-10f : 0x1p-7f;
            halfway[0] = 1 + step / 2; // to even: 1
            halfway[1] = 1 + step * 1.5f; // to even: 1 + 2 steps
            halfway[2] = 1 + step * 0.5001f;
            halfway[3] = -(1 + step * 0.4999f);
            halfway[4] = Float.NaN;
            halfway[5] = Float.NEGATIVE_INFINITY;
            gguf.tensor("output_norm.weight", GgufType.F32, TestGguf.floatBytes(halfway), 32);
            for (TestGguf.Tensor tensor : List.copyOf(gguf.tensors)) {
                if (tensor.type() == 0 && !tensor.name().equals("output_norm.weight")) { // random floats exceed F16
                    gguf.withoutTensor(tensor.name());
                    long[] shape = new long[tensor.dimensions().length];
                    for (int i = 0; i < shape.length; i++) {
                        shape[i] = tensor.dimensions()[shape.length - 1 - i];
                    }
                    gguf.tensor(tensor.name(), GgufType.F32, new byte[tensor.data().length], shape);
                }
            }
            Path file = gguf.write(folder.resolve("m.gguf"));
            Path target = folder.resolve("model-" + dtype);
            GgufImport.run(file, target, dtype, QUIET);
            try (SafetensorsFile weights = SafetensorsFile.open(target.resolve("model.safetensors"))) {
                TensorView up = weights.tensors().get("model.layers.0.mlp.up_proj.weight");
                assertEquals(dtype, up.dtype());
                TestGguf.Tensor stored = gguf.tensors.stream()
                        .filter(tensor -> tensor.name().equals("blk.0.ffn_up.weight"))
                        .findFirst()
                        .orElseThrow();
                assertEquals(-1, up.data().mismatch(MemorySegment.ofArray(stored.data())));
                float[] norm = floats(weights.tensors().get("model.norm.weight"));
                float[] expected = {1, 1 + 2 * step, 1 + step, -1, Float.NaN, Float.NEGATIVE_INFINITY};
                for (int i = 0; i < expected.length; i++) {
                    assertEquals(expected[i], norm[i], 0f, dtype + " element " + i);
                }
            }
            assertEquals(
                    dtype == DType.F16 ? "float16" : "bfloat16",
                    Json.readObject(target.resolve("config.json"))
                            .text("torch_dtype")
                            .orElseThrow());
        }
    }

    @Test
    void valuesBeyondTheRangeOfTheTypeAreRefused() throws IOException {
        TestGguf gguf = llama().withoutTensor("output_norm.weight");
        float[] big = new float[32];
        big[7] = 70000;
        gguf.tensor("output_norm.weight", GgufType.F32, TestGguf.floatBytes(big), 32);
        for (TestGguf.Tensor tensor : gguf.tensors) {
            if (!tensor.name().equals("output_norm.weight")) {
                Arrays.fill(tensor.data(), (byte) 0);
            }
        }
        Path file = gguf.write(folder.resolve("m.gguf"));
        String message = assertThrows(
                        InvalidModelException.class,
                        () -> GgufImport.run(file, folder.resolve("model"), DType.F16, QUIET))
                .getMessage();
        assertTrue(message.contains("output_norm.weight") && message.contains("70000"), message);
        assertOnlyTheFileIsThere();
    }

    @Test
    void theConfigurationSaysWhatTheFileSays() {
        JsonObject config = config(llama().put("tokenizer.ggml.padding_token_id", 0));
        assertEquals(List.of("LlamaForCausalLM"), config.list("architectures").orElseThrow());
        assertEquals("silu", config.text("hidden_act").orElseThrow());
        Map<String, Integer> expected = Map.of(
                "hidden_size", 32,
                "intermediate_size", 64,
                "num_hidden_layers", 2,
                "num_attention_heads", 4,
                "num_key_value_heads", 2,
                "head_dim", 8,
                "vocab_size", 8,
                "max_position_embeddings", 128,
                "bos_token_id", 1,
                "eos_token_id", 2);
        expected.forEach(
                (name, value) -> assertEquals(value, config.integer(name).orElseThrow(), name));
        assertEquals(0, config.integer("pad_token_id").orElseThrow());
        assertEquals(1e-6f, config.number("rms_norm_eps").orElseThrow().floatValue());
        assertEquals(10000, config.number("rope_theta").orElseThrow());
        assertEquals(true, config.bool("tie_word_embeddings").orElseThrow());
        assertFalse(config.has("rope_scaling"));
        JsonObject mistral = config(llama().put("llama.attention.sliding_window", 16));
        assertEquals(
                List.of("MistralForCausalLM"), mistral.list("architectures").orElseThrow());
        assertEquals(16, mistral.integer("sliding_window").orElseThrow());
        JsonObject linear =
                config(llama().put("llama.rope.scaling.type", "linear").put("llama.rope.scaling.factor", 4f));
        JsonObject scaling = linear.object("rope_scaling").orElseThrow();
        assertEquals("linear", scaling.text("rope_type").orElseThrow());
        assertEquals(4, scaling.number("factor").orElseThrow());
    }

    @Test
    void ropeFactorsBecomeTheParametersOfLlama3() {
        TestGguf gguf = llama().put("llama.rope.freq_base", 500000f);
        float[] factors = new float[4];
        for (int length : new int[] {64, 8192}) {
            for (int i = 0; i < 4; i++) {
                double wave = 2 * Math.PI * Math.pow(500000, i / 4.0);
                double smooth = (length / wave - 1) / 3;
                factors[i] = (float) (wave < length / 4.0 ? 1 : wave > length ? 8 : 1 / ((1 - smooth) / 8 + smooth));
            }
            gguf.withoutTensor("rope_freqs.weight")
                    .tensor("rope_freqs.weight", GgufType.F32, TestGguf.floatBytes(factors), 4);
            JsonObject scaling = config(gguf).object("rope_scaling").orElseThrow();
            assertEquals("llama3", scaling.text("rope_type").orElseThrow());
            assertEquals(8, scaling.number("factor").orElseThrow());
            assertEquals(1, scaling.number("low_freq_factor").orElseThrow());
            assertEquals(4, scaling.number("high_freq_factor").orElseThrow());
            assertTrue(sameFactors(
                    scaling.integer("original_max_position_embeddings").orElseThrow(), factors));
        }
        gguf.withoutTensor("rope_freqs.weight")
                .tensor("rope_freqs.weight", GgufType.F32, TestGguf.floatBytes(1, 1, 1, 1), 4);
        assertFalse(config(gguf).has("rope_scaling"));
    }

    private static boolean sameFactors(int length, float[] factors) {
        for (int i = 0; i < factors.length; i++) {
            double wave = 2 * Math.PI * Math.pow(500000, i / 4.0);
            if (Math.abs(RopeFactors.llama3(wave, 8, length) - factors[i]) > 1e-4 * factors[i]) {
                return false;
            }
        }
        return true;
    }

    @Test
    void generationStopsAtEveryEndTheFileNames() {
        JsonObject one = prepared(llama(), "generation_config.json");
        assertEquals(2, one.integer("eos_token_id").orElseThrow());
        assertEquals(1, one.integer("bos_token_id").orElseThrow());
        JsonObject two = prepared(
                llama().put("tokenizer.ggml.eot_token_id", 3).put("tokenizer.ggml.eom_token_id", 2),
                "generation_config.json");
        assertEquals(List.of(2L, 3L), two.list("eos_token_id").orElseThrow());
    }

    @Test
    void theTokenizerConfigurationNamesSpecialTokensAndTemplates() {
        JsonObject config = prepared(llama().put("tokenizer.chat_template", "{{ x }}"), "tokenizer_config.json");
        assertEquals("<bos>", config.text("bos_token").orElseThrow());
        assertEquals("<eos>", config.text("eos_token").orElseThrow());
        assertFalse(config.has("pad_token"));
        assertEquals(false, config.bool("add_bos_token").orElseThrow());
        assertEquals("{{ x }}", config.text("chat_template").orElseThrow());
        JsonObject named = prepared(
                llama().put("tokenizer.chat_template", "d")
                        .texts("tokenizer.chat_templates", List.of("tool"))
                        .put("tokenizer.chat_template.tool", "t"),
                "tokenizer_config.json");
        assertEquals(
                List.of(Map.of("name", "default", "template", "d"), Map.of("name", "tool", "template", "t")),
                named.list("chat_template").orElseThrow());
    }

    @Test
    void addedTokensPaddingAndPostProcessorFollowTheFile() {
        TestGguf gguf = llama().put("tokenizer.ggml.add_bos_token", true).put("tokenizer.ggml.add_eos_token", true);
        gguf.texts("tokenizer.ggml.tokens", List.of("<pad>", "<bos>", "<eos>", "<tool>", "a", "b", "ab", "[PAD7]"))
                .ints("tokenizer.ggml.token_type", 3, 3, 3, 4, 1, 1, 1, 5);
        JsonObject tokenizer = prepared(gguf, "tokenizer.json");
        List<String> added = new ArrayList<>();
        for (Object token : tokenizer.list("added_tokens").orElseThrow()) {
            Map<?, ?> map = (Map<?, ?>) token;
            added.add(map.get("id") + " " + map.get("content") + " " + map.get("special"));
        }
        assertEquals(List.of("0 <pad> true", "1 <bos> true", "2 <eos> true", "3 <tool> false"), added);
        JsonObject model = tokenizer.object("model").orElseThrow();
        assertEquals(
                List.of("<pad>", "<bos>", "<eos>", "<tool>", "a", "b", "ab"),
                List.copyOf(model.object("vocab").orElseThrow().names()));
        assertEquals(List.of(List.of("a", "b")), model.list("merges").orElseThrow());
        String post = Json.write(tokenizer.object("post_processor").orElseThrow());
        assertTrue(
                post.contains(
                        "\"<bos>\",\"type_id\":0}},{\"Sequence\":{\"id\":\"A\",\"type_id\":0}},{\"SpecialToken\":{\"id\":\"<eos>\""),
                post);
    }

    @Test
    void scoresBecomeMergesInTheirOrder() {
        JsonObject tokenizer = prepared(TestModels.sentencePiece(llama(), random), "tokenizer.json");
        JsonObject model = tokenizer.object("model").orElseThrow();
        assertEquals(
                List.of(List.of("\u2581", "a"), List.of("a", "b"), List.of("\u2581a", "b"), List.of("\u2581", "ab")),
                model.list("merges").orElseThrow());
        assertEquals("<unk>", model.text("unk_token").orElseThrow());
        assertEquals(true, model.bool("byte_fallback").orElseThrow());
        String normalizer = Json.write(tokenizer.object("normalizer").orElseThrow());
        assertTrue(normalizer.contains("Prepend") && normalizer.contains("Replace"), normalizer);
        assertTrue(Json.write(tokenizer.object("post_processor").orElseThrow()).contains("<s>"));
        JsonObject bare = prepared(
                TestModels.sentencePiece(llama(), random)
                        .put("tokenizer.ggml.add_space_prefix", false)
                        .put("tokenizer.ggml.add_bos_token", false),
                "tokenizer.json");
        assertEquals(
                "Replace", bare.object("normalizer").orElseThrow().text("type").orElseThrow());
        assertFalse(bare.has("post_processor"));
        assertFalse(Json.write(bare.object("decoder").orElseThrow()).contains("Strip"));
    }

    @Test
    void aFolderThatHoldsSomethingIsLeftAlone() throws IOException {
        Path file = llama().write(folder.resolve("m.gguf"));
        Path target = Files.createDirectory(folder.resolve("model"));
        Files.writeString(target.resolve("mine.txt"), "mine");
        String message = assertThrows(
                        IllegalArgumentException.class, () -> GgufImport.run(file, target, DType.F32, QUIET))
                .getMessage();
        assertTrue(message.contains("model") && message.contains("empty"), message);
        Files.delete(target.resolve("mine.txt"));
        GgufImport.run(file, target, DType.F32, QUIET);
        try (Stream<Path> files = Files.list(target)) {
            assertEquals(
                    List.of(
                            "config.json",
                            "generation_config.json",
                            "model.safetensors",
                            "tokenizer.json",
                            "tokenizer_config.json"),
                    files.map(path -> path.getFileName().toString()).sorted().toList());
        }
        assertThrows(
                IllegalArgumentException.class,
                () -> GgufImport.run(file, folder.resolve("no/such/parent"), DType.F32, QUIET));
        assertThrows(
                IllegalArgumentException.class, () -> GgufImport.run(file, folder.resolve("other"), DType.I32, QUIET));
    }

    @Test
    void progressIsToldAndMayEndTheImport() throws IOException {
        Path file = llama().write(folder.resolve("m.gguf"));
        List<Long> done = new ArrayList<>();
        GgufImport.Result result = GgufImport.run(file, folder.resolve("whole"), DType.F32, (tensor, now, total) -> {
            done.add(now);
            assertTrue(now < total);
        });
        assertEquals(20, result.tensors());
        assertEquals(result.tensors(), done.size());
        assertEquals(0, done.getFirst());
        for (Path path : List.of(
                folder.resolve("whole/config.json"),
                folder.resolve("whole/generation_config.json"),
                folder.resolve("whole/model.safetensors"),
                folder.resolve("whole/tokenizer.json"),
                folder.resolve("whole/tokenizer_config.json"),
                folder.resolve("whole"))) {
            Files.delete(path);
        }
        assertThrows(
                CancellationException.class,
                () -> GgufImport.run(file, folder.resolve("model"), DType.F32, (tensor, now, total) -> {
                    if (now > 0) {
                        throw new CancellationException();
                    }
                }));
        assertOnlyTheFileIsThere();
    }

    @Test
    void aFileCutDuringTheImportLeavesNothingBehind() throws IOException {
        Path file = llama().write(folder.resolve("m.gguf"));
        String message = assertThrows(
                        InvalidModelException.class,
                        () -> GgufImport.run(file, folder.resolve("model"), DType.F32, (tensor, now, total) -> {
                            if (now > 0) {
                                cut(file);
                            }
                        }))
                .getMessage();
        assertTrue(message.startsWith("m.gguf: the file was cut while in use"), message);
        assertOnlyTheFileIsThere();
    }

    private static void cut(Path file) {
        try {
            Files.write(file, new byte[100]);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
