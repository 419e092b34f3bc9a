package dev.mimic.loader.tokenizer;

import static dev.mimic.loader.tokenizer.TinyTokenizer.object;

import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.json.Json;
import dev.mimic.testkit.FuzzOutcomes;
import dev.mimic.testkit.Fuzzer;
import dev.mimic.testkit.JsonMutations;
import dev.mimic.testkit.TestFolders;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A broken tokenizer.json ends in one line; one that opens encodes and decodes. */
final class TokenizerFuzzTest {
    private static final String TEXT =
            "Hello, <|im_start|> w\u00f6rld's 123\n\n \t\u4e2d\u6587 \ud83d\ude00 \ud800 \u2581 ab " + "x".repeat(300);

    @TempDir
    private Path folder;

    @Test
    void aBrokenTokenizerIsRefusedInOneLine() throws IOException {
        Path file = folder.resolve("tokenizer.json");
        FuzzOutcomes outcomes = Fuzzer.run(
                "tokenizer.json",
                seeds(),
                JsonMutations::any,
                input -> {
                    Files.write(file, input);
                    Tokenizer tokenizer = Tokenizer.open(folder);
                    int[] ids = tokenizer.encode(TEXT, true);
                    tokenizer.decode(ids, false);
                    tokenizer.decode(ids, true);
                },
                InvalidModelException.class);
        if (Fuzzer.cases() >= 2000) {
            outcomes.assertSeen(
                    "not valid JSON",
                    "model.vocab: token",
                    "model.merges[N]: expected tokens of the vocabulary",
                    "expected an id of its own",
                    "missing");
        }
    }

    @Test
    void brokenNamesBesideTheTokenizerAreRefusedInOneLine() throws IOException {
        Files.writeString(
                folder.resolve("tokenizer.json"), TinyTokenizer.byteLevel().json());
        Path file = folder.resolve("tokenizer_config.json");
        String config = """
                {"bos_token": {"content": "<s>"}, "eos_token": "</s>", "pad_token": null,
                 "chat_template": [{"name": "default", "template": "A"}, {"name": "tool_use", "template": "B"}]}""";
        Fuzzer.run(
                "tokenizer_config.json",
                List.of(config.getBytes(StandardCharsets.UTF_8)),
                JsonMutations::any,
                input -> {
                    Files.write(file, input);
                    Tokenizer.open(folder).config().chatTemplate();
                },
                InvalidModelException.class);
    }

    /** Small tokenizers: a large vocabulary would take most of the edits. */
    private static List<byte[]> seeds() throws IOException {
        Map<String, Object> blank = object("String", " ");
        Map<String, Object> mark = object("String", "\u2581");
        List<byte[]> seeds = new ArrayList<>();
        seeds.add(bytes(TinyTokenizer.byteLevel().added("<|im_start|>", 259, "special", "lstrip")));
        seeds.add(bytes(TinyTokenizer.letters()
                .added("<|im_start|>", 10, "special")
                .set(
                        "normalizer",
                        sequence(
                                "normalizers",
                                object("type", "NFKC"),
                                object("type", "Prepend", "prepend", "\u2581"),
                                object("type", "Replace", "pattern", blank, "content", "\u2581")))
                .set(
                        "decoder",
                        sequence(
                                "decoders",
                                object("type", "Replace", "pattern", mark, "content", " "),
                                object("type", "ByteFallback"),
                                object("type", "Fuse"),
                                object("type", "Strip", "content", " ", "start", 1, "stop", 0)))
                .set("post_processor", template())));
        seeds.add(bytes(TinyTokenizer.letters()
                .merges(List.of("a", "b"), List.of("ab", "c"))
                .set("normalizer", sequence("normalizers", object("type", "Lowercase"), object("type", "StripAccents")))
                .set("pre_tokenizer", sequence("pretokenizers", split(), metaspace(), object("type", "Digits")))
                .set("decoder", metaspace())
                .set("post_processor", sequence("processors", object("type", "ByteLevel"), template()))));
        Path model = TestFolders.root().resolve("oracle/models/llama-bf16/tokenizer.json");
        // on one line: blanks would take most of the edits
        seeds.add(bytes(Json.write(Json.parse(Files.readAllBytes(model), "seed"))));
        return seeds;
    }

    private static Map<String, Object> split() {
        // no known expression, so that it is compiled
        Map<String, Object> regex = object("Regex", WordPattern.LLAMA3.replace("3", "4"));
        return object("type", "Split", "pattern", regex, "behavior", "Isolated", "invert", false);
    }

    private static Map<String, Object> metaspace() {
        return object("type", "Metaspace", "replacement", "\u2581", "prepend_scheme", "first", "split", true);
    }

    private static Map<String, Object> template() {
        return object(
                "type",
                "TemplateProcessing",
                "single",
                List.of(
                        object("SpecialToken", object("id", "<unk>", "type_id", 0)),
                        object("Sequence", object("id", "A", "type_id", 0))),
                "special_tokens",
                object("<unk>", object("id", "<unk>", "ids", List.of(0), "tokens", List.of("<unk>"))));
    }

    private static Map<String, Object> sequence(String name, Object... members) {
        return object("type", "Sequence", name, List.of(members));
    }

    private static byte[] bytes(String json) {
        return json.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] bytes(TinyTokenizer tiny) {
        return bytes(tiny.json());
    }
}
