package dev.mimic.loader.gguf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.safetensors.DType;
import dev.mimic.testkit.SeededCases;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a GGUF import refuses, by name and before anything is written. */
class GgufImportRefusalTest {
    private static final GgufImport.Progress QUIET = (tensor, done, total) -> {};

    @TempDir
    Path folder;

    private final RandomGenerator random = SeededCases.generator(8);

    private TestGguf llama() {
        return TestModels.model("llama", 2, random);
    }

    private void assertRefused(TestGguf gguf, String... words) throws IOException {
        Path target = folder.resolve("model");
        Path file = gguf.write(folder.resolve("m.gguf"));
        String message = assertThrows(InvalidModelException.class, () -> GgufImport.run(file, target, DType.F32, QUIET))
                .getMessage();
        assertTrue(message.startsWith("m.gguf: "), message);
        for (String word : words) {
            assertTrue(message.contains(word), message + " should hold " + word);
        }
        assertOnlyTheFileIsThere();
    }

    private void assertOnlyTheFileIsThere() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(List.of(folder.resolve("m.gguf")), files.toList());
        }
    }

    @Test
    void whatTheFolderCannotSayIsRefusedByName() throws IOException {
        assertRefused(llama().put("general.architecture", "gemma"), "general.architecture", "gemma");
        assertRefused(llama().without("general.architecture"), "general.architecture", "missing");
        assertRefused(llama().put("llama.expert_count", 8), "llama.expert_count", "found 8");
        assertRefused(
                llama().put("llama.attn_logit_softcapping", 30f), "llama.attn_logit_softcapping", "not supported");
        assertRefused(llama().put("llama.rope.scaling.type", "yarn"), "llama.rope.scaling.type", "yarn");
        assertRefused(llama().put("llama.rope.dimension_count", 4), "llama.rope.dimension_count", "expected 8");
        assertRefused(llama().put("llama.attention.value_length", 16), "llama.attention.value_length");
        assertRefused(llama().ints("llama.attention.head_count_kv", 2, 1), "llama.attention.head_count_kv");
        assertRefused(llama().put("llama.attention.head_count", 3), "llama.attention.head_count", "divisor");
        assertRefused(llama().put("llama.attention.head_count_kv", 3), "llama.attention.head_count_kv", "divisor");
        assertRefused(llama().put("llama.attention.head_count", 0), "llama.attention.head_count", "found 0");
        assertRefused(llama().put("llama.block_count", 1 << 30), "llama.block_count");
        assertRefused(llama().put("llama.vocab_size", 9), "llama.vocab_size", "expected 8");
        assertRefused(llama().put("llama.rope.freq_base", -1f), "llama.rope.freq_base", "positive");
        assertRefused(llama().without("llama.context_length"), "llama.context_length", "missing");
        assertRefused(
                TestModels.model("qwen2", 1, random).put("qwen2.attention.sliding_window", 4),
                "qwen2.attention.sliding_window");
    }

    @Test
    void tensorsThatAreMissingLeftOverOrOfAnotherShapeAreRefusedByName() throws IOException {
        assertRefused(llama().withoutTensor("blk.1.ffn_up.weight"), "blk.1.ffn_up.weight", "missing", "[64, 32]");
        assertRefused(llama().withoutTensor("token_embd.weight"), "token_embd.weight", "missing");
        TestGguf more = llama();
        TestModels.add(more, "blk.0.attn_sinks.weight", random, 4);
        assertRefused(more, "blk.0.attn_sinks.weight", "not supported");
        TestGguf wrong = llama().withoutTensor("blk.0.ffn_up.weight");
        TestModels.add(wrong, "blk.0.ffn_up.weight", random, 32, 64);
        assertRefused(wrong, "blk.0.ffn_up.weight", "expected shape [64, 32], found [32, 64]");
        TestGguf half = llama();
        TestModels.biases(half, "blk.0.", random);
        assertRefused(half, "blk.0.attn_output.bias", "missing");
    }

    @Test
    void tokenizersThatDoNotFitAreRefusedByName() throws IOException {
        assertRefused(llama().put("tokenizer.ggml.model", "bert"), "tokenizer.ggml.model", "bert");
        assertRefused(llama().without("tokenizer.ggml.model"), "tokenizer.ggml.model", "missing");
        assertRefused(llama().put("tokenizer.ggml.pre", "tekken"), "tokenizer.ggml.pre", "tekken");
        assertRefused(llama().without("tokenizer.ggml.pre"), "tokenizer.ggml.pre", "missing");
        assertRefused(llama().without("tokenizer.ggml.merges"), "tokenizer.ggml.merges", "missing");
        assertRefused(
                llama().texts("tokenizer.ggml.merges", List.of("a z")), "tokenizer.ggml.merges", "merge 0", "a z");
        assertRefused(llama().texts("tokenizer.ggml.merges", List.of("ab")), "tokenizer.ggml.merges", "merge 0");
        assertRefused(llama().put("tokenizer.ggml.bos_token_id", 8), "tokenizer.ggml.bos_token_id", "below 8");
        assertRefused(llama().ints("tokenizer.ggml.token_type", 1, 1), "tokenizer.ggml.token_type", "8 items");
        assertRefused(
                llama().ints("tokenizer.ggml.token_type", 0, 3, 3, 4, 1, 1, 1, 1),
                "tokenizer.ggml.token_type",
                "token 0");
        assertRefused(
                llama().texts("tokenizer.ggml.tokens", List.of("a", "b", "c", "d", "e", "f", "g", "c")),
                "tokenizer.ggml.tokens",
                "token 7",
                "token 2");
        List<String> nine = new ArrayList<>(TestModels.TOKENS);
        nine.add("d");
        assertRefused(llama().texts("tokenizer.ggml.tokens", nine), "tokenizer.ggml.tokens", "1 to 8", "found 9");
        assertRefused(
                TestModels.sentencePiece(llama(), random).without("tokenizer.ggml.scores"),
                "tokenizer.ggml.scores",
                "missing");
        assertRefused(
                TestModels.sentencePiece(llama(), random).put("tokenizer.ggml.remove_extra_whitespaces", true),
                "remove_extra_whitespaces");
    }

    @Test
    void ropeFactorsOfAnotherRuleAreRefused() throws IOException {
        TestGguf gguf = llama().tensor("rope_freqs.weight", GgufType.F32, TestGguf.floatBytes(1, 2, 3, 4), 4);
        assertRefused(gguf, "rope_freqs.weight", "Llama 3");
    }
}
