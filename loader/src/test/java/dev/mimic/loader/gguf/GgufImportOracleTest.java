package dev.mimic.loader.gguf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.mimic.loader.json.Json;
import dev.mimic.loader.json.JsonObject;
import dev.mimic.loader.safetensors.DType;
import dev.mimic.loader.safetensors.SafetensorsFile;
import dev.mimic.loader.safetensors.TensorView;
import dev.mimic.testkit.TestFolders;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Models and tokenizers made into GGUF files as llama.cpp's converter does must come back as they were. */
class GgufImportOracleTest {
    private static final String SUITE = "GGUF import";

    @TempDir
    Path folder;

    @TestFactory
    Stream<DynamicTest> modelsComeBackBitForBit() {
        return TestFolders.subFolders(TestFolders.oracle().resolve("models")).stream()
                .map(model -> dynamicTest(model.getFileName().toString(), () -> comesBack(model)));
    }

    private void comesBack(Path model) {
        TestFolders.used(SUITE, model.getFileName());
        DType dtype = FolderToGguf.dtype(model);
        Path target = folder.resolve(model.getFileName());
        GgufImport.run(
                FolderToGguf.model(model).write(folder.resolve(model.getFileName() + ".gguf")),
                target,
                dtype,
                (tensor, done, total) -> {});
        int tensors = 0;
        try (SafetensorsFile made = SafetensorsFile.open(target.resolve("model.safetensors"))) {
            for (Path file : TestFolders.files(model, ".safetensors")) {
                try (SafetensorsFile original = SafetensorsFile.open(file)) {
                    for (TensorView expected : original.tensors().values()) {
                        TensorView found = made.tensor(expected.name()).orElseThrow();
                        assertEquals(expected.shape(), found.shape());
                        assertEquals(expected.dtype(), found.dtype());
                        assertEquals(-1, expected.data().mismatch(found.data()), expected.name());
                        tensors++;
                    }
                }
            }
            assertEquals(tensors, made.tensors().size());
        }
        sameConfiguration(
                Json.readObject(model.resolve("config.json")), Json.readObject(target.resolve("config.json")));
        sameTokenizer(
                Json.readObject(model.resolve("tokenizer.json")), Json.readObject(target.resolve("tokenizer.json")));
    }

    /** Every field that both have, but the description of what made them; Mistral without a window is Llama. */
    private static void sameConfiguration(JsonObject original, JsonObject made) {
        boolean asLlama = original.text("model_type").equals(Optional.of("mistral")) && !original.has("sliding_window");
        for (String name : original.names()) {
            if (!made.has(name)
                    || (asLlama && List.of("architectures", "model_type").contains(name))) {
                continue;
            }
            if (original.get(name) instanceof Number number) {
                assertEquals(
                        number.floatValue(), made.number(name).orElseThrow().floatValue(), name);
            } else if (original.get(name) instanceof Map<?, ?> map) {
                map.forEach((key, value) -> assertEquals(
                        String.valueOf(value instanceof Number n ? n.doubleValue() : value),
                        String.valueOf(
                                made.object(name).orElseThrow().get((String) key) instanceof Number n
                                        ? n.doubleValue()
                                        : made.object(name).orElseThrow().get((String) key)),
                        name + "." + key));
            } else {
                assertEquals(original.get(name), made.get(name), name);
            }
        }
        for (String name : List.of("hidden_size", "rope_scaling", "sliding_window", "tie_word_embeddings")) {
            assertEquals(original.has(name), made.has(name), name);
        }
    }

