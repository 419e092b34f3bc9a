package dev.mimic.loader.gguf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.loader.json.Json;
import dev.mimic.loader.safetensors.DType;
import dev.mimic.loader.tokenizer.Tokenizer;
import dev.mimic.testkit.Smollm2;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The tokenizer that comes out of SmolLM2's GGUF file gives the ids that llama.cpp gives. */
class SmolLm2TokenizerTest {
    private static final String SUITE = "SmolLM2 tokenizer";

    @TempDir
    Path folder;

    private Tokenizer tokenizer() throws IOException {
        try (GgufFile gguf = GgufFile.open(Smollm2.ggufOrSkip(SUITE))) {
            for (Map.Entry<String, String> text :
                    GgufImport.prepare(gguf, DType.F32).texts().entrySet()) {
                Files.writeString(folder.resolve(text.getKey()), text.getValue());
            }
        }
        return Tokenizer.open(folder);
    }

    @Test
    void everyCaseHasTheIdsOfTheGoldens() throws IOException {
        Tokenizer tokenizer = tokenizer();
        List<Object> cases = Json.readObject(Smollm2.goldensOrSkip(SUITE).resolve("smollm2.json"))
                .list("cases")
                .orElseThrow();
        assertTrue(!cases.isEmpty());
        for (Object one : cases) {
            Map<?, ?> map = (Map<?, ?>) one;
            String text = (String) (map.get("rendered") != null ? map.get("rendered") : map.get("text_of_prompt"));
            int[] ids = ids(map.get("ids"));
            assertArrayEquals(ids, tokenizer.encode(text, true), text);
            assertEquals(text, tokenizer.decode(ids, false));
            assertEquals(map.get("new_text"), tokenizer.decode(ids(map.get("new_ids")), true));
        }
    }

    @Test
    void itNamesTheModelsSpecialTokensAndTemplate() throws IOException {
        Tokenizer tokenizer = tokenizer();
        assertEquals(49152, tokenizer.vocabularySize());
        assertEquals(1, tokenizer.idOf("<|im_start|>").orElseThrow());
        assertTrue(tokenizer.isSpecial(2));
        assertEquals("<|im_end|>", tokenizer.config().eosToken().orElseThrow());
    }

    private static int[] ids(Object list) {
        return ((List<?>) list).stream().mapToInt(id -> ((Long) id).intValue()).toArray();
    }
}
