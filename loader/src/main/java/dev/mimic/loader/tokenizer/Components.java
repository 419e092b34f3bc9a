package dev.mimic.loader.tokenizer;

import dev.mimic.loader.InvalidModelException;
import dev.mimic.loader.json.JsonObject;
import dev.mimic.loader.tokenizer.PreTokenizer.Metaspace.Prepend;
import java.util.List;
import java.util.Locale;
import java.util.function.IntPredicate;

/** Reads the normalizer, the pre-tokenizer and the decoder of a tokenizer.json. A kind not known is refused by name. */
final class Components {
    private static final int MAX_INSERTED = 256;

    private Components() {}

    static Normalizer normalizer(JsonObject json) {
        return switch (type(json)) {
            case "Sequence" ->
                new Normalizer.Sequence(objects(json, "normalizers").stream()
                        .map(Components::normalizer)
                        .toList());
            case "Prepend" -> new Normalizer.Prepend(shortText(json, "prepend"));
            case "Replace" -> new Normalizer.Replace(pattern(json), shortText(json, "content"));
            case "NFC" -> new Normalizer.Form(java.text.Normalizer.Form.NFC);
            case "NFD" -> new Normalizer.Form(java.text.Normalizer.Form.NFD);
            case "NFKC" -> new Normalizer.Form(java.text.Normalizer.Form.NFKC);
            case "NFKD" -> new Normalizer.Form(java.text.Normalizer.Form.NFKD);
            case "Lowercase" -> new Normalizer.Lowercase();
            case "Strip" -> new Normalizer.Strip(flag(json, "strip_left"), flag(json, "strip_right"));
            case "StripAccents" -> new Normalizer.StripAccents();
            case "ByteLevel" -> new Normalizer.ByteLevel();
            default -> throw unknown(json, "normalizer");
        };
    }

    static PreTokenizer preTokenizer(JsonObject json) {
        return switch (type(json)) {
            case "Sequence" ->
                new PreTokenizer.Sequence(objects(json, "pretokenizers").stream()
                        .map(Components::preTokenizer)
                        .toList());
            case "ByteLevel" ->
                new PreTokenizer.ByteLevel(
                        flag(json, "add_prefix_space"), json.bool("use_regex").orElse(true));
            case "Split" -> new PreTokenizer.Split(pattern(json), behavior(json, null), flag(json, "invert"));
            case "Digits" ->
                split(
                        Unicode::isNumber,
                        json.bool("individual_digits").orElse(false)
                                ? SplitBehavior.ISOLATED
                                : SplitBehavior.CONTIGUOUS);
            case "Metaspace" -> metaspace(json);
            case "WhitespaceSplit" -> split(Unicode::isWhiteSpace, SplitBehavior.REMOVED);
            case "Whitespace" ->
                new PreTokenizer.Split(
                        RegexPattern.of(
                                "[\\w\\u200C\\u200D]+|[^\\w\\s\\u200C\\u200D]+", json.file(), json.pathOf("type")),
                        SplitBehavior.REMOVED,
                        true);
            case "Punctuation" -> split(Unicode::isPunctuation, behavior(json, SplitBehavior.ISOLATED));
            case "CharDelimiterSplit" -> {
                int delimiter = character(json, "delimiter");
                yield split(c -> c == delimiter, SplitBehavior.REMOVED);
            }
            default -> throw unknown(json, "pre_tokenizer");
        };
    }

    private static PreTokenizer split(IntPredicate kind, SplitBehavior behavior) {
        return new PreTokenizer.Split(new SplitPattern.Characters(kind), behavior, false);
    }

    private static PreTokenizer metaspace(JsonObject json) {
        return new PreTokenizer.Metaspace(
                Character.toString(character(json, "replacement")),
                prepend(json),
                json.bool("split").orElse(true));
    }

    private static Prepend prepend(JsonObject json) {
        String scheme = json.text("prepend_scheme").orElse("always");
        Prepend prepend = switch (scheme) {
            case "first" -> Prepend.FIRST;
            case "never" -> Prepend.NEVER;
            case "always" -> Prepend.ALWAYS;
            default -> throw json.invalid("prepend_scheme", "expected first, never or always, found '" + scheme + "'");
        };
        if (!json.bool("add_prefix_space").orElse(true) && prepend != Prepend.NEVER) {
            throw json.invalid("add_prefix_space", "expected true with prepend_scheme " + scheme + ", found false");
        }
        return prepend;
    }

