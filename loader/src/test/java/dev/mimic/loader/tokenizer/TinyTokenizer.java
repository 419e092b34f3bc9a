package dev.mimic.loader.tokenizer;

import dev.mimic.loader.json.Json;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A tokenizer.json in the making: letters, a few merges, and what a test sets. */
final class TinyTokenizer {
    private final Map<String, Object> root = new LinkedHashMap<>();
    private final Map<String, Object> model = new LinkedHashMap<>();
    private final Map<String, Object> vocab = new LinkedHashMap<>();

    private TinyTokenizer() {
        root.put("version", "1.0");
        root.put("added_tokens", new ArrayList<>());
        root.put("model", model);
        model.put("type", "BPE");
        model.put("vocab", vocab);
    }

    /** The 256 bytes as tokens, and the merges "a b" "ab c" "Ġ a". */
    static TinyTokenizer byteLevel() {
        TinyTokenizer tiny = new TinyTokenizer();
        for (int b = 0; b < 256; b++) {
            byte[] one = {(byte) b};
            String latin = new String(one, StandardCharsets.ISO_8859_1);
            tiny.token(b < 128 ? ByteAlphabet.encode(latin) : upper(b));
        }
        tiny.token("ab").token("abc").token("\u0120a").merges("a b", "ab c", "\u0120 a");
        Map<String, Object> bytes = object("type", "ByteLevel", "add_prefix_space", false, "use_regex", true);
        return tiny.set("pre_tokenizer", bytes).set("decoder", bytes);
    }

    /** A dozen tokens, among them those of two bytes, and the merges "a b" and "ab c". */
    static TinyTokenizer letters() {
        TinyTokenizer tiny = new TinyTokenizer();
        for (String token : List.of("<unk>", "a", "b", "c", "\u2581", "<0x20>", "<0x21>", "ab", "abc", "\u0120")) {
            tiny.token(token);
        }
        return tiny.merges("a b", "ab c").model("unk_token", "<unk>").model("byte_fallback", true);
    }

    /** The character of a byte that is no character of ASCII. */
    private static String upper(int b) {
        for (char c = 0; c < 400; c++) {
            if (ByteAlphabet.byteOf(c) == b) {
                return String.valueOf(c);
            }
        }
        throw new AssertionError(b);
    }

    TinyTokenizer token(String text) {
        vocab.put(text, (long) vocab.size());
        return this;
    }

    TinyTokenizer token(String text, Object id) {
        vocab.put(text, id);
        return this;
    }

    TinyTokenizer merges(Object... merges) {
        return model("merges", List.of(merges));
    }

    TinyTokenizer model(String name, Object value) {
        model.put(name, value);
        return this;
    }

    TinyTokenizer set(String name, Object value) {
        root.put(name, value);
        return this;
    }

    /** Adds a token; flags are names such as "special" or "lstrip". */
    TinyTokenizer added(String content, long id, String... flags) {
        Map<String, Object> token = object("id", id, "content", content, "normalized", false);
        for (String flag : flags) {
            token.put(flag, true);
        }
        List<Object> tokens = new ArrayList<>((List<?>) root.get("added_tokens"));
        tokens.add(token);
        return set("added_tokens", tokens);
    }

    static Map<String, Object> object(Object... namesAndValues) {
        Map<String, Object> object = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            object.put((String) namesAndValues[i], namesAndValues[i + 1]);
        }
        return object;
    }

    String json() {
        return Json.write(root);
    }
}
