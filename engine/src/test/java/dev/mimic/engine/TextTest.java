package dev.mimic.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.engine.GenerationResult.FinishReason;
import dev.mimic.engine.sampling.SamplingOptions;
import dev.mimic.loader.InvalidModelException;
import dev.mimic.testkit.RandomFolder;
import dev.mimic.testkit.TestFolders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Replies as text: streams, stop strings, chat. */
final class TextTest {
    @TempDir
    static Path temporary;

    private static Path tokenizers;
    private static Path model;

    /** A random model that speaks through a tokenizer of the project's oracle models, and has a chat template. */
    @BeforeAll
    static void write() throws IOException {
        tokenizers = TestFolders.root().resolve("oracle/models/mistral-sw8-sharded");
        model = RandomFolder.write(
                temporary.resolve("model"), "llama", "LlamaForCausalLM", 1, Map.of("vocab_size", 400));
        Files.copy(tokenizers.resolve("tokenizer.json"), model.resolve("tokenizer.json"));
        Files.writeString(model.resolve("tokenizer_config.json"), """
                {"bos_token": "<s>", "chat_template":
                 "{{ bos_token }}{% for m in messages %}[{{ m.role }}] {{ m.content }}{% endfor %}{{ mark }}"}""");
    }

    /** Sampled, so that the text is of many tokens and scripts. */
    private static GenerationRequest request(String prompt) {
        return GenerationRequest.of(prompt)
                .withSampling(SamplingOptions.GREEDY.withTemperature(1).withSeed(4))
                .withMaxTokens(60)
                .withIgnoreEos(true);
    }

    @Test
    void replyContinuesThePromptsText() {
        try (Engine engine = Engine.open(model)) {
            GenerationResult result = engine.generate(request("Once upon"));
            int[] whole = Stream.of(result.promptIds(), result.ids())
                    .flatMapToInt(Arrays::stream)
                    .toArray();
            assertEquals(
                    engine.tokenizer().decode(whole, true),
                    engine.tokenizer().decode(result.promptIds(), true) + result.text());
            assertArrayEquals(engine.tokenizer().encode("Once upon", true), result.promptIds());
            int[] bare = engine.generate(request("Once upon").withNoBos(true)).promptIds();
            assertArrayEquals(engine.tokenizer().encode("Once upon", false), bare);
        }
    }

    @Test
    void blankOfTheFirstTokenIsKept() {
        try (Engine engine = Engine.open(model)) {
            int id = 0;
            while (!engine.tokenizer().tokenOf(id).orElse("").matches("\u2581[a-z]+")) {
                id++;
            }
            SamplingOptions always = SamplingOptions.GREEDY.withLogitBias(Map.of(id, 1000f));
            GenerationRequest request =
                    GenerationRequest.of("Once").withSampling(always).withMaxTokens(2);
            String word = engine.tokenizer().tokenOf(id).orElseThrow().replace('\u2581', ' ');
            assertEquals(word + word, engine.generate(request).text());
        }
    }

    @Test
    void piecesOfAListenerAndOfAStreamAreTheWholeText() {
        try (Engine engine = Engine.open(model)) {
            String expected = engine.generate(request("A")).text();
            assertTrue(expected.length() > 20, expected);
            StringBuilder heard = new StringBuilder();
            GenerationResult result = engine.generate(request("A"), heard::append);
            assertEquals(expected, result.text());
            assertEquals(expected, heard.toString());
            try (Stream<String> stream = engine.stream(request("A"))) {
                assertEquals(expected, stream.collect(Collectors.joining()));
            }
        }
    }

    @Test
    void closedStreamCancelsItsReply() {
        EngineOptions options = EngineOptions.DEFAULTS.withMaxBatch(1).withContextLength(100_100);
        try (Engine engine = Engine.open(model, options)) {
            try (Stream<String> stream = engine.stream(request("A").withMaxTokens(100_000))) {
                assertTrue(stream.findFirst().isPresent());
            }
            // the only place in the batch is free again, long before so many tokens
            GenerationRequest next = request("B").withMaxTokens(1).withDeadline(Duration.ofSeconds(30));
            assertEquals(FinishReason.LENGTH, engine.generate(next).finishReason());
        }
    }

