package dev.mimic.loader.tokenizer;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.mimic.loader.json.Json;
import dev.mimic.loader.json.JsonObject;
import dev.mimic.testkit.TestFolders;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.function.Executable;

/** The ids and texts that Hugging Face's tokenizers give: every text of every golden file. */
final class TokenizerOracleTest {
    private static final String SUITE = "tokenizer goldens";

    @TestFactory
    Stream<DynamicTest> everyTextHasTheIdsAndTheTextOfTheGoldenFile() {
        Path folder = TestFolders.sharedOrSkip(SUITE, "tokenizer_goldens", "oracle/tokenizer_goldens");
        List<Path> files = TestFolders.files(folder, ".json");
        assertFalse(files.isEmpty(), "no golden file in " + folder);
        return files.stream()
                .map(file -> DynamicTest.dynamicTest(file.getFileName().toString(), () -> check(file)));
    }

    private static void check(Path file) {
        JsonObject goldens = Json.readObject(file);
        String name = goldens.text("tokenizer").orElseThrow();
        Path model = model(name).orElseThrow(() -> TestFolders.skip(SUITE + ": " + name, "no tokenizer of this name"));
        Tokenizer tokenizer = Tokenizer.open(model);
        List<JsonObject> cases = goldens.objects("cases").orElseThrow();
        assertFalse(cases.isEmpty(), "no case in " + file);
        assertAll(cases.stream().map(example -> (Executable) () -> check(tokenizer, example)));
        TestFolders.used(SUITE, name + ", " + cases.size() + " texts");
    }

    private static void check(Tokenizer tokenizer, JsonObject example) {
        String text = example.text("text").orElseThrow();
        String context = Json.write(text);
        int[] ids = ids(example, "ids");
        int[] withSpecial = ids(example, "ids_with_special");
        String decoded = example.text("decoded").orElseThrow();
        String skipped = example.text("decoded_skip_special").orElseThrow();
        assertArrayEquals(ids, tokenizer.encode(text, false), context);
        assertArrayEquals(withSpecial, tokenizer.encode(text, true), context);
        assertEquals(decoded, tokenizer.decode(ids, false), context);
        assertEquals(skipped, tokenizer.decode(withSpecial, true), context);
        assertEquals(decoded, streamed(tokenizer, ids, false), context);
        assertEquals(skipped, streamed(tokenizer, withSpecial, true), context);
    }

    private static String streamed(Tokenizer tokenizer, int[] ids, boolean skipSpecial) {
        StreamingDecoder decoder = tokenizer.streamingDecoder(skipSpecial);
        StringBuilder text = new StringBuilder();
        for (int id : ids) {
            String piece = decoder.append(id);
            boolean split = !piece.isEmpty() && Character.isHighSurrogate(piece.charAt(piece.length() - 1));
            assertFalse(split, "a character was split");
            text.append(piece);
        }
        return text.append(decoder.finish()).toString();
    }

    private static int[] ids(JsonObject example, String name) {
        return example.list(name).orElseThrow().stream()
                .mapToInt(id -> Math.toIntExact((Long) id))
                .toArray();
    }

    /** The folder of a tokenizer: a model of the pack, or a full-size tokenizer beside it. */
    private static Optional<Path> model(String name) {
        List<Path> places = new ArrayList<>();
        places.add(TestFolders.oracle().resolve("models").resolve(name));
        places.add(TestFolders.sharedOrSkip("full-size tokenizers", "../tokenizers", "tokenizers")
                .resolve(name));
        if (name.equals("tok512")) {
            places.add(TestFolders.sharedOrSkip("stories260K", "stories260K/model", "oracle/stories260K/model"));
        }
        return places.stream()
                .filter(folder -> Files.isRegularFile(folder.resolve("tokenizer.json")))
                .findFirst();
    }
}
