package dev.mimic.loader.gguf;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How byte-level BPE splits a text before it merges: the names of {@code tokenizer.ggml.pre} and what they are in a
 * tokenizer.json. The patterns are those of the published tokenizer.json files of the models that gave the names.
 */
final class PreTokenizers {
    private static final String KEY = GgufVocabulary.PREFIX + "pre";
    private static final String CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|";
    private static final String REST = "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final String LLAMA3 = CONTRACTIONS + "\\p{N}{1,3}" + REST;
    private static final String QWEN2 = CONTRACTIONS + "\\p{N}" + REST;

    /** llama.cpp's splits for models it could not name. */
    private static final List<String> DEFAULT = List.of(
            "[\\p{P}\\$\\+<=>\\^~\\|]+",
            "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)",
            "\\p{N}+",
            "[0-9][0-9][0-9]");

    private PreTokenizers() {}

    /** The kinds of splitting that are known. */
    private enum Family {
        GPT2,
        DIGITS,
        LLAMA3,
        QWEN2,
        DEFAULT
    }

    private static Family family(GgufMetadata metadata) {
        String name = metadata.text(KEY)
                .orElseThrow(() ->
                        metadata.invalid(KEY, "missing: the file does not say how texts are split, expected its name"));
        return switch (name) {
            case "gpt-2" -> Family.GPT2;
            case "smollm", "starcoder", "refact", "codeshell" -> Family.DIGITS;
            case "llama-bpe", "llama3", "llama-v3" -> Family.LLAMA3;
            case "qwen2" -> Family.QWEN2;
            case "default" -> Family.DEFAULT;
            default ->
                throw metadata.invalid(
                        KEY, "expected gpt-2, smollm, llama-bpe, qwen2 or default, found " + name + " (not supported)");
        };
    }

    /** Whether a text gets the BOS token where the file does not say. */
    static boolean addsBos(GgufMetadata metadata) {
        return family(metadata) == Family.LLAMA3;
    }

    /** Whether a piece that is a token stays whole, whatever the merges say. */
    static boolean ignoresMerges(GgufMetadata metadata) {
        return family(metadata) == Family.LLAMA3;
    }

    /** The normalizer; null for none. */
    static Map<String, Object> normalizer(GgufMetadata metadata) {
        return family(metadata) == Family.QWEN2 ? Map.of("type", "NFC") : null;
    }

    /** The pre-tokenizer. */
    static Map<String, Object> preTokenizer(GgufMetadata metadata) {
        boolean prefix =
                metadata.bool(GgufVocabulary.PREFIX + "add_space_prefix").orElse(false);
        return switch (family(metadata)) {
            case GPT2 -> byteLevel(prefix, true, true);
            case DIGITS ->
                sequence(List.of(ordered("type", "Digits", "individual_digits", true), byteLevel(prefix, true, true)));
            case LLAMA3 -> sequence(List.of(split(LLAMA3), byteLevel(prefix, true, false)));
            case QWEN2 -> sequence(List.of(split(QWEN2), byteLevel(prefix, false, false)));
            case DEFAULT -> {
                List<Object> steps = new ArrayList<>();
                DEFAULT.forEach(pattern -> steps.add(split(pattern)));
                steps.add(byteLevel(prefix, true, false));
                yield sequence(steps);
            }
        };
    }

    private static Map<String, Object> sequence(List<Object> steps) {
        return ordered("type", "Sequence", "pretokenizers", steps);
    }

    private static Map<String, Object> split(String regex) {
        return ordered("type", "Split", "pattern", Map.of("Regex", regex), "behavior", "Isolated", "invert", false);
    }

    /** A byte-level step; all of its kinds have these four fields. */
    static Map<String, Object> byteLevel(boolean addPrefixSpace, boolean trimOffsets, boolean useRegex) {
        return ordered(
                "type",
                "ByteLevel",
                "add_prefix_space",
                addPrefixSpace,
                "trim_offsets",
                trimOffsets,
                "use_regex",
                useRegex);
    }

    /** A map of names and values in the order given. */
    static Map<String, Object> ordered(Object... namesAndValues) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            map.put((String) namesAndValues[i], namesAndValues[i + 1]);
        }
        return map;
    }
}