    @Test
    void stopStringEndsTheTextBeforeItself() {
        try (Engine engine = Engine.open(model)) {
            GenerationResult free = engine.generate(request("A"));
            String stop = free.text().substring(9, 13);
            String expected = free.text().substring(0, free.text().indexOf(stop));
            GenerationRequest stopped = request("A").withStopStrings(List.of(stop));
            StringBuilder heard = new StringBuilder();
            GenerationResult result = engine.generate(stopped, heard::append);
            assertEquals(FinishReason.STOP, result.finishReason());
            assertEquals(expected, result.text());
            assertEquals(expected, heard.toString());
            assertEquals(expected, engine.generate(stopped).text());
            assertTrue(result.ids().length < free.ids().length);
        }
    }

    @Test
    void failureInsideAListenerReachesTheCaller() {
        try (Engine engine = Engine.open(model)) {
            AtomicInteger pieces = new AtomicInteger();
            IllegalStateException e = assertThrows(
                    IllegalStateException.class,
                    () -> engine.generate(request("A"), piece -> {
                        if (pieces.incrementAndGet() == 3) {
                            throw new IllegalStateException("planted");
                        }
                    }));
            assertEquals("planted", e.getMessage());
            assertEquals(3, pieces.get());
        }
    }

    @Test
    void chatGoesThroughTheTemplateAndIsEncodedAsItStands() {
        try (Engine engine = Engine.open(model)) {
            List<Map<String, Object>> messages = List.of(Map.of("role", "user", "content", "Hi"));
            Prompt chat = new Prompt.Chat(messages, Map.of("mark", "!"));
            int[] ids = engine.promptIds(GenerationRequest.of(chat));
            assertArrayEquals(engine.tokenizer().encode("<s>[user] Hi!", false), ids);
            assertEquals(1, ids[0]);
            assertTrue(ids[1] != 1, "one BOS, the template's own");
        }
    }

    @Test
    void chatWithoutATemplateIsAnError() throws IOException {
        Path bare = RandomFolder.write(
                temporary.resolve("bare"), "llama", "LlamaForCausalLM", 1, Map.of("vocab_size", 400));
        Files.copy(tokenizers.resolve("tokenizer.json"), bare.resolve("tokenizer.json"));
        try (Engine engine = Engine.open(bare)) {
            GenerationRequest chat = GenerationRequest.ofChat(List.of(Map.of("role", "user", "content", "Hi")));
            IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> engine.generate(chat));
            assertEquals("chat: bare has no chat template", e.getMessage());
        }
    }

    @Test
    void tokenizerLargerThanTheVocabularyIsRefused() throws IOException {
        Path small = RandomFolder.write(temporary.resolve("small"), "llama", "LlamaForCausalLM", 1, Map.of());
        Files.copy(tokenizers.resolve("tokenizer.json"), small.resolve("tokenizer.json"));
        InvalidModelException e = assertThrows(
                InvalidModelException.class, () -> Engine.open(small).close());
        assertEquals(
                "tokenizer.json: its ids go up to 399, expected below 150, the vocab_size of config.json",
                e.getMessage());
    }

    @Test
    void completionWhoseTokensDoNotContinueThePromptsIsRefused() {
        try (Engine engine = Engine.open(model)) {
            Score score = engine.score("Once upon", " a time", Adapter.NONE);
            int[] whole = engine.tokenizer().encode("Once upon a time", true);
            int[] prompt = engine.tokenizer().encode("Once upon", true);
            assertArrayEquals(Arrays.copyOfRange(whole, prompt.length, whole.length), score.ids());
            String merged = null;
            for (char c = 'a'; c <= 'z' && merged == null; c++) {
                for (char d = 'a'; d <= 'z' && merged == null; d++) {
                    boolean one = engine.tokenizer().encode("x " + c + d, true).length
                            == engine.tokenizer().encode("x " + c, true).length;
                    merged = one ? "x " + c + d : null;
                }
            }
            String text = merged;
            assertThrows(
                    IllegalArgumentException.class,
                    () -> engine.score(text.substring(0, 3), text.substring(3), Adapter.NONE));
        }
    }
}
