package dev.mimic.loader.gguf;

import dev.mimic.loader.json.Json;
import dev.mimic.loader.json.JsonObject;
import dev.mimic.loader.safetensors.DType;
import dev.mimic.loader.safetensors.SafetensorsFile;
import dev.mimic.loader.safetensors.TensorView;
import dev.mimic.testkit.SeededCases;
import dev.mimic.testkit.TestFolders;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** What llama.cpp's converter does, for tests: a Hugging Face folder as a GGUF file. */
final class FolderToGguf {
    private FolderToGguf() {}

    /** Whole model. */
    static TestGguf model(Path folder) {
        JsonObject config = Json.readObject(folder.resolve("config.json"));
        TestGguf gguf = new TestGguf();
        keys(gguf, config);
        tokenizer(
                gguf,
                folder,
                config.integer("bos_token_id").orElse(1),
                config.integer("eos_token_id").orElse(2));
        int heads = config.integer("num_attention_heads").orElseThrow();
        int kvHeads = config.integer("num_key_value_heads").orElse(heads);
        boolean llama = !config.text("model_type").orElseThrow().startsWith("qwen");
        for (Path file : TestFolders.files(folder, ".safetensors")) {
            try (SafetensorsFile weights = SafetensorsFile.open(file)) {
                for (TensorView tensor : weights.tensors().values()) {
                    int interleaved = !llama
                            ? 0
                            : tensor.name().contains("q_proj")
                                    ? heads
                                    : tensor.name().contains("k_proj") ? kvHeads : 0;
                    gguf.tensor(
                            name(tensor.name()),
                            GgufType.valueOf(tensor.dtype().name()),
                            interleave(tensor, interleaved),
                            tensor.shape().stream().mapToLong(Long::longValue).toArray());
                }
            }
        }
        ropeFactors(gguf, config);
        return gguf;
    }

    private static void keys(TestGguf gguf, JsonObject config) {
        String type = config.text("model_type").orElseThrow();
        String key = type.equals("mistral") ? "llama" : type;
        int heads = config.integer("num_attention_heads").orElseThrow();
        int hidden = config.integer("hidden_size").orElseThrow();
        gguf.put("general.architecture", key)
                .put(key + ".block_count", config.integer("num_hidden_layers").orElseThrow())
                .put(
                        key + ".context_length",
                        config.integer("max_position_embeddings").orElseThrow())
                .put(key + ".embedding_length", hidden)
                .put(
                        key + ".feed_forward_length",
                        config.integer("intermediate_size").orElseThrow())
                .put(key + ".attention.head_count", heads)
                .put(
                        key + ".attention.head_count_kv",
                        config.integer("num_key_value_heads").orElse(heads))
                .put(key + ".attention.key_length", config.integer("head_dim").orElse(hidden / heads))
                .put(
                        key + ".attention.layer_norm_rms_epsilon",
                        config.number("rms_norm_eps").orElseThrow().floatValue())
                .put(
                        key + ".rope.freq_base",
                        config.number("rope_theta").orElseThrow().floatValue())
                .put(key + ".vocab_size", config.integer("vocab_size").orElseThrow());
        config.integer("sliding_window").ifPresent(window -> gguf.put(key + ".attention.sliding_window", window));
    }

    private static void ropeFactors(TestGguf gguf, JsonObject config) {
        JsonObject scaling = config.object("rope_scaling").orElse(null);
        if (scaling == null) {
            return;
        }
        int half = config.integer("head_dim").orElseThrow() / 2;
        float[] factors = new float[half];
        for (int i = 0; i < half; i++) {
            float frequency = 1 / (float) Math.pow(config.number("rope_theta").orElseThrow(), i / (double) half);
            double wave = 2 * Math.PI / frequency;
            double factor = scaling.number("factor").orElseThrow();
            double low = scaling.number("low_freq_factor").orElseThrow();
            double high = scaling.number("high_freq_factor").orElseThrow();
            double length = scaling.number("original_max_position_embeddings").orElseThrow();
            double smooth = (length / wave - low) / (high - low);
            factors[i] = (float)
                    (wave < length / high ? 1 : wave > length / low ? factor : 1 / ((1 - smooth) / factor + smooth));
        }
        gguf.tensor("rope_freqs.weight", GgufType.F32, TestGguf.floatBytes(factors), half);
    }

    private static String name(String name) {
        String[][] parts = {
            {"model.embed_tokens", "token_embd"},
            {"model.norm", "output_norm"},
            {"lm_head", "output"},
            {"model.layers.", "blk."},
            {"input_layernorm", "attn_norm"},
            {"post_attention_layernorm", "ffn_norm"},
            {"self_attn.q_proj", "attn_q"},
            {"self_attn.k_proj", "attn_k"},
            {"self_attn.v_proj", "attn_v"},
            {"self_attn.o_proj", "attn_output"},
            {"self_attn.q_norm", "attn_q_norm"},
            {"self_attn.k_norm", "attn_k_norm"},
            {"mlp.gate_proj", "ffn_gate"},
            {"mlp.up_proj", "ffn_up"},
            {"mlp.down_proj", "ffn_down"},
        };
        String result = name;
        for (String[] part : parts) {
            result = result.replace(part[0], part[1]);
        }
        return result;
    }