    @TestFactory
    Stream<DynamicTest> realTokenizersComeBackAsTheyWere() {
        Path tokenizers = TestFolders.sharedOrSkip(SUITE + ", real tokenizers", "../tokenizers", "tokenizers");
        return TestFolders.subFolders(tokenizers).stream()
                .map(tokenizer -> dynamicTest(tokenizer.getFileName().toString(), () -> {
                    TestFolders.used(SUITE, tokenizer.getFileName());
                    JsonObject original = Json.readObject(tokenizer.resolve("tokenizer.json"));
                    int bos = bos(original);
                    Path file = FolderToGguf.tokenizerAlone(tokenizer, bos, bos).write(folder.resolve("t.gguf"));
                    try (GgufFile gguf = GgufFile.open(file)) {
                        String made =
                                GgufImport.prepare(gguf, DType.F32).texts().get("tokenizer.json");
                        sameTokenizer(original, Json.parseObject(made.getBytes(StandardCharsets.UTF_8), "made"));
                    }
                }));
    }

    private static int bos(JsonObject tokenizer) {
        String post = Json.write(tokenizer.get("post_processor"));
        int at = post.indexOf("\"ids\":[");
        return at < 0 ? 0 : Integer.parseInt(post.substring(at + 7, post.indexOf(']', at)));
    }

    private static void sameTokenizer(JsonObject original, JsonObject made) {
        JsonObject theirs = original.object("model").orElseThrow();
        JsonObject ours = made.object("model").orElseThrow();
        assertSameMerges(
                merges(theirs), merges(ours), theirs.bool("byte_fallback").orElse(false));
        assertEquals(allTokens(original), allTokens(made));
        assertEquals(
                original.list("added_tokens").orElseThrow(),
                made.list("added_tokens").orElseThrow());
        for (String name : List.of("unk_token", "byte_fallback", "ignore_merges", "fuse_unk")) {
            Object expected = theirs.get(name);
            assertEquals(expected == null && !name.equals("unk_token") ? false : expected, ours.get(name), name);
        }
        assertSameSteps("post_processor", original, made);
        assertSameSteps("decoder", original, made);
        boolean metaspace = Json.write(original.get("pre_tokenizer")).contains("Metaspace");
        if (metaspace) { // a GGUF file does not tell it from the normalizer that does the same at the start of a text
            assertTrue(Json.write(made.get("normalizer")).contains("Prepend"));
        } else {
            assertSameSteps("normalizer", original, made);
            assertSameSteps("pre_tokenizer", original, made);
        }
    }

    /**
     * The same merges in the same order. Scores imply every way to make a piece; a tokenizer that was trained for a test
     * may list the one way it found.
     */
    private static void assertSameMerges(List<Object> original, List<Object> made, boolean fromScores) {
        if (!fromScores || original.size() == made.size()) {
            assertEquals(original, made);
            return;
        }
        Set<Object> listed = new HashSet<>(original);
        assertEquals(original, made.stream().filter(listed::contains).toList());
    }

    private static void assertSameSteps(String name, JsonObject original, JsonObject made) {
        assertEquals(withoutOffsets(original.get(name)), withoutOffsets(made.get(name)), name);
    }

    /** What a byte-level step says of offsets, and a post-processor or decoder of prefixes, is without effect on ids. */
    private static String withoutOffsets(Object steps) {
        return Json.write(steps)
                .replaceAll("\"ByteLevel\",\"add_prefix_space\":\\w+,\"trim_offsets\":\\w+", "\"ByteLevel\"")
                .replaceAll("\"ByteLevel\",\"use_regex\":\\w+}$", "\"ByteLevel\"}");
    }

    private static List<Object> merges(JsonObject model) {
        List<Object> pairs = new ArrayList<>();
        for (Object merge : model.list("merges").orElseThrow()) {
            pairs.add(merge instanceof String line ? List.of(line.split(" ", 2)) : merge);
        }
        return pairs;
    }

    /** Whether a special token stands in the vocabulary too differs among tokenizers and changes no id. */
    private static Map<Object, Object> allTokens(JsonObject tokenizer) {
        Map<Object, Object> tokens = new LinkedHashMap<>(tokenizer
                .object("model")
                .orElseThrow()
                .object("vocab")
                .orElseThrow()
                .asMap());
        for (Object added : tokenizer.list("added_tokens").orElseThrow()) {
            tokens.put(((Map<?, ?>) added).get("content"), ((Map<?, ?>) added).get("id"));
        }
        return tokens;
    }
}
