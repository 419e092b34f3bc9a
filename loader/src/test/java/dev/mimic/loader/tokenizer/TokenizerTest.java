package dev.mimic.loader.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mimic.loader.InvalidModelException;
import dev.mimic.testkit.SeededCases;
import dev.mimic.testkit.TestFolders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TokenizerTest {
    @TempDir
    private Path folder;

    private Tokenizer open(TinyTokenizer tiny) throws IOException {
        Files.writeString(folder.resolve("tokenizer.json"), tiny.json());
        return Tokenizer.open(folder);
    }

    private String refusal(TinyTokenizer tiny) {
        return assertThrows(InvalidModelException.class, () -> open(tiny)).getMessage();
    }

    @Test
    void lowestRankMergesFirst() throws IOException {
        Tokenizer tokenizer = open(TinyTokenizer.byteLevel());
        assertArrayEquals(new int[] {257, ' ', 256}, tokenizer.encode("abc ab", false));
        assertEquals("abc ab", tokenizer.decode(new int[] {257, ' ', 256}, false));
    }

    @Test
    void anyTextSurvivesByteLevelEncodingExceptForLoneSurrogates() throws IOException {
        List<Tokenizer> tokenizers = List.of(
                open(TinyTokenizer.byteLevel().added("<x>", 259, "special")),
                Tokenizer.open(TestFolders.root().resolve("oracle/models/llama-bf16")));
        SeededCases.run(500, 1, random -> {
            String text = randomText(random);
            String clean = Utf8.withoutLoneSurrogates(text);
            for (Tokenizer tokenizer : tokenizers) {
                int[] ids = tokenizer.encode(text, false);
                assertArrayEquals(tokenizer.encode(clean, false), ids);
                if (tokenizer == tokenizers.getFirst()) {
                    assertEquals(clean, tokenizer.decode(ids, false));
                }
            }
        });
    }

    @Test
    void encodingAnyTextGivesIdsOfTheVocabulary() throws IOException {
        for (Path model : TestFolders.subFolders(TestFolders.root().resolve("oracle/models"))) {
            Tokenizer tokenizer = Tokenizer.open(model);
            SeededCases.run(100, 7, random -> {
                for (int id : tokenizer.encode(randomText(random), true)) {
                    assertTrue(tokenizer.tokenOf(id).isPresent(), "id " + id);
                }
            });
        }
    }

    @Test
    void streamingAnyIdsGivesTheDecodedText() throws IOException {
        for (Path model : TestFolders.subFolders(TestFolders.root().resolve("oracle/models"))) {
            Tokenizer tokenizer = Tokenizer.open(model);
            SeededCases.run(100, 3, random -> {
                boolean skip = random.nextBoolean();
                int[] ids = random.ints(random.nextInt(30), -2, tokenizer.vocabularySize() + 2)
                        .toArray();
                StreamingDecoder decoder = tokenizer.streamingDecoder(skip);
                StringBuilder text = new StringBuilder();
                for (int id : ids) {
                    text.append(decoder.append(id));
                }
                assertEquals(
                        tokenizer.decode(ids, skip),
                        text.append(decoder.finish()).toString());
            });
        }
    }

    private static String randomText(RandomGenerator random) {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(40); i > 0; i--) {
            switch (random.nextInt(5)) {
                case 0 -> text.append((char) random.nextInt(0x10000));
                case 1 -> text.append((char) random.nextInt(0xD800, 0xE000));
                case 2 -> text.appendCodePoint(random.nextInt(0x10FFFF));
                case 3 -> text.append(" \n'\u00A0\u2581".charAt(random.nextInt(5)));
                default -> text.append((char) random.nextInt('0', 'z'));
            }
        }
        return text.toString();
    }

    @Test
    void aCharacterOfSeveralTokensIsStreamedWhenItIsComplete() throws IOException {
        Tokenizer tokenizer = open(TinyTokenizer.byteLevel());
        StreamingDecoder decoder = tokenizer.streamingDecoder(false);
        assertEquals("", decoder.append(0xF0));
        assertEquals("", decoder.append(0x9F));
        assertEquals("", decoder.append(0x98));
        assertEquals("😀", decoder.append(0x80));
        assertEquals("", decoder.append(0xC3));
        assertEquals("\uFFFD", decoder.finish());
    }

    @Test
    void theLongestAddedTokenIsFoundAndStripsAsItSays() throws IOException {
        Tokenizer tokenizer = open(TinyTokenizer.byteLevel()
                .added("<x>", 259, "special")
                .added("<x>>", 260, "lstrip", "rstrip")
                .added("word", 261, "single_word"));
        assertArrayEquals(new int[] {'a', 259, 'b'}, tokenizer.encode("a<x>b", false));
        assertArrayEquals(new int[] {'a', 260, 'b'}, tokenizer.encode("a \n<x>> b", false));
        assertArrayEquals(new int[] {261, '-', 261}, tokenizer.encode("word-word", false));
        assertArrayEquals(new int[] {'w', 'o', 'r', 'd', 's'}, tokenizer.encode("words", false));
        assertTrue(tokenizer.isSpecial(259));
        assertEquals(OptionalInt.of(260), tokenizer.idOf("<x>>"));
        assertEquals(Optional.of("<x>>"), tokenizer.tokenOf(260));
        assertEquals(262, tokenizer.vocabularySize());
        assertEquals("ab", tokenizer.decode(new int[] {'a', 259, 'b'}, true));
    }

    @Test
    void aLongTextWithoutBlanksIsEncodedInReasonableTime() throws IOException {
        Tokenizer tokenizer = open(TinyTokenizer.byteLevel());
        // by looking at all pairs for every merge this would take hours
        assertEquals(200_000, tokenizer.encode("abc".repeat(200_000), false).length);
    }

    @Test
    void aContradictoryVocabularyIsRefused() {
        assertTrue(
                refusal(TinyTokenizer.byteLevel().token("new", 5L)).contains("'new': id 5: expected an id of its own"));
        assertTrue(
                refusal(TinyTokenizer.byteLevel().token("new", 2_000_000_000L)).contains("found 2000000000"));
        assertTrue(refusal(TinyTokenizer.byteLevel().token("new", -1L)).contains("'new': expected an id"));
        assertTrue(refusal(TinyTokenizer.byteLevel().token("new", "x")).contains("'new': expected an id"));
        assertTrue(refusal(TinyTokenizer.byteLevel().token("new", 1.5)).contains("'new': expected an id"));
        assertTrue(refusal(TinyTokenizer.byteLevel().model("vocab", List.of()))
                .contains("model.vocab: expected an object"));
    }

    @Test
    void aMergeOfUnknownTokensIsRefused() {
        assertTrue(refusal(TinyTokenizer.byteLevel().merges("a zz")).contains("model.merges[0]: expected tokens"));
        assertTrue(
                refusal(TinyTokenizer.byteLevel().merges("a b", "b a")).contains("model.merges[1]: expected tokens"));
        assertTrue(refusal(TinyTokenizer.byteLevel().merges("a b c")).contains("one blank"));
        assertTrue(refusal(TinyTokenizer.byteLevel().merges("ab")).contains("one blank"));
        assertTrue(refusal(TinyTokenizer.byteLevel().merges(List.of("a"))).contains("expected two texts"));
        assertTrue(refusal(TinyTokenizer.byteLevel().merges(1L)).contains("model.merges[0]: expected a text"));
        assertTrue(
                refusal(TinyTokenizer.byteLevel().model("merges", Map.of())).contains("model.merges: expected a list"));
    }

    @Test
    void addedTokensThatContradictTheVocabularyAreRefused() {
        assertTrue(refusal(TinyTokenizer.byteLevel().added("<x>", 5)).contains("added_tokens[0].id"));
        assertTrue(refusal(TinyTokenizer.byteLevel().added("ab", 300)).contains("expected 256"));
        assertTrue(refusal(TinyTokenizer.byteLevel().added("<x>", 300).added("<y>", 300))
                .contains("'<y>': expected an id of its own"));
        assertTrue(refusal(TinyTokenizer.byteLevel().added("<x>", 300).added("<x>", 301))
                .contains("found '<x>' twice"));
        assertTrue(
                refusal(TinyTokenizer.byteLevel().added("<x>", 2_000_000_000)).contains("found 2000000000"));
    }

    @Test
    void textsDoNotGrowWithoutBound() throws IOException {
        Map<String, Object> byteLevel = TinyTokenizer.object("type", "ByteLevel", "add_prefix_space", false);
        Map<String, Object> many =
                TinyTokenizer.object("type", "Sequence", "pretokenizers", Collections.nCopies(40, byteLevel));
        assertTrue(
                refusal(TinyTokenizer.byteLevel().set("pre_tokenizer", many)).contains("at most 4 of type ByteLevel"));
        Map<String, Object> grow =
                TinyTokenizer.object("type", "Replace", "pattern", Map.of("String", "a"), "content", "a".repeat(256));
        Tokenizer tokenizer = open(TinyTokenizer.byteLevel()
                .set(
                        "normalizer",
                        TinyTokenizer.object("type", "Sequence", "normalizers", List.of(grow, grow, grow, grow))));
        assertThrows(InvalidModelException.class, () -> tokenizer.encode("a", false));
    }

    @Test
    void whatIsNotSupportedIsRefusedByName() {
        assertTrue(refusal(TinyTokenizer.byteLevel().model("type", "Unigram")).contains("found 'Unigram'"));
        assertTrue(refusal(TinyTokenizer.byteLevel().model("dropout", 0.1)).contains("model.dropout"));
        assertTrue(refusal(TinyTokenizer.byteLevel().set("normalizer", Map.of("type", "Precompiled")))
                .contains("normalizer.type: expected a kind of normalizer that is supported, found 'Precompiled'"));
        assertTrue(refusal(TinyTokenizer.byteLevel().set("decoder", Map.of("type", "CTC")))
                .contains("found 'CTC'"));
        assertTrue(refusal(TinyTokenizer.byteLevel().set("pre_tokenizer", Map.of("type", "BertPreTokenizer")))
                .contains("found 'BertPreTokenizer'"));
        assertTrue(refusal(TinyTokenizer.byteLevel().set("post_processor", Map.of("type", "X")))
                .contains("found 'X'"));
        assertTrue(
                refusal(TinyTokenizer.byteLevel().model("unk_token", "<unk>")).contains("model.unk_token"));
    }

    @Test
    void textsWithEscapesAreReadLikeOthers() throws IOException {
        String json = TinyTokenizer.byteLevel().token("\u00e9\u00e9").json();
        String escaped = json.replace("\"ab\"", "\"\\u0061b\"").replace("\"a b\"", "\"\\u0061 b\"");
        Files.writeString(folder.resolve("tokenizer.json"), "\uFEFF" + escaped);
        assertArrayEquals(new int[] {257}, Tokenizer.open(folder).encode("abc", false));
        String pairs = json.replace("\"a b\"", "[\"a\",\"\\u0062\"]")
                .replace("\"ab c\"", "[\"\\u0061b\",\"c\"]")
                .replace("\"\u0120 a\"", "[\"\\u0120\",\"a\"]");
        Files.writeString(folder.resolve("tokenizer.json"), pairs);
        assertArrayEquals(new int[] {257, 258}, Tokenizer.open(folder).encode("abc a", false));
    }

    @Test
    void namesAndTemplatesAreReadFromBesideTheTokenizer() throws IOException {
        assertEquals(Optional.empty(), open(TinyTokenizer.byteLevel()).config().chatTemplate());
        Files.writeString(folder.resolve("tokenizer_config.json"), """
                {"bos_token": {"content": "<s>", "special": true}, "eos_token": "</s>", "pad_token": null,
                 "chat_template": [{"name": "default", "template": "A"}, {"name": "tool_use", "template": "B"}]}""");
        TokenizerConfig config = Tokenizer.open(folder).config();
        assertEquals(Optional.of("<s>"), config.bosToken());
        assertEquals(Optional.of("</s>"), config.eosToken());
        assertEquals(Optional.empty(), config.padToken());
        assertEquals(Map.of("default", "A", "tool_use", "B"), config.chatTemplates());
        Files.writeString(folder.resolve("chat_template.jinja"), "C");
        assertEquals(Optional.of("C"), Tokenizer.open(folder).config().chatTemplate());
        Files.delete(folder.resolve("chat_template.jinja"));
        Files.writeString(folder.resolve("tokenizer_config.json"), "{}");
        Files.writeString(folder.resolve("chat_template.json"), "{\"chat_template\": \"D\"}");
        assertEquals(Optional.of("D"), Tokenizer.open(folder).config().chatTemplate());
    }
}