    /** reshape(heads, 2, d/2, cols), swap the two in the middle. */
    private static byte[] interleave(TensorView tensor, int heads) {
        byte[] source = tensor.data().toArray(ValueLayout.JAVA_BYTE);
        if (heads == 0) {
            return source;
        }
        int rows = Math.toIntExact(tensor.shape().getFirst());
        int rowBytes = source.length / rows;
        int half = rows / heads / 2;
        byte[] result = new byte[source.length];
        int to = 0;
        for (int head = 0; head < heads; head++) {
            for (int i = 0; i < half; i++) {
                for (int j = 0; j < 2; j++) {
                    int from = (head * 2 + j) * half + i;
                    System.arraycopy(source, from * rowBytes, result, to, rowBytes);
                    to += rowBytes;
                }
            }
        }
        return result;
    }

    /** A model of one tiny layer whose tokenizer is that of a folder. */
    static TestGguf tokenizerAlone(Path folder, int bos, int eos) {
        TestGguf gguf = TestModels.model("llama", 1, SeededCases.generator(1));
        tokenizer(gguf, folder, bos, eos);
        int size = 1 + tokens(Json.readObject(folder.resolve("tokenizer.json"))).lastKey();
        gguf.withoutTensor("token_embd.weight");
        byte[] zeros = new byte[size * GgufType.Q8_0.blockBytes()];
        gguf.tensor("token_embd.weight", GgufType.Q8_0, zeros, size, TestModels.HIDDEN);
        return gguf;
    }

    private static void tokenizer(TestGguf gguf, Path folder, int bos, int eos) {
        JsonObject json = Json.readObject(folder.resolve("tokenizer.json"));
        JsonObject model = json.object("model").orElseThrow();
        boolean sentencePiece = model.bool("byte_fallback").orElse(false);
        SortedMap<Integer, String> byId = tokens(json);
        List<String> tokens = new ArrayList<>();
        for (int id = 0; id <= byId.lastKey(); id++) {
            tokens.add(byId.getOrDefault(id, "[PAD" + id + "]"));
        }
        int[] types = new int[tokens.size()];
        Arrays.fill(types, 1);
        for (int id = 0; id < types.length; id++) {
            types[id] = !byId.containsKey(id) ? 5 : tokens.get(id).matches("<0x[0-9A-F]{2}>") && sentencePiece ? 6 : 1;
        }
        for (Object added : json.list("added_tokens").orElse(List.of())) {
            Map<?, ?> token = (Map<?, ?>) added;
            int id = ((Long) token.get("id")).intValue();
            boolean unknown = sentencePiece && token.get("content").equals(model.get("unk_token"));
            types[id] = unknown ? 2 : Boolean.TRUE.equals(token.get("special")) ? 3 : 4;
        }
        gguf.put("tokenizer.ggml.model", sentencePiece ? "llama" : "gpt2")
                .texts("tokenizer.ggml.tokens", tokens)
                .ints("tokenizer.ggml.token_type", types)
                .put("tokenizer.ggml.bos_token_id", bos)
                .put("tokenizer.ggml.eos_token_id", eos)
                .put(
                        "tokenizer.ggml.add_bos_token",
                        Json.write(json.get("post_processor")).contains("TemplateProcessing"));
        if (sentencePiece) {
            gguf.without("tokenizer.ggml.pre").without("tokenizer.ggml.merges");
            gguf.floats("tokenizer.ggml.scores", scores(tokens, types));
            return;
        }
        String split = Json.write(json.get("pre_tokenizer"));
        gguf.put(
                "tokenizer.ggml.pre",
                split.contains("Digits")
                        ? "smollm"
                        : split.contains("{1,3}") ? "llama-bpe" : split.contains("Split") ? "qwen2" : "gpt-2");
        gguf.texts(
                "tokenizer.ggml.merges",
                model.list("merges").orElseThrow().stream()
                        .map(merge -> merge instanceof List<?> pair ? pair.get(0) + " " + pair.get(1) : (String) merge)
                        .toList());
    }

    /** SentencePiece numbers the pieces as it finds them and scores them so; runs of blanks were added at the end. */
    private static float[] scores(List<String> tokens, int[] types) {
        float[] scores = new float[types.length];
        int next = 0;
        for (int id = 0; id < types.length; id++) {
            boolean blanks = tokens.get(id).length() > 1 && tokens.get(id).matches("\u2581+");
            scores[id] = types[id] != 1 ? 0 : blanks ? -1e9f : -next;
            next += types[id] == 1 ? 1 : 0;
        }
        return scores;
    }

    private static SortedMap<Integer, String> tokens(JsonObject json) {
        SortedMap<Integer, String> tokens = new TreeMap<>();
        json.object("model")
                .orElseThrow()
                .object("vocab")
                .orElseThrow()
                .asMap()
                .forEach((token, id) -> tokens.put(((Long) id).intValue(), token));
        for (Object added : json.list("added_tokens").orElse(List.of())) {
            Map<?, ?> token = (Map<?, ?>) added;
            tokens.put(((Long) token.get("id")).intValue(), (String) token.get("content"));
        }
        return tokens;
    }

    /** The type a model's weights have. */
    static DType dtype(Path folder) {
        try (SafetensorsFile file =
                SafetensorsFile.open(TestFolders.files(folder, ".safetensors").getFirst())) {
            return file.tensors().values().iterator().next().dtype();
        }
    }
}
