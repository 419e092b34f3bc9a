package dev.mimic.loader.gguf;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.random.RandomGenerator;

/** Small sound models as GGUF files, random but for their form: 4 heads of 8, 2 of them with keys, feed-forward 48. */
final class TestModels {
    static final int HIDDEN = 32;
    static final int WIDE = 64;
    static final int HEADS = 4;
    static final int KV_HEADS = 2;
    static final int HEAD_SIZE = 8;
    static final List<String> TOKENS = List.of("<pad>", "<bos>", "<eos>", "<tool>", "a", "b", "ab", "c");

    private TestModels() {}

    /** A model of an architecture whose every weight is F32. */
    static TestGguf model(String architecture, int layers, RandomGenerator random) {
        TestGguf gguf = keys(architecture, layers);
        tokenizer(gguf);
        add(gguf, "token_embd.weight", random, TOKENS.size(), HIDDEN);
        for (int layer = 0; layer < layers; layer++) {
            String prefix = "blk." + layer + ".";
            add(gguf, prefix + "attn_norm.weight", random, HIDDEN);
            add(gguf, prefix + "attn_q.weight", random, HEADS * HEAD_SIZE, HIDDEN);
            add(gguf, prefix + "attn_k.weight", random, KV_HEADS * HEAD_SIZE, HIDDEN);
            add(gguf, prefix + "attn_v.weight", random, KV_HEADS * HEAD_SIZE, HIDDEN);
            add(gguf, prefix + "attn_output.weight", random, HIDDEN, HEADS * HEAD_SIZE);
            if (architecture.equals("qwen2")) {
                biases(gguf, prefix, random);
            }
            if (architecture.equals("qwen3")) {
                add(gguf, prefix + "attn_q_norm.weight", random, HEAD_SIZE);
                add(gguf, prefix + "attn_k_norm.weight", random, HEAD_SIZE);
            }
            add(gguf, prefix + "ffn_norm.weight", random, HIDDEN);
            add(gguf, prefix + "ffn_gate.weight", random, WIDE, HIDDEN);
            add(gguf, prefix + "ffn_up.weight", random, WIDE, HIDDEN);
            add(gguf, prefix + "ffn_down.weight", random, HIDDEN, WIDE);
        }
        add(gguf, "output_norm.weight", random, HIDDEN);
        return gguf;
    }

    /** Biases of q, k and v. */
    static void biases(TestGguf gguf, String prefix, RandomGenerator random) {
        add(gguf, prefix + "attn_q.bias", random, HEADS * HEAD_SIZE);
        add(gguf, prefix + "attn_k.bias", random, KV_HEADS * HEAD_SIZE);
        add(gguf, prefix + "attn_v.bias", random, KV_HEADS * HEAD_SIZE);
    }

    static void add(TestGguf gguf, String name, RandomGenerator random, long... shape) {
        add(gguf, name, GgufType.F32, random, shape);
    }

    static void add(TestGguf gguf, String name, GgufType type, RandomGenerator random, long... shape) {
        long elements = 1;
        for (long dimension : shape) {
            elements *= dimension;
        }
        gguf.tensor(name, type, BlockOracle.randomBlocks(type, (int) elements / type.blockSize(), random), shape);
    }

    private static TestGguf keys(String architecture, int layers) {
        return new TestGguf()
                .put("general.architecture", architecture)
                .put("general.name", "tiny")
                .put(architecture + ".block_count", layers)
                .put(architecture + ".context_length", 128)
                .put(architecture + ".embedding_length", HIDDEN)
                .put(architecture + ".feed_forward_length", WIDE)
                .put(architecture + ".attention.head_count", HEADS)
                .put(architecture + ".attention.head_count_kv", KV_HEADS)
                .put(architecture + ".attention.layer_norm_rms_epsilon", 1e-6f)
                .put(architecture + ".rope.freq_base", 10000f);
    }

    private static void tokenizer(TestGguf gguf) {
        gguf.put("tokenizer.ggml.model", "gpt2")
                .put("tokenizer.ggml.pre", "smollm")
                .texts("tokenizer.ggml.tokens", TOKENS)
                .ints("tokenizer.ggml.token_type", 3, 3, 3, 4, 1, 1, 1, 1)
                .texts("tokenizer.ggml.merges", List.of("a b"))
                .put("tokenizer.ggml.bos_token_id", 1)
                .put("tokenizer.ggml.eos_token_id", 2);
    }

    /** Turns the tokenizer into SentencePiece's: the byte tokens and a few pieces, more falling in score. */
    static TestGguf sentencePiece(TestGguf gguf, RandomGenerator random) {
        List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
        for (int b = 0; b < 256; b++) {
            tokens.add(String.format(Locale.ROOT, "<0x%02X>", b));
        }
        tokens.addAll(List.of("\u2581a", "ab", "\u2581ab", "a", "b", "\u2581"));
        int[] types = new int[tokens.size()];
        float[] scores = new float[tokens.size()];
        for (int id = 0; id < types.length; id++) {
            types[id] = id == 0 ? 2 : id < 3 ? 3 : id < 259 ? 6 : 1;
            scores[id] = id < 259 ? 0 : 259 - id;
        }
        gguf.withoutTensor("token_embd.weight");
        add(gguf, "token_embd.weight", random, tokens.size(), HIDDEN);
        return gguf.without("tokenizer.ggml.pre")
                .without("tokenizer.ggml.merges")
                .put("tokenizer.ggml.model", "llama")
                .texts("tokenizer.ggml.tokens", tokens)
                .ints("tokenizer.ggml.token_type", types)
                .floats("tokenizer.ggml.scores", scores);
    }
}