    static Decoder decoder(JsonObject json) {
        return switch (type(json)) {
            case "Sequence" ->
                new Decoder.Sequence(objects(json, "decoders").stream()
                        .map(Components::decoder)
                        .toList());
            case "ByteLevel" -> new Decoder.ByteLevel();
            case "Replace" -> new Decoder.Replace(pattern(json), shortText(json, "content"));
            case "ByteFallback" -> new Decoder.ByteFallback();
            case "Fuse" -> new Decoder.Fuse();
            case "Strip" -> new Decoder.Strip(character(json, "content"), count(json, "start"), count(json, "stop"));
            case "Metaspace" -> new Decoder.Metaspace(character(json, "replacement"), prepend(json) != Prepend.NEVER);
            case "BPEDecoder" -> new Decoder.WordEnds(shortText(json, "suffix"));
            default -> throw unknown(json, "decoder");
        };
    }

    /** The objects of a list that must be there. */
    static List<JsonObject> objects(JsonObject parent, String name) {
        return parent.objects(name).orElseThrow(() -> parent.missing(name));
    }

    private static String type(JsonObject json) {
        return json.text("type").orElseThrow(() -> json.missing("type"));
    }

    static InvalidModelException unknown(JsonObject json, String what) {
        return json.invalid("type", "expected a kind of " + what + " that is supported, found '" + type(json) + "'");
    }

    static String text(JsonObject json, String name) {
        return json.text(name).orElseThrow(() -> json.missing(name));
    }

    /** A text that is put into others, again and again: it must be there and may not be long. */
    private static String shortText(JsonObject json, String name) {
        text(json, name);
        return shortOrEmpty(json, name);
    }

    /** As {@link #shortText}; empty if it is not there. */
    static String shortOrEmpty(JsonObject json, String name) {
        String text = json.text(name).orElse("");
        if (text.length() > MAX_INSERTED) {
            throw json.invalid(name, "expected at most " + MAX_INSERTED + " characters, found " + text.length());
        }
        return text;
    }

    static boolean flag(JsonObject json, String name) {
        return json.bool(name).orElseThrow(() -> json.missing(name));
    }

    static int count(JsonObject json, String name) {
        int count = json.integer(name).orElseThrow(() -> json.missing(name));
        if (count < 0) {
            throw json.invalid(name, "expected at least 0, found " + count);
        }
        return count;
    }

    private static int character(JsonObject json, String name) {
        String text = text(json, name);
        if (text.isEmpty() || text.codePointCount(0, text.length()) != 1) {
            throw json.invalid(name, "expected one character, found '" + text + "'");
        }
        return text.codePointAt(0);
    }

    private static SplitPattern pattern(JsonObject json) {
        JsonObject pattern = json.object("pattern").orElseThrow(() -> json.missing("pattern"));
        if (pattern.has("String")) {
            String literal = text(pattern, "String");
            // an empty text matches between all characters
            return literal.isEmpty()
                    ? RegexPattern.of("", json.file(), pattern.pathOf("String"))
                    : new SplitPattern.Literal(literal);
        }
        String regex = text(pattern, "Regex");
        return WordPattern.of(regex).orElseGet(() -> RegexPattern.of(regex, json.file(), pattern.pathOf("Regex")));
    }

    private static SplitBehavior behavior(JsonObject json, SplitBehavior otherwise) {
        if (otherwise != null && !json.has("behavior")) {
            return otherwise;
        }
        String behavior = text(json, "behavior");
        return switch (behavior.toLowerCase(Locale.ROOT).replace("_", "")) {
            case "isolated" -> SplitBehavior.ISOLATED;
            case "removed" -> SplitBehavior.REMOVED;
            case "contiguous" -> SplitBehavior.CONTIGUOUS;
            case "mergedwithprevious" -> SplitBehavior.MERGED_WITH_PREVIOUS;
            case "mergedwithnext" -> SplitBehavior.MERGED_WITH_NEXT;
            default ->
                throw json.invalid("behavior", "expected a behavior that is supported, found '" + behavior + "'");
        };
    }
}
